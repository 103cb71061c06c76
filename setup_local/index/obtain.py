"""Finds a distribution in an index and obtains it; it appears under its name only if its bytes are the right ones."""

from __future__ import annotations

import shutil
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from setup_local.archive_name import Flavor
from setup_local.atomic_write import atomic_write
from setup_local.catalog.limits import load_limits
from setup_local.catalog.sources import Form
from setup_local.errors import OutputError, RequestError, SourceError
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.cache import SourceCache, WrongBytes, verify
from setup_local.fetch.http import Downloader, checked_url
from setup_local.fetch.mirrors import as_directory
from setup_local.index import model
from setup_local.index.model import Distribution, Index, parse_index
from setup_local.values import NO_OPTIONS, OPTIMIZATION_WORDS

# Build options that do not make it a different Python; a name without options has the first.
_PLAIN = frozenset({"", NO_OPTIONS, *OPTIMIZATION_WORDS})


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A request: `version` is `3.13`, `3.13.5`, `cpython-3.13` or empty; the rest may be left open."""

    version: str
    target_triple: str
    flavor: Flavor | None = None
    build_options: str | None = None


class Place:
    """An index and the archives it lists: a directory, or an http(s) URL."""

    def __init__(self, index: str, *, cache: Path, environ: Mapping[str, str]) -> None:
        self._cache = SourceCache(cache)
        self._downloader = Downloader(environ)
        _refuse_strange(index)
        self._where = index if index.endswith(".json") else f"{index.rstrip('/')}/{model.FILE}"
        self._file = as_directory(self._where)

    def index(self) -> Index:
        """Return what the index lists; raise `SourceError` if it cannot be read."""
        try:
            text = _read(self._file) if self._file is not None else self._downloaded()
        except OSError as error:
            hint = "create one with setup-local index DIR"
            raise SourceError(f"cannot be read: {error.strerror}", where=self._where, hint=hint) from error
        return parse_index(text, where=self._where)

    def _downloaded(self) -> bytes:
        with tempfile.TemporaryDirectory(prefix="setup-local-index-") as directory:
            target = Path(directory) / model.FILE
            self._download(self._where, target, limit=load_limits().index_bytes)
            return target.read_bytes()

    def _download(self, url: str, target: Path, *, limit: int) -> None:
        try:
            self._downloader.download(url, target, limit=limit)
        except PlaceFailed as error:
            raise SourceError(f"cannot be downloaded: {error}", where=url) from error

    def get(self, item: Distribution) -> Path:
        """Return the verified archive: its path next to the index, else in the cache, downloaded if necessary."""
        try:
            return self._got(item)
        except ValueError as error:
            raise SourceError(f"{item.file} has an invalid URL: {error}", where=self._where) from error

    def _got(self, item: Distribution) -> Path:
        if item.size > load_limits().archive_bytes:
            raise SourceError(
                f"{item.file} is listed with {item.size} bytes, more than any archive has", where=self._where
            )
        form = Form(file=item.file, sha256=item.sha256, size=item.size)
        if self._file is not None and not urllib.parse.urlsplit(item.url).scheme:
            return _verified(self._file.parent / urllib.parse.unquote(item.url), form)
        if self._cache.holds(form):
            return self._cache.path(form)
        with self._cache.writing(form) as directory:
            if not self._cache.holds(form):  # else another process was faster
                url = item.url if self._file is not None else urllib.parse.urljoin(self._where, item.url)
                self._download(url, directory / item.file, limit=item.size)
                return self._cache.install(_verified(directory / item.file, form, where=url), form)
        return self._cache.path(form)


def _refuse_strange(index: str) -> None:
    """Raise `RequestError` for anything that is neither a directory nor a usable URL."""
    scheme, mark, _ = index.partition("://")
    where, hint = f"--index {index}", "name a directory, or an http(s) URL"
    if not index.strip() or (mark and scheme not in ("http", "https", "file")):
        raise RequestError("is neither a directory nor an http(s) URL", where=where, hint=hint)
    if scheme in ("http", "https") and mark:
        try:
            checked_url(index)
        except PlaceFailed as error:
            raise RequestError(str(error), where=where, hint=hint) from error


def _read(path: Path) -> bytes:
    """Read an index, at most one byte more than it may have."""
    if path.exists() and not path.is_file():
        raise SourceError("is not a file", where=path)
    with path.open("rb") as stream:
        return stream.read(load_limits().index_bytes + 1)


def _verified(path: Path, form: Form, *, where: object = None) -> Path:
    try:
        verify(path, form)
    except WrongBytes as error:
        raise SourceError(f"does not match the index: {error}", where=where or path) from error
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot be read: {getattr(error, 'strerror', None) or error}", where=path) from error
    return path


def choose(index: Index, wanted: Wanted, *, where: str) -> Distribution:
    """Return the newest distribution that matches; raise a `RequestError` that says what there is."""
    fitting = [item for item in index.distributions if _fits(item, wanted)]
    if not fitting:
        listed = {f"{item.version} {item.target_triple} {item.flavor.value}": None for item in index.distributions}
        what = " ".join(filter(None, [wanted.version or "any version", wanted.target_triple, _flavor_name(wanted)]))
        raise RequestError(f"no {what}", where=where, hint=f"available: {', '.join(listed) or 'nothing'}")
    return max(fitting, key=_preference)


def _flavor_name(wanted: Wanted) -> str:
    return wanted.flavor.value if wanted.flavor else ""


def _fits(item: Distribution, wanted: Wanted) -> bool:
    implementation, _, version = wanted.version.rpartition("-")
    return (
        item.implementation == (implementation or "cpython")
        and (item.version == version or _is_final_of(item.version, version))
        and item.target_triple == wanted.target_triple
        and wanted.flavor in (None, item.flavor)
        and wanted.build_options in (None, item.build_options)
    )


def _is_final_of(version: str, series: str) -> bool:
    """Return whether a version is a release of a series (`3.13`, `3`, or any); a prerelease must be named exactly."""
    return (not series or version.startswith(f"{series}.")) and not Version(version).is_prerelease


def _preference(item: Distribution) -> tuple[Version, int, int, str]:
    plain = set(item.build_options.split("+")) <= _PLAIN
    return Version(item.version), plain, -list(Flavor).index(item.flavor), item.build_options


def deliver(archive: Path, output: Path, *, report: Callable[[str], None] = lambda _: None) -> Path:
    """Put a verified archive into a directory atomically; return its path there. Raises `OutputError`."""
    target = output / archive.name
    try:
        output.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.samefile(archive):
            return target
        with atomic_write(target) as fresh:
            shutil.copyfile(archive, fresh)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=target) from error
    report(f"{archive.name}: size and SHA-256 are correct")
    return target


def host_triple(machine: str, libc: str) -> str:
    """Return the target triple of a Linux host; `libc` is the name that `platform.libc_ver` returns."""
    return f"{machine}-unknown-linux-{'gnu' if libc == 'glibc' else 'musl'}"
