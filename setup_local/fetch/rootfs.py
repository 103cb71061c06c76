"""Makes a root file system from Debian packages alone: unpacked in order of their names, without running their scripts.

The environment's data lists the files that scripts would have created. Debian's dynamic loader searches the
directories of its own architecture without `ld.so.cache`, so there is none.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from setup_local.catalog.environments import Environment
from setup_local.errors import SourceError
from setup_local.fetch.fetcher import Obtained
from setup_local.fetch.unpack import TreeWriter, UnsafeMember, unpack_package

_MERGED = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
_EXECUTABLE = 0o755
_PLAIN = 0o644


class RootWriter(TreeWriter):
    """Writes a root file system: links are resolved as if its top were `/`.

    They are written so that they also work from outside, and if `lib` is a link to `usr/lib`.
    """

    def symlink(self, name: PurePosixPath, target: str) -> None:
        """Make a symbolic link; an absolute target starts at the top of this tree, and `..` does not leave it."""
        parent = Path(os.path.realpath(self._top / name.parent))
        if target.startswith("/") or ".." in PurePosixPath(target).parts:
            meant = os.path.normpath(f"/{name.parent}/{target}" if not target.startswith("/") else target)
            target = os.path.relpath(self._top / meant.lstrip("/"), parent)
        super().symlink(PurePosixPath(parent.relative_to(self._top), name.name), target)


def make_root(environment: Environment, packages: Iterable[Obtained], top: Path) -> None:
    """Fill `top` with a root file system. Raises `SourceError` for a package that is damaged or writes outside it."""
    writer = RootWriter(top)
    if environment.merged_usr:
        for name in _MERGED:
            writer.directory(PurePosixPath("usr", name))
            writer.symlink(PurePosixPath(name), f"usr/{name}")
    for package in sorted(packages, key=lambda item: item.source.name):
        unpack_package(package.path, writer, without=environment.leave_out)
    try:
        for name, target in environment.links.items():
            writer.symlink(PurePosixPath(name), target)
        for name, text in environment.files.items():
            writer.file(PurePosixPath(name), partial(_write, text.encode()), executable=False, mtime=0)
    except (UnsafeMember, OSError) as error:
        raise SourceError(f"its links and files conflict with its packages: {error}", where=environment.name) from error


def _write(content: bytes, stream: IO[bytes]) -> int:
    return stream.write(content)


def write_tar(top: Path, stream: IO[bytes]) -> None:
    """Write a tree as a tar archive whose bytes depend only on names, contents and execute bits."""
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
        add_tree(archive, top)


def add_tree(archive: tarfile.TarFile, top: Path, prefix: str = "") -> None:
    """Add everything below a directory, in order of the names; `prefix` precedes each name."""
    for path in _sorted_tree(top):
        _add(archive, path, f"{prefix}{path.relative_to(top).as_posix()}")


def tree_digest(top: Path) -> str:
    """Return the SHA-256 of the tar archive of a tree."""
    sink = _Hashing()
    write_tar(top, sink)  # type: ignore[arg-type]  # a sink has no more than `write`, which is all that is used
    return sink.hexdigest()


class _Hashing:
    """A stream that keeps only the hash of what is written."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _sorted_tree(top: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(top):
        names.sort()
        here = Path(directory)
        if here != top:
            yield here
        links = [name for name in names if (here / name).is_symlink()]
        yield from (here / name for name in sorted([*files, *links]))


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    if path.is_symlink():
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
        archive.addfile(member)
    elif path.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, _EXECUTABLE
        archive.addfile(member)
    else:
        status = path.stat()
        member.size, member.mode = status.st_size, _EXECUTABLE if status.st_mode & 0o100 else _PLAIN
        with path.open("rb") as stream:
            archive.addfile(member, stream)
