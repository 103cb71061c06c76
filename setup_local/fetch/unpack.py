"""Unpacks source archives: nothing outside the directory, times and execute bits kept (autotools need them)."""

from __future__ import annotations

import calendar
import io
import lzma
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, assert_never

from setup_local.binfmt.ar import BadArchive, members
from setup_local.catalog.sources import ArchiveKind
from setup_local.errors import SourceError
from setup_local.fetch.xz import Part

if TYPE_CHECKING:
    from setup_local.fetch.fetcher import Obtained

_ANY = "*"


class UnsafeMember(Exception):
    """A member of an archive would be written outside, or is not a file, link or directory."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Members to unpack: those below `root`, or only those below some directories in it."""

    root: PurePosixPath
    only: tuple[str, ...]

    def takes(self, path: PurePosixPath) -> bool:
        """Return whether a member is selected."""
        root = self.root
        if root.parts[:1] == (_ANY,) and path.parts:
            root = PurePosixPath(path.parts[0], *root.parts[1:])
        return any(path.is_relative_to(root / directory) for directory in self.only or (".",))


def unpack(obtained: Obtained, into: Path, *, only: tuple[str, ...] = ()) -> Path:
    """Unpack the source tree of an archive below `into` and return the tree's own directory.

    Members outside the form's `root` are left out; `only` restricts them further, to directories (or files)
    below `root`. Raises `SourceError` for a damaged archive or one with unsafe members.
    """
    import zstandard  # noqa: PLC0415 (slow to load, and most builds unpack nothing)

    form, path = obtained.form, obtained.path
    selection = Selection(root=PurePosixPath(form.root or "."), only=only)
    writer = TreeWriter(into)
    try:
        match form.kind:
            case ArchiveKind.TAR:
                with _tar(path, form.extent) as archive:
                    _unpack_tar(archive, writer, selection)
            case ArchiveKind.DEB:
                with _deb_data(path) as archive:
                    _unpack_tar(archive, writer, selection)
            case ArchiveKind.WHEEL:
                _unpack_zip(path, writer, selection)
            case _:
                assert_never(form.kind)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zstandard.ZstdError,
        lzma.LZMAError,
        EOFError,
        UnsafeMember,
        OSError,
    ) as error:
        raise SourceError(f"cannot be unpacked: {error}", where=path) from error
    tree = _tree(into, form.root, path)
    missing = [name for name in (only or (".",)) if not (tree / name).exists()]
    if missing:
        raise SourceError(
            f"does not contain {', '.join(str(PurePosixPath(form.root, name)) for name in missing)}", where=path
        )
    return tree


def unpack_package(file: Path, writer: TreeWriter, *, without: tuple[str, ...] = ()) -> None:
    """Write the files that a Debian package installs, except those below some directories.

    Raises `SourceError` for a damaged package or one with unsafe members.
    """
    import zstandard  # noqa: PLC0415 (as above)

    try:
        with _deb_data(file) as archive:
            for member in archive:
                path = member_path(member.name)
                if not any(path.is_relative_to(directory) for directory in without):
                    _write_tar_member(archive, member, path, writer)
                archive.members = []  # type: ignore[attr-defined]  # tarfile would keep every member it has seen
    except (tarfile.TarError, zstandard.ZstdError, lzma.LZMAError, EOFError, UnsafeMember, OSError) as error:
        raise SourceError(f"cannot be unpacked: {error}", where=file) from error


def _tree(into: Path, root: str, archive: Path) -> Path:
    """Return the directory of a form's root; `*` stands for the only top directory of the archive."""
    if not root.startswith(_ANY):
        return into / root
    found = [path for path in into.glob(root) if path.is_dir()]
    if len(found) != 1:
        raise SourceError(f"contains {len(found) or 'no'} directories {root}, not one", where=archive)
    return found[0]


@contextmanager
def _tar(path: Path, extent: tuple[int, int] | None) -> Iterator[tarfile.TarFile]:
    """Open a tar archive for sequential reading, or only the required extent of it."""
    if extent is None:
        with tarfile.open(path, "r|*") as archive:
            yield archive
    else:
        with Part(path, *extent) as part, tarfile.open(fileobj=part, mode="r|") as archive:
            yield archive


