"""Reads an ELF file's header and section table (elf(5)); an archive holds thousands of objects, so this must be quick."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from elftools.elf.enums import ENUM_E_MACHINE, ENUM_E_TYPE

_MAGIC = b"\x7fELF"
_CLASSES = {1: 32, 2: 64}
_ORDERS = {1: "<", 2: ">"}
_HEADER = {32: "HHIIIIIHHHHHH", 64: "HHIQQQIHHHHHH"}
_SECTION = {32: "IIIIIIIIII", 64: "IIQQQQIIQQ"}
_NO_BITS = 8  # SHT_NOBITS
_IDENT = 16  # bytes of e_ident
_SEGMENTS_ELSEWHERE = 0xFFFF  # PN_XNUM: the number does not fit into e_phnum
_MOST_SECTIONS = 100_000  # compilers make one for each function, so objects may have thousands
_LONGEST_NAME = 4096
_NAMES_ELSEWHERE = 0xFFFF  # SHN_XINDEX: the number does not fit into e_shstrndx


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One entry of the section table; `link` is the index of the section that belongs to it."""

    name: str
    kind: int
    flags: int
    offset: int
    size: int
    link: int

    @property
    def holds_bytes(self) -> bool:
        """Tell whether its bytes are in the file."""
        return self.kind != _NO_BITS


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """A file's class (32 or 64), byte order (`<` or `>`), type and machine by their names in elf.h, and sections.

    `segments_at` is where the program headers begin, each of `segment_size` bytes.
    """

    elf_class: int
    order: str
    kind: str
    machine: str
    segments_at: int
    segment_size: int
    segment_count: int
    sections: tuple[Section, ...]

    def first(self, kind: int) -> Section | None:
        """Return the first section of a type."""
        return next((section for section in self.sections if section.kind == kind), None)


def read_header(data: bytes) -> Header:
    """Read the header. Raises ValueError, `struct.error`."""
    if data[:4] != _MAGIC:
        raise ValueError("no ELF file")
    try:
        elf_class, order = _CLASSES[data[4]], _ORDERS[data[5]]
    except (KeyError, IndexError):
        raise ValueError("unknown class or byte order") from None
    fields = struct.unpack_from(order + _HEADER[elf_class], data, _IDENT)
    kind, machine, table, entry_size, count = fields[0], fields[1], fields[5], fields[10], fields[11]
    layout = struct.Struct(order + _SECTION[elf_class])
    segments = fields[9]
    if segments == _SEGMENTS_ELSEWHERE and table:
        segments = layout.unpack_from(data, table)[7]
    if segments and fields[4] + segments * fields[8] > len(data):
        raise ValueError("the program headers are cut off")
    return Header(
        elf_class=elf_class,
        order=order,
        kind=_types().get(kind, str(kind)),
        machine=_machines().get(machine, str(machine)),
        segments_at=fields[4],
        segment_size=fields[8],
        segment_count=segments,
        sections=tuple(_sections(data, layout, table, entry_size, count, fields[12])) if table else (),
    )


def _sections(
    data: bytes, layout: struct.Struct, table: int, entry_size: int, count: int, names: int
) -> Iterator[Section]:
    if entry_size < layout.size:
        raise ValueError("section headers are too small")
    first = layout.unpack_from(data, table)
    count = count or first[5]  # more than fit into e_shnum: the first entry's size says how many
    names = first[6] if names == _NAMES_ELSEWHERE else names
    if count > _MOST_SECTIONS:
        raise ValueError(f"more than {_MOST_SECTIONS} sections")
    if table + count * entry_size > len(data):
        raise ValueError("the section headers are cut off")
    if names >= count:
        raise ValueError("the section with the names of sections does not exist")
    entries = (layout.unpack_from(data, table + index * entry_size) for index in range(count))
    start = layout.unpack_from(data, table + names * entry_size)[4]
    for entry in entries:
        at = start + entry[0]
        stop = data.find(b"\0", at, at + _LONGEST_NAME)
        if stop < 0:
            raise ValueError(f"the name of a section at byte {at} has no end")
        name = data[at:stop].decode("utf-8", "replace")
        yield Section(name=name, kind=entry[1], flags=entry[2], offset=entry[4], size=entry[5], link=entry[6])


@cache
def _types() -> dict[int, str]:
    return {number: name for name, number in ENUM_E_TYPE.items() if isinstance(number, int)}


@cache
def _machines() -> dict[int, str]:
    return {number: name for name, number in ENUM_E_MACHINE.items() if isinstance(number, int)}
