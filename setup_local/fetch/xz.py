"""Reads a part of an xz file that was written in blocks, without decompressing what precedes it (.xz format 1.2.0)."""

from __future__ import annotations

import io
import lzma
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

_HEADER = 12  # bytes of the stream's header, and of its footer
_CHUNK = 1 << 18


class Part(io.RawIOBase):
    """The bytes from `offset` on, `length` of them, of an xz file's content."""

    def __init__(self, path: Path, offset: int, length: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        start, self._end, skip = _nearest_block(self._file, offset)
        self._file.seek(0)
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        self._decompressor.decompress(self._file.read(_HEADER))
        self._file.seek(start)
        self._left = length
        while skip:
            skip -= len(self._more(skip))

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]  # narrower than any buffer
        """Fill a buffer with the next bytes; 0 at the end of the part."""
        data = self._more(min(len(buffer), self._left)) if self._left else b""
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _more(self, limit: int) -> bytes:
        """Return some bytes, at most `limit`; raise `EOFError` if the file ends too early."""
        data = b""
        while not data:
            if self._decompressor.needs_input:
                data = self._file.read(min(_CHUNK, self._end - self._file.tell()))  # the index would not fit
                if not data:
                    raise EOFError("the xz file is truncated")
            data = self._decompressor.decompress(data, max_length=limit)
        return data


def _nearest_block(file: BinaryIO, offset: int) -> tuple[int, int, int]:
    """Return the position of the block with an offset, the end of all blocks, and the distance into that block."""
    sizes = list(blocks(file))
    places = list(accumulate((-(-packed // 4) * 4 for packed, _ in sizes), initial=_HEADER))
    begins = accumulate((unpacked for _, unpacked in sizes), initial=0)
    place, begin = max(pair for pair in zip(places, begins, strict=True) if pair[1] <= offset)
    return place, places[-1], offset - begin


def blocks(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield the size of each block in the file (before padding) and of its content, from the file's index."""
    file.seek(-_HEADER, io.SEEK_END)
    footer = file.read(_HEADER)
    if footer[10:] != b"YZ":
        raise lzma.LZMAError("it is not one complete xz stream")
    size = (int.from_bytes(footer[4:8], "little") + 1) * 4
    file.seek(-_HEADER - size, io.SEEK_END)
    index = io.BytesIO(file.read(size))
    if index.read(1) != b"\0":
        raise lzma.LZMAError("its index is damaged")
    for _ in range(_integer(index)):
        yield _integer(index), _integer(index)


def _integer(stream: BinaryIO) -> int:
    """Read a variable-length integer: seven bits in each byte, lowest first."""
    value = shift = 0
    while True:
        byte = stream.read(1)
        if not byte:
            raise lzma.LZMAError("its index ends too early")
        value |= (byte[0] & 0x7F) << shift
        shift += 7
        if not byte[0] & 0x80:
            return value