class TreeWriter:
    """Writes members below one directory; a member whose directory leads outside is refused."""

    def __init__(self, top: Path) -> None:
        top.mkdir(parents=True, exist_ok=True)
        self._top = top.resolve()
        self._safe: set[Path] = {self._top}

    def directory(self, name: PurePosixPath) -> None:
        """Make a directory."""
        self._enter(self._top / name)

    def file(self, name: PurePosixPath, write: Callable[[IO[bytes]], object], *, executable: bool, mtime: int) -> None:
        """Write a file with its time and execute bit."""
        target = self._fresh(name)
        with target.open("wb") as stream:
            write(stream)
            os.fchmod(stream.fileno(), 0o755 if executable else 0o644)
        os.utime(target, (mtime, mtime))

    def symlink(self, name: PurePosixPath, target: str) -> None:
        """Make a symbolic link whose target stays inside."""
        link = self._fresh(name)
        inside = Path(os.path.normpath(link.parent / target))
        if PurePosixPath(target).is_absolute() or not inside.is_relative_to(self._top):
            raise UnsafeMember(f"{name} links to {target}, outside the archive")
        link.symlink_to(target)

    def hardlink(self, name: PurePosixPath, target: PurePosixPath) -> None:
        """Make another name for a file that was written before."""
        existing = self._top / target
        if existing.is_symlink() or not existing.is_file():
            raise UnsafeMember(f"{name} is a link to {target}, which is not an earlier file")
        self._fresh(name).hardlink_to(existing)

    def _fresh(self, name: PurePosixPath) -> Path:
        """Return the path for a new member; an earlier member of the same name is replaced."""
        path = self._top / name
        self._enter(path.parent)
        path.unlink(missing_ok=True)
        return path

    def _enter(self, directory: Path) -> None:
        """Make a directory and check that it is inside, whatever links lead to it."""
        if directory not in self._safe:
            if not Path(os.path.realpath(directory)).is_relative_to(self._top):
                raise UnsafeMember(f"{directory.relative_to(self._top)} leads outside the archive")
            directory.mkdir(parents=True, exist_ok=True)
            self._safe.add(directory)


def member_path(name: str) -> PurePosixPath:
    """Return a member's name as a relative path; raise `UnsafeMember` if it leads outside."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise UnsafeMember(f"member {name!r} leads outside the archive")
    return path


def _unpack_tar(archive: tarfile.TarFile, writer: TreeWriter, selection: Selection) -> None:
    for member in archive:
        path = member_path(member.name)
        if selection.takes(path):
            _write_tar_member(archive, member, path, writer)
        archive.members = []  # type: ignore[attr-defined]  # tarfile would keep every member it has seen


def _write_tar_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, path: PurePosixPath, writer: TreeWriter
) -> None:
    if member.isdir():
        writer.directory(path)
    elif member.issym():
        writer.symlink(path, member.linkname)
    elif member.islnk():
        writer.hardlink(path, member_path(member.linkname))
    elif member.isreg():
        stream = archive.extractfile(member)
        if stream is None:
            raise UnsafeMember(f"{path} cannot be read")
        executable = bool(member.mode & stat.S_IXUSR)
        writer.file(path, _copier(stream), executable=executable, mtime=int(member.mtime))
    else:
        raise UnsafeMember(f"{path} is neither file, link nor directory")


def _copier(stream: IO[bytes]) -> Callable[[IO[bytes]], object]:
    def copy(target: IO[bytes]) -> None:
        while chunk := stream.read(1 << 18):
            target.write(chunk)

    return copy


def _unpack_zip(file: Path, writer: TreeWriter, selection: Selection) -> None:
    with zipfile.ZipFile(file) as archive:
        for item in archive.infolist():
            path = member_path(item.filename)
            if not selection.takes(path):
                continue
            mode = item.external_attr >> 16
            if item.is_dir():
                writer.directory(path)
            elif mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise UnsafeMember(f"{path} is not a plain file")
            else:
                with archive.open(item) as stream:
                    executable = bool(mode & stat.S_IXUSR)
                    mtime = calendar.timegm((*item.date_time, 0, 0, 0))
                    writer.file(path, _copier(stream), executable=executable, mtime=mtime)


@contextmanager
def _deb_data(file: Path) -> Iterator[tarfile.TarFile]:
    """Open the payload of a Debian package, the member `data.tar.*` of an ar archive (deb(5))."""
    try:
        payload = next((item for item in members(file.read_bytes()) if item.name.startswith("data.tar")), None)
    except BadArchive as error:
        raise UnsafeMember(f"it is not a Debian package: {error}") from error
    if payload is None:
        raise UnsafeMember("it is not a Debian package: it has no data.tar")
    raw: IO[bytes] = io.BytesIO(payload.data)
    if payload.name.endswith(".zst"):
        import zstandard  # noqa: PLC0415 (as above)

        raw = zstandard.ZstdDecompressor().stream_reader(raw)
        with tarfile.open(fileobj=raw, mode="r|") as archive:
            yield archive
    else:
        with tarfile.open(fileobj=raw, mode="r|*") as archive:
            yield archive
