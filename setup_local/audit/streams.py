"""Decompresses in bounded pieces: whatever a file claims, never more than requested, and never beyond the limits."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from setup_local.catalog.limits import Limits

CHUNK = 1 << 17
_ZSTD, _GZIP = b"\x28\xb5\x2f\xfd", b"\x1f\x8b"
_HEAD = 18  # bytes of the longest header of a zstd frame (RFC 8878, 3.1.1.1)
_CHECKSUM = 4
_RAW, _RLE, _RESERVED = 0, 1, 3  # types of blocks (RFC 8878, 3.1.1.2)
_GZIP_WRAPPED = zlib.MAX_WBITS + 16


class Damaged(Exception):
    """A file is not what it should be, or ends too early; the text says how."""


class Refused(Exception):
    """A file exceeds a limit, or has something that no distribution has; the text says which."""


class _Decompressor(Protocol):
    """Returns at most as many bytes as requested; none at the end."""

    def read(self, size: int, /) -> bytes: ...


class Unpacked:
    """The decompressed bytes of a file, counted and limited."""

    def __init__(self, source: _Decompressor, limit: int) -> None:
        self._source = source
        self._limit = limit
        self.length = 0

    def read(self, size: int) -> bytes:
        """Return this many bytes, fewer only at the end. Raises `Refused` if the output exceeds the limit."""
        first = self._source.read(size)
        if len(first) == size or not first:
            return self._counted(first)
        parts = [first]
        missing = size - len(first)
        while missing and (part := self._source.read(missing)):
            parts.append(part)
            missing -= len(part)
        return self._counted(b"".join(parts))

    def _counted(self, data: bytes) -> bytes:
        self.length += len(data)
        if self.length > self._limit:
            raise Refused(f"unpacks to more than {self._limit} bytes, which no distribution of its size does")
        return data


@contextmanager
def unpacked(path: Path, limits: Limits) -> Iterator[Unpacked]:
    """Open a `.tar.zst` or `.tar.gz`.

    Raises `Damaged`, `Refused`, `OSError`; reading raises `zlib.error`, `ZstdError`.
    """
    size = _regular_size(path)
    with path.open("rb") as file:
        head = file.read(len(_ZSTD))
        file.seek(0)
        limit = limits.unpacked(size)
        if head == _ZSTD:
            _walk_frame(file, size, limits)
            decoder = zstandard.ZstdDecompressor(max_window_size=limits.window_bytes)
            yield Unpacked(decoder.stream_reader(file, read_size=CHUNK, closefd=False), limit)
        elif head.startswith(_GZIP):
            yield Unpacked(_Gzip(file), limit)
        else:
            raise Refused("is not a .tar.zst or .tar.gz archive")


def _regular_size(path: Path) -> int:
    """Return a file's size; opening a pipe would wait for a writer."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise Refused("is a directory, not an archive")
    if not stat.S_ISREG(status.st_mode):
        raise Refused("is a device or a pipe, not an archive")
    return status.st_size


class _Gzip:
    """One gzip member; the checksum at its end is verified (RFC 1952)."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = zlib.decompressobj(_GZIP_WRAPPED)

    def read(self, size: int, /) -> bytes:
        while not self._decoder.eof:
            packed = self._decoder.unconsumed_tail or self._file.read(CHUNK)
            if data := self._decoder.decompress(packed, size):
                return data
            if not packed and not self._decoder.eof:
                raise Damaged("the compressed data ends early")
        if self._decoder.unused_data or self._file.read(1):
            raise Damaged("there is data after the end of the compressed data")
        return b""


def _walk_frame(file: BinaryIO, size: int, limits: Limits) -> None:
    """Check that a file is one complete zstd frame, because the decoder accepts a truncated one as finished.

    Leaves the file at its beginning.
    """
    head = file.read(_HEAD)
    try:
        parameters = zstandard.get_frame_parameters(head)
        at = zstandard.frame_header_size(head)
    except zstandard.ZstdError as error:
        raise Damaged(str(error)) from error
    if parameters.window_size > limits.window_bytes:
        raise Refused(
            f"decompression needs a window of {parameters.window_size} bytes, more than the {limits.window_bytes} allowed"
        )
    for _ in range(limits.blocks):
        file.seek(at)
        raw = file.read(3)
        if len(raw) < len(b"xxx"):
            raise Damaged("the compressed data ends early")
        (header,) = struct.unpack("<I", raw + b"\0")
        kind, length = header >> 1 & 3, header >> 3
        if kind == _RESERVED:
            raise Damaged(f"unknown block type at byte {at}")
        at += 3 + (1 if kind == _RLE else length)
        if header & 1:
            break
    else:
        raise Refused(f"the compressed data has more than {limits.blocks} blocks")
    at += _CHECKSUM if parameters.has_checksum else 0
    if at != size:
        raise Damaged(
            "the compressed data ends early" if at > size else "there is data after the end of the compressed data"
        )
    file.seek(0)
