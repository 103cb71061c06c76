"""A distribution of tiny packages: generated `.deb` files, an index of them, and an environment that requires them."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local.catalog.environments import Environment

TIME = 1_500_000_000


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """One package: its files (a text that begins with `-> ` is a link), and its dependencies."""

    name: str
    version: str
    files: Mapping[str, str]
    depends: str = ""

    @property
    def path(self) -> str:
        """Return its path in the archive."""
        return f"pool/main/{self.name[0]}/{self.name}/{self.name}_{self.version.partition(':')[2] or self.version}_amd64.deb"


def _entry(name: str, data: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
    return header + data + b"\n" * (len(data) % 2)


def package_bytes(package: Tiny) -> bytes:
    """Return a package in the format of deb(5)."""
    payload = io.BytesIO()
    with tarfile.open(fileobj=payload, mode="w") as archive:
        for name, text in package.files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.mtime, member.mode = TIME, 0o755 if "bin/" in name else 0o644
            if text.startswith("-> "):
                member.type, member.linkname = tarfile.SYMTYPE, text[3:]
            member.size = 0 if member.issym() else len(text.encode())
            archive.addfile(member, None if member.issym() else io.BytesIO(text.encode()))
    data = gzip.compress(payload.getvalue(), mtime=0)
    parts = (("debian-binary", b"2.0\n"), ("control.tar.gz", b""), ("data.tar.gz", data))
    return b"!<arch>\n" + b"".join(_entry(name, content) for name, content in parts)


def write_mirror(packages: tuple[Tiny, ...], directory: Path) -> str:
    """Write packages into a directory in the layout of a mirror; return the index."""
    stanzas = []
    for package in packages:
        content = package_bytes(package)
        (directory / Path(package.path).name).write_bytes(content)
        lines = [
            f"Package: {package.name}",
            f"Version: {package.version}",
            "Architecture: amd64",
            *([f"Depends: {package.depends}"] if package.depends else []),
            f"Filename: {package.path}",
            f"Size: {len(content)}",
            f"SHA256: {hashlib.sha256(content).hexdigest()}",
        ]
        stanzas.append("\n".join(lines))
    return "\n\n".join(stanzas) + "\n"


def environment(**changes: object) -> Environment:
    """Return an environment that requires a shell and a compiler."""
    values: dict[str, object] = {
        "name": "tiny",
        "title": "Tiny 1",
        "suite": "tiny",
        "snapshot": "20180601T000000Z",
        "architecture": "amd64",
        "libc_version": "2.13",
        "programs": {},
        "archive": "https://snapshot.invalid/{snapshot}",
        "merged_usr": True,
        "roots": ("dash", "gcc"),
        "links": {"usr/bin/cc": "gcc"},
        "files": {"etc/passwd": "root:x:0:0::/:/bin/sh\n"},
        "leave_out": ("usr/share/doc",),
        "packages": {},
    }
    return Environment(**{**values, **changes})  # type: ignore[arg-type]  # the values are those above


PACKAGES = (
    Tiny(name="dash", version="0.5.7-3", files={"bin/dash": "shell", "bin/sh": "-> dash", "usr/share/doc/dash/a": "x"}),
    Tiny(name="gcc", version="4:4.7.2-1", files={"usr/bin/gcc": "-> gcc-4.7"}, depends="gcc-4.7 (>= 4.7.2-1~), cpp"),
    Tiny(
        name="gcc-4.7",
        version="4.7.2-5",
        files={"usr/bin/gcc-4.7": "compiler"},
        depends="libc6 (>= 2.11) | libc, debconf",
    ),
    Tiny(name="cpp", version="4:4.7.2-1", files={"lib/cpp": "-> /usr/bin/cpp", "usr/bin/cpp": "preprocessor"}),
    Tiny(name="libc6", version="2.13-38", files={"lib/libc.so.6": "old"}),
    Tiny(name="libc6", version="2.13-38+deb7u10", files={"lib/libc.so.6": "library"}),
    Tiny(name="vim", version="2:7.3", files={"usr/bin/vim": "editor"}),
)
