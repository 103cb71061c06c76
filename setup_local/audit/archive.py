"""Reads a packed distribution member by member, from front to back, without unpacking anything to disk."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Protocol

import zstandard

from setup_local.errors import ArchiveError

_CHUNK = 1 << 17
_END_MARKER = 1024  # bytes of zeros that end a tar archive (POSIX.1-2017, ustar)
_MAGIC = {b"\x28\xb5\x2f\xfd": "zstd", b"\x1f\x8b": "gzip"}
_HINT = "download or build it again"


class MemberKind(Enum):
    """Type of an archive member."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hard link"
    DEVICE = "device or pipe"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One member's header. `target` is what a link points to; `size` is in bytes."""

    name: str
    kind: MemberKind
    size: int
    mode: int
    mtime: float
    uid: int
    gid: int
    uname: str
    gname: str
    target: str = ""


def read_members(path: Path) -> Iterator[tuple[Member, Callable[[], bytes]]]:
    """Yield each member and a function that returns its bytes, to be called before the next one is taken.

    Raises `ArchiveError` for a file that cannot be read to its end as a `.tar.zst` or `.tar.gz` archive.
    """
    with _errors_named(path), _decompressed(path) as stream:
        for member, read in _members(stream):
            yield member, _named_reader(path, read)


def _named_reader(path: Path, read: Callable[[], bytes]) -> Callable[[], bytes]:
    """Name the errors of a function that is called outside of the generator, too."""

    def named() -> bytes:
        with _errors_named(path):
            return read()

    return named


@contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    """Turn every error that a damaged archive can cause into an `ArchiveError`."""
    try:
        yield
    except (tarfile.TarError, zstandard.ZstdError, gzip.BadGzipFile, zlib.error, EOFError, _Damaged) as error:
        raise ArchiveError(f"the archive is damaged: {error}", where=path, hint=_HINT) from error
    except OSError as error:
        raise ArchiveError(f"cannot be read: {error.strerror or error}", where=path) from error
    except (ValueError, OverflowError) as error:  # tarfile lets some escape when extended headers are damaged
        raise ArchiveError(f"the archive is damaged: {error}", where=path, hint=_HINT) from error


class _Damaged(Exception):
    """The archive ends early or goes on after its end."""


@contextmanager
def _decompressed(path: Path) -> Iterator[_Tracked]:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
        if kind is None:
            raise ArchiveError("no .tar.zst or .tar.gz archive", where=path)
        if kind == "zstd":
            yield _Tracked(_Zstd(file))
            return
        with gzip.GzipFile(fileobj=file) as plain:
            yield _Tracked(plain)


class _Zstd(io.RawIOBase):
    """A zstd stream that tells a truncated frame from a finished one (the library's own reader does not)."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._buffer = b""
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        while self._position >= len(self._buffer):
            compressed = self._file.read(_CHUNK)
            if self._frame.eof:
                if compressed or self._frame.unused_data:
                    raise _Damaged("bytes follow the end of the compressed data")
                return b""
            if not compressed:
                raise _Damaged("the compressed data ends early")
            self._buffer, self._position = self._frame.decompress(compressed), 0
        end = len(self._buffer) if size < 0 else self._position + size
        part = self._buffer[self._position : end]
        self._position += len(part)
        return part


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Tracked:
    """Counts bytes, and remembers where the last one that is not zero lies."""

    def __init__(self, stream: _Readable) -> None:
        self._stream = stream
        self.length = 0
        self.end_of_content = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        content = len(data.rstrip(b"\0"))
        if content:
            self.end_of_content = self.length + content
        self.length += len(data)
        return data


def _members(stream: _Tracked) -> Iterator[tuple[Member, Callable[[], bytes]]]:
    with tarfile.open(fileobj=stream, mode="r|", bufsize=_CHUNK) as tar:  # type: ignore[call-overload]
        while (info := tar.next()) is not None:
            yield _member(info), _reader(tar, info)
            tar.members.clear()  # else it keeps every header
        while stream.read(_CHUNK):
            pass
        if stream.end_of_content > tar.offset:
            raise _Damaged(f"unreadable member header at byte {tar.offset}")
        if stream.length - tar.offset < _END_MARKER:
            raise _Damaged("the end-of-archive marker is missing")


def _reader(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        stream = tar.extractfile(info) if info.isreg() else None
        data = stream.read() if stream else b""
        if len(data) != (info.size if info.isreg() else 0):
            raise _Damaged(f"{info.name} is cut off")
        return data

    return read


def _member(info: tarfile.TarInfo) -> Member:
    return Member(
        name=_printable(info.name),
        kind=_kind(info),
        size=info.size,
        mode=info.mode,
        mtime=info.mtime,
        uid=info.uid,
        gid=info.gid,
        uname=info.uname,
        gname=info.gname,
        target=_printable(info.linkname),
    )


def _printable(name: str) -> str:
    """Return a name with the bytes escaped that are no UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _kind(info: tarfile.TarInfo) -> MemberKind:
    if info.isreg():
        return MemberKind.FILE
    if info.isdir():
        return MemberKind.DIRECTORY
    if info.issym():
        return MemberKind.SYMLINK
    return MemberKind.HARDLINK if info.islnk() else MemberKind.DEVICE
