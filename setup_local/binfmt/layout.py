"""How an ELF file is laid out (elf(5)): header, segments and sections as fields that can be changed and written back."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAGIC = b"\x7fELF"
OBJECT, EXECUTABLE, SHARED = 1, 2, 3  # ET_REL, ET_EXEC, ET_DYN
SYMTAB, STRTAB, RELA, NOTE, NOBITS, REL, GROUP, SYMTAB_SHNDX = 2, 3, 4, 7, 8, 9, 17, 18  # SHT_*
ALLOC, INFO_LINK = 0x2, 0x40  # SHF_*
DEBUG = (b".debug", b".zdebug", b".stab", b".gdb_index")  # how names of debug sections begin
_LONGEST_NAME = 4096
_LARGEST_ALIGNMENT = 1 << 22  # pages are not larger than 2 MiB
_IDENT = 16  # bytes of e_ident
_ORDERS = {1: "<", 2: ">"}
_HEADERS = {1: "HHIIIIIHHHHHH", 2: "HHIQQQIHHHHHH"}
_SECTIONS = {1: "IIIIIIIIII", 2: "IIQQQQIIQQ"}
# Fields of a segment in the order of `SegmentRow`, by their position in the file.
_SEGMENTS = {1: ("IIIIIIII", (0, 1, 2, 3, 4, 5, 6, 7)), 2: ("IIQQQQQQ", (0, 2, 3, 4, 5, 6, 1, 7))}


class HeaderRow(NamedTuple):
    """The header behind `e_ident`; `*_at` are places in the file."""

    kind: int
    machine: int
    version: int
    entry: int
    segments_at: int
    sections_at: int
    flags: int
    size: int
    segment_size: int
    segment_count: int
    section_size: int
    section_count: int
    names: int


class SectionRow(NamedTuple):
    """One entry of the section table."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


class SegmentRow(NamedTuple):
    """One entry of the table of segments."""

    kind: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    flags: int
    alignment: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A whole file. `bits` is 1 for 32 and 2 for 64 bit, `order` the byte order for `struct`."""

    data: bytes
    bits: int
    order: str
    header: HeaderRow
    sections: tuple[SectionRow, ...]
    segments: tuple[SegmentRow, ...]

    def name(self, section: SectionRow) -> bytes:
        """Return a section's name."""
        start = self.sections[self.header.names].offset + section.name
        end = self.data.find(b"\0", start, start + _LONGEST_NAME)
        if end < 0:
            raise ValueError("the name of a section has no end")
        return self.data[start:end]

    def content(self, section: SectionRow) -> bytes:
        """Return a section's bytes. Raises `ValueError` if the file ends before them."""
        if section.kind == NOBITS:
            return b""
        if section.offset + section.size > len(self.data):
            raise ValueError("the file ends early")
        return self.data[section.offset : section.offset + section.size]

    def is_debug(self, section: SectionRow) -> bool:
        """Tell whether a section holds debug information."""
        return not section.flags & ALLOC and self.name(section).startswith(DEBUG)

    def pack_sections(self, rows: Iterable[SectionRow]) -> bytes:
        """Return a section table."""
        layout = struct.Struct(self.order + _SECTIONS[self.bits])
        return b"".join(layout.pack(*row) for row in rows)

    def write_header(self, body: bytearray, **changes: int) -> None:
        """Put the header, with changes, into a new file's first bytes."""
        row = self.header._replace(**changes)
        struct.pack_into(self.order + _HEADERS[self.bits], body, _IDENT, *row)

    def write_segments(self, body: bytearray, rows: Sequence[SegmentRow]) -> None:
        """Put a table of as many segments as before into a new file, at the same place."""
        layout, places = _SEGMENTS[self.bits]
        for index, row in enumerate(rows):
            fields = [value for _, value in sorted(zip(places, row, strict=True))]
            at = self.header.segments_at + index * self.header.segment_size
            struct.pack_into(self.order + layout, body, at, *fields)


def read_layout(data: bytes) -> Layout:
    """Read a file that begins with `MAGIC`. Raises ValueError, IndexError, KeyError, `struct.error`."""
    bits, order = data[4], _ORDERS[data[5]]
    header = HeaderRow(*struct.unpack_from(order + _HEADERS[bits], data, _IDENT))
    for at, size, count in (
        (header.sections_at, header.section_size, header.section_count),
        (header.segments_at, header.segment_size, header.segment_count),
    ):
        if count and at + size * count > len(data):
            raise ValueError("the file ends before its headers")
    rows = (header.sections_at + index * header.section_size for index in range(header.section_count))
    sections = tuple(SectionRow(*struct.unpack_from(order + _SECTIONS[bits], data, row)) for row in rows)
    layout, places = _SEGMENTS[bits]
    found = (header.segments_at + index * header.segment_size for index in range(header.segment_count))
    fields = [struct.unpack_from(order + layout, data, row) for row in found]
    segments = tuple(SegmentRow(*(row[place] for place in places)) for row in fields)
    return Layout(data=data, bits=bits, order=order, header=header, sections=sections, segments=segments)


def debug_size(data: bytes) -> int:
    """Return how many bytes of a file are debug information. Raises what `read_layout` raises."""
    if not data.startswith(MAGIC):
        return 0
    file = read_layout(data)
    return sum(row.size for row in file.sections if row.kind != NOBITS and file.is_debug(row))


def padding(length: int, alignment: int) -> bytes:
    """Return the zeros that follow this many bytes up to the next multiple of an alignment. Raises `ValueError`."""
    if alignment > _LARGEST_ALIGNMENT:
        raise ValueError(f"an alignment of {alignment} bytes")
    return bytes(-length % max(alignment, 1))
