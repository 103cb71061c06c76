"""Sources supplied by the user: a file or a directory becomes a source of the cache, identified by its hash."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from setup_local.catalog.sources import ArchiveKind, Form, Source, Sources, Trust
from setup_local.errors import RequestError, SourceError
from setup_local.fetch.cache import SourceCache, sha256_of

PYTHON = "cpython"
_KINDS = {".whl": ArchiveKind.WHEEL, ".deb": ArchiveKind.DEB}
_ARCHIVE = re.compile(r"(\.orig)?(\.tar(\.\w+)?|\.tgz|\.txz|\.tbz2?|\.whl|\.deb)$")
_VERSION = re.compile(r"(?:^|[-_])v?(?P<version>\d+(?:\.\d+)*[a-z]?(?:[._+-]?(?:a|b|rc|dev|post)\d*)?)(?=$|[-_+~.])")
_PATCHLEVEL = re.compile(r'^#define\s+PY_VERSION\s+"(?P<version>[^"+]+)\+?"', re.MULTILINE)
_PATCHLEVEL_FILE = "Include/patchlevel.h"
# Left out of a directory: files of version control and interpreters.
_NOT_SOURCES = frozenset({".git", ".hg", ".svn", "__pycache__"})
# Every file of a directory gets this time: make considers files of the same age up to date.
_TIME = 1_577_836_800


def own_sources(given: Mapping[str, Path], known: Sources, cache: SourceCache) -> Sources:
    """Return the known sources and the user's own, which are put into the cache.

    The keys are names (`openssl`), or names with a version (`openssl-3.5.10`) if neither the file's name nor the source
    itself shows it. Raises `RequestError` for an unknown name or an unclear version, `SourceError` for a file that is
    not an archive.
    """
    return known.with_more(_own_source(name, path, known, cache) for name, path in given.items())


def _own_source(asked: str, path: Path, known: Sources, cache: SourceCache) -> Source:
    name, version = _split(asked, known)
    if not path.exists():
        raise RequestError("no such file or directory", where=f"source {asked}={path}")
    with _archive(path) as archive:
        root = source_root(archive, _kind(path), name, known)
        version = version or _version(name, path, archive, root)
        form = Form(
            file=archive.name,
            sha256=sha256_of(archive),
            size=archive.stat().st_size,
            kind=_kind(path),
            root=root,
        )
        if not cache.holds(form):
            with cache.writing(form) as directory:
                cache.install(Path(shutil.copyfile(archive, directory / archive.name)), form)
    return Source(name=name, version=version, forms=(form,), trust=Trust.LOCAL)


def _split(asked: str, known: Sources) -> tuple[str, str]:
    """Return the name and the version, which may be empty, in the user's name of a source."""
    names = {source.name for source in known.sources}
    if asked in names:
        return asked, ""
    fitting = [name for name in names if asked.startswith(f"{name}-")]
    if fitting:
        name = max(fitting, key=len)
        return name, asked.removeprefix(f"{name}-")
    close = get_close_matches(asked, names, n=1)
    hint = f"did you mean {close[0]}?" if close else "`setup-local sources list` shows all names"
    raise RequestError(f"no source is called {asked}", hint=hint)


def _kind(path: Path) -> ArchiveKind:
    return ArchiveKind.TAR if path.is_dir() else _KINDS.get(path.suffix, ArchiveKind.TAR)


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[Path]:
    """Provide an archive: the file itself, or one created from a directory."""
    if not path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory() as scratch:
        packed = Path(scratch, f"{path.resolve().name}.tar")
        _pack(path, packed)
        yield packed


def _pack(directory: Path, target: Path) -> None:
    """Write the files of a directory as a tar archive: the same bytes for the same files, whoever owns them."""
    top = directory.resolve().name
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in _files(directory):
            member = archive.gettarinfo(path, f"{top}/{path.relative_to(directory)}")
            if not (member.isreg() or member.issym()):
                raise SourceError("is neither a file nor a link", where=path)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = _TIME
            member.mode = 0o755 if member.mode & 0o100 else 0o644
            if member.issym():
                archive.addfile(member)
            else:
                with path.open("rb") as stream:
                    archive.addfile(member, stream)


def _files(directory: Path) -> list[Path]:
    """Return the files and links below a directory, in order."""
    found: list[Path] = []
    for top, directories, names in os.walk(directory):
        links = [name for name in directories if Path(top, name).is_symlink()]
        directories[:] = [name for name in directories if name not in _NOT_SOURCES and name not in links]
        found += [Path(top, name) for name in (*names, *links)]
    return sorted(found)


def source_root(archive: Path, kind: ArchiveKind, name: str, known: Sources) -> str:
    """Return the directory in an archive that is the source tree, as in the known forms of the source."""
    names = _names(archive, kind)
    forms = [form for source in known.sources if source.name == name for form in source.forms]
    if kind is not ArchiveKind.TAR:
        return next((form.root for form in forms if form.kind is kind), "")
    tops = {item.split("/")[0] for item in names}
    if len(tops) != 1:
        return ""
    (top,) = tops
    inner = {form.root.partition("/")[2] for form in forms if form.kind is kind} - {""}
    deeper = (f"{top}/{item}" for item in sorted(inner))
    return next((root for root in deeper if any(item.startswith(f"{root}/") for item in names)), top)


def _names(archive: Path, kind: ArchiveKind) -> list[str]:
    """Return the names of an archive's members; none of a Debian package. Raises `SourceError`."""
    try:
        match kind:
            case ArchiveKind.TAR:
                with tarfile.open(archive) as tar:
                    return [member.name.removeprefix("./") for member in tar if not member.isdir()]
            case ArchiveKind.WHEEL:
                with zipfile.ZipFile(archive) as wheel:
                    return wheel.namelist()
            case ArchiveKind.DEB:
                return []
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise SourceError(f"is not a source archive: {error}", where=archive) from error


def _version(name: str, path: Path, archive: Path, root: str) -> str:
    """Return the version that a source declares, else the one in the file's name."""
    if name == PYTHON:
        with tarfile.open(archive) as tar:
            stream = tar.extractfile(f"{root}/{_PATCHLEVEL_FILE}") if _has(tar, f"{root}/{_PATCHLEVEL_FILE}") else None
            match = _PATCHLEVEL.search(stream.read().decode(errors="replace")) if stream else None
        if match is None:
            raise SourceError(f"is not a CPython source: it has no {_PATCHLEVEL_FILE}", where=path)
        return match["version"]
    match = _VERSION.search(_ARCHIVE.sub("", path.resolve().name))
    if match is None:
        raise RequestError("its name contains no version", where=path, hint=f"use --source {name}-VERSION={path}")
    return match["version"]


def _has(tar: tarfile.TarFile, name: str) -> bool:
    try:
        return tar.getmember(name).isreg()
    except KeyError:
        return False
