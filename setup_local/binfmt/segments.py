"""What a loader sees of an ELF file: program headers, and bytes by load address (elf(5)).

Sections are not used. Everything that matters at run time is read through this module.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from setup_local.binfmt.rows import Form, SegmentRow

LOAD, DYNAMIC, INTERP, NOTE = 1, 2, 3, 4
GNU_STACK, GNU_RELRO = 0x6474E551, 0x6474E552
EXECUTABLE, WRITABLE = 1, 2  # PF_X, PF_W
_LONGEST = 4096  # bytes of one string (PATH_MAX)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A file as it is loaded. `machine` is its name in elf.h."""

    data: bytes
    form: Form
    machine: str
    segments: tuple[SegmentRow, ...]

    @property
    def loaded(self) -> tuple[SegmentRow, ...]:
        """Return the segments that are mapped."""
        return tuple(segment for segment in self.segments if segment.kind == LOAD)

    def first(self, kind: int) -> SegmentRow | None:
        """Return the first segment of a kind."""
        return next((segment for segment in self.segments if segment.kind == kind), None)

    def place(self, address: int) -> tuple[int, int]:
        """Return the file offset of an address, and where its segment ends in the file. Raises ValueError."""
        for segment in reversed(self.loaded):  # a later one is mapped over an earlier one
            if segment.address <= address < segment.address + segment.size:
                start = segment.offset + address - segment.address
                return start, min(segment.offset + segment.size, len(self.data))
        raise ValueError(f"no part of the file is loaded at {address:#x}")

    def text(self, address: int) -> str:
        """Return the string at an address."""
        start, end = self.place(address)
        return string(self.data, start, end)

    def unpack(self, layout: str, address: int) -> tuple[int, ...]:
        """Return the numbers at an address."""
        start, end = self.place(address)
        if start + struct.calcsize(self.form.order + layout) > end:
            raise ValueError(f"the data at {address:#x} is truncated")
        return struct.unpack_from(self.form.order + layout, self.data, start)

    def notes(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Yield owner, type and content of every note, whether it is loaded or not."""
        for segment in self.segments:
            if segment.kind == NOTE:
                yield from notes(self.data, segment.offset, segment.size, segment.alignment, self.form.order)


def notes(data: bytes, at: int, size: int, alignment: int, order: str) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield owner, type and content of each note in a part of a file. Raises `struct.error`."""
    end = min(at + size, len(data))
    step = 8 if alignment == 8 else 4  # noqa: PLR2004 - the two alignments that notes have
    while at < end:
        owner, length, kind = struct.unpack_from(f"{order}3I", data, at)
        start = at + 12 + owner + -(12 + owner) % step
        yield data[at + 12 : min(at + 12 + owner, end)], kind, data[start : min(start + length, end)]
        at = start + length + -length % step


def string(data: bytes, start: int, end: int) -> str:
    """Return the string at `start`, before `end`. Raises ValueError if it has no end or is too long."""
    stop = data.find(b"\0", start, min(end, start + _LONGEST))
    if stop < 0:
        raise ValueError(f"the string at byte {start} is not terminated")
    return data[start:stop].decode("utf-8", "replace")
