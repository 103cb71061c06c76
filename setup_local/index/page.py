"""`index.html`: the index for people; a self-contained file that does not even need a server."""

from __future__ import annotations

import html
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from packaging.version import Version
from rich.filesize import decimal

from setup_local import paths
from setup_local.archive_name import Flavor
from setup_local.index.model import DebugInformation, Distribution, Index
from setup_local.index.platforms import VARIANTS, Platform, platform, rank
from setup_local.render import render

FILE = "index.html"
# The order of preference for users without special requirements.
_FIRST = (Flavor.INSTALL_ONLY_STRIPPED, Flavor.INSTALL_ONLY, Flavor.INSTALL_FULL, Flavor.FULL, Flavor.MINIMAL)
_SYSTEMS = {"linux": "Linux", "darwin": "macOS", "windows": "Windows"}
_LIBRARIES = {"gnu": "glibc", "gnueabihf": "glibc", "musleabihf": "musl", "none": ""}
_PROCESSORS = {
    "x86_64": "x86-64",
    "aarch64": "ARM64",
    "armv7": "ARMv7",
    "i686": "32-bit x86",
    "loongarch64": "LoongArch",
    "ppc64le": "Power",
    "riscv64": "RISC-V",
    "s390x": "IBM Z",
}
_COLUMNS = ("version", "triple", "flavor", "options")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The first choice on one platform, with a line to copy for each way of obtaining it."""

    target: Platform
    item: Distribution
    lines: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """Return the common name of the platform."""
        library = _LIBRARIES.get(self.target.libc, self.target.libc)
        system = _SYSTEMS.get(self.target.system, self.target.system) + (f" ({library})" if library else "")
        return f"{system}, {_PROCESSORS.get(self.target.family, self.target.family)}"


def to_html(index: Index, archives: str, uv_url: str) -> str:
    """Return the page; `archives` is the URL of the directory, `uv_url` that of uv's file."""
    rows = [_row(item, index.debug_information) for item in index.distributions]
    groups = [(version, list(below)) for version, below in groupby(rows, key=lambda row: row["version"])]
    values: dict[str, object] = {
        "rows": rows,
        "groups": groups,
        "choices": [_shown(choice) for choice in choices(index.distributions, archives, uv_url)],
        "columns": {column: list(dict.fromkeys(row[column] for row in rows)) for column in _COLUMNS},
        "others": [_debug(item) for item in index.debug_information if not _owners(item, index.distributions)],
    }
    escaped = {name: _escaped(value) for name, value in values.items()}
    return render("index.html.j2", escaped, paths.DATA / "pages")


def choices(items: Iterable[Distribution], archives: str, uv_url: str) -> tuple[Choice, ...]:
    """Return the first choice on each platform: the newest final version, for any processor of the architecture."""
    best: dict[Platform, Distribution] = {}
    for item in items:
        target = platform(item.target_triple)
        if target.level or set(item.build_options.split("+")) & set(VARIANTS):
            continue
        if target not in best or _worth(item) < _worth(best[target]):
            best[target] = item
    found = (
        Choice(target=target, item=item, lines=_lines(item, target, archives, uv_url)) for target, item in best.items()
    )
    return tuple(
        sorted(
            found,
            key=lambda choice: (
                list(_SYSTEMS).index(choice.target.system),
                choice.target.libc,
                choice.target.family != "x86_64",
            ),
        )
    )


def _worth(item: Distribution) -> tuple[bool, int, int, int, tuple[int, int, int, str]]:
    version = Version(item.version)
    return version.is_prerelease, -version.major, -version.minor, -version.micro, rank(item, _FIRST)


def _lines(item: Distribution, target: Platform, archives: str, uv_url: str) -> tuple[tuple[str, str], ...]:
    """Return a line for uv, one for a shell that checks the hash before it unpacks, one for a Dockerfile."""
    url = f"{archives.rstrip('/')}/{item.url.rpartition('/')[2]}"
    uv = ("uv", shlex.join(["uv", "python", "install", item.version, "--python-downloads-json-url", uv_url]))
    lines = [uv] if item.flavor is not Flavor.MINIMAL else []
    if target.system != "windows":
        checker = "sha256sum -c" if target.system == "linux" else "shasum -a 256 -c"
        unpack = "--zstd -xf" if item.file.endswith(".zst") else "-xzf"
        file = shlex.quote(item.file)
        check = f"echo {shlex.quote(f'{item.sha256}  {item.file}')} | {checker}"
        lines.append(("Shell", f"curl -fL -o {file} {shlex.quote(url)} && {check} && tar {unpack} {file}"))
    if target.system == "linux" and item.file.endswith(".gz"):
        lines.append(("Dockerfile", _docker_line(item, url)))
    return tuple(lines)


def _docker_line(item: Distribution, url: str) -> str:
    """Return the instruction that adds the archive over HTTP, or from the directory of the index."""
    if url.startswith(("http:", "https:")):
        return f"ADD --checksum=sha256:{item.sha256} --unpack=true {url} /opt/"
    return f"ADD {item.file} /opt/"


def _shown(choice: Choice) -> dict[str, object]:
    return {
        "title": choice.title,
        "system": choice.target.system,
        "family": choice.target.family,
        "version": choice.item.version,
        "file": choice.item.file,
        "url": choice.item.url,
        "size": decimal(choice.item.size),
        "lines": choice.lines,
    }


def _row(item: Distribution, debug: Iterable[DebugInformation]) -> dict[str, object]:
    return {
        "version": f"{item.implementation} {item.version}",
        "triple": item.target_triple,
        "flavor": item.flavor.value,
        "options": item.build_options,
        "file": item.file,
        "url": item.url,
        "bytes": item.size,
        "size": decimal(item.size),
        "sha256": item.sha256,
        "debug": [_debug(found) for found in debug if _owners(found, [item])],
        "full": item.flavor is Flavor.FULL,
    }


def _debug(item: DebugInformation) -> dict[str, object]:
    return {"file": item.file, "url": item.url, "size": decimal(item.size), "sha256": item.sha256}


def _owners(debug: DebugInformation, items: Iterable[Distribution]) -> list[Distribution]:
    """Return the distributions whose debug information an archive contains: stripped ones with the same name prefix."""
    stem = debug.file.rpartition("-debuginfo.tar.")[0]
    lacking = (Flavor.INSTALL_ONLY_STRIPPED, Flavor.MINIMAL)
    return [item for item in items if item.flavor in lacking and item.file.startswith(f"{stem}-{item.flavor.value}.")]


def _escaped(value: object) -> object:
    """Return a value with all text in it escaped for HTML."""
    if isinstance(value, str):
        return html.escape(value)
    if isinstance(value, dict):
        return {name: _escaped(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    return value
