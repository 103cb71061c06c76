"""The tables of ELF files (elf(5)) as rows of numbers, 32- and 64-bit, little- and big-endian; defined only here."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

MAGIC = b"\x7fELF"
IDENT = 16  # bytes of e_ident
OBJECT, EXECUTABLE, SHARED = 1, 2, 3  # ET_REL, ET_EXEC, ET_DYN
SYMTAB, STRTAB, RELA, NOTE, NOBITS, REL, GROUP, SYMTAB_SHNDX = 2, 3, 4, 7, 8, 9, 17, 18  # SHT_*
ALLOC, INFO_LINK = 0x2, 0x40  # SHF_*
_CLASSES = {1: 32, 2: 64}
_ORDERS = {1: "<", 2: ">"}
_HEADERS = {32: "HHIIIIIHHHHHH", 64: "HHIQQQIHHHHHH"}
_SECTIONS = {32: "IIIIIIIIII", 64: "IIQQQQIIQQ"}
# The order of the fields of `SegmentRow` and `SymbolRow` in the file.
_SEGMENTS = {32: ("IIIIIIII", (0, 1, 2, 3, 4, 5, 6, 7)), 64: ("IIQQQQQQ", (0, 2, 3, 4, 5, 6, 1, 7))}
_SYMBOLS = {32: ("IIIBBH", (0, 3, 4, 5, 1, 2)), 64: ("IBBHQQ", (0, 1, 2, 3, 4, 5))}
# A symbol's name, its `st_info` and `st_other` as one number, and its section.
_MARKS = {32: "I8xHH", 64: "IHH16x"}
_ENTRIES = {32: "iI", 64: "qQ"}
_RELOCATIONS = {(32, False): "II", (32, True): "IIi", (64, False): "QQ", (64, True): "QQq"}
_SYMBOL_SHIFT = {32: 8, 64: 32}  # bits to the right of the symbol in `r_info`
_MACHINE, _MIPS = 18, 8  # where `e_machine` is, and EM_MIPS


class HeaderRow(NamedTuple):
    """The header after `e_ident`; `*_at` are file offsets."""

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
    """One entry of the program header table."""

    kind: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    flags: int
    alignment: int


class SymbolRow(NamedTuple):
    """One entry of a symbol table."""

    name: int
    info: int
    other: int
    section: int
    value: int
    size: int


@dataclass(frozen=True)
class Form:
    """How the numbers of a file are written: its class (32 or 64) and byte order (`<` or `>`).

    `reordered` is true for 64-bit little-endian MIPS, where the parts of `r_info` are fields in the order of big-endian
    files ("64-bit ELF Object File Specification", Silicon Graphics, section 2.9).
    """

    elf_class: int
    order: str
    reordered: bool = False

    @cached_property
    def header(self) -> struct.Struct:
        """Return the layout of the header."""
        return struct.Struct(self.order + _HEADERS[self.elf_class])

    @cached_property
    def section(self) -> struct.Struct:
        """Return the layout of an entry of the section table."""
        return struct.Struct(self.order + _SECTIONS[self.elf_class])

    @cached_property
    def segment(self) -> struct.Struct:
        """Return the layout of a program header; the order of the fields differs from `SegmentRow`."""
        return struct.Struct(self.order + _SEGMENTS[self.elf_class][0])

    @cached_property
    def symbol(self) -> struct.Struct:
        """Return the layout of a symbol; the order of the fields differs from `SymbolRow`."""
        return struct.Struct(self.order + _SYMBOLS[self.elf_class][0])

    @cached_property
    def marks(self) -> struct.Struct:
        """Return the layout for a partial read of a symbol: name, info and other as one number, section."""
        return struct.Struct(self.order + _MARKS[self.elf_class])

    @cached_property
    def entry(self) -> struct.Struct:
        """Return the layout of an entry of the dynamic segment."""
        return struct.Struct(self.order + _ENTRIES[self.elf_class])

    @property
    def word(self) -> int:
        """Return how many bytes an address has."""
        return self.elf_class // 8

    def split_info(self, info: int) -> tuple[int, int]:
        """Return symbol and type of a relocation from its second number, `r_info`."""
        if self.reordered:
            raw = info.to_bytes(8, "little")
            return int.from_bytes(raw[:4], "little"), int.from_bytes(raw[4:], "big")
        shift = _SYMBOL_SHIFT[self.elf_class]
        return info >> shift, info & (1 << shift) - 1

    def join_info(self, symbol: int, kind: int) -> int:
        """Return `r_info` for a symbol and a type."""
        if self.reordered:
            return symbol | int.from_bytes(kind.to_bytes(4, "big"), "little") << 32
        return symbol << _SYMBOL_SHIFT[self.elf_class] | kind

    def relocation(self, *, addend: bool) -> struct.Struct:
        """Return the layout of a relocation."""
        return struct.Struct(self.order + _RELOCATIONS[self.elf_class, addend])

    def read_header(self, data: bytes) -> HeaderRow:
        """Return the header of a file. Raises `struct.error`."""
        return HeaderRow(*self.header.unpack_from(data, IDENT))

    def read_sections(self, data: bytes, at: int, count: int, size: int) -> Iterator[SectionRow]:
        """Yield that many entries of the section table, each of `size` bytes. Raises `struct.error`."""
        unpack = self.section.unpack_from
        return (SectionRow._make(unpack(data, at + index * size)) for index in range(count))

    def read_segments(self, data: bytes, header: HeaderRow, count: int) -> Iterator[SegmentRow]:
        """Yield that many program headers. Raises `struct.error`."""
        places = _SEGMENTS[self.elf_class][1]
        for index in range(count):
            fields = self.segment.unpack_from(data, header.segments_at + index * header.segment_size)
            yield SegmentRow(*(fields[place] for place in places))

    def read_symbols(self, table: bytes) -> Iterator[SymbolRow]:
        """Yield the symbols of a table. Raises `struct.error`."""
        places = _SYMBOLS[self.elf_class][1]
        return (SymbolRow(*(fields[place] for place in places)) for fields in self.symbol.iter_unpack(table))

    def pack_segment(self, row: SegmentRow) -> bytes:
        """Return the bytes of a program header."""
        return self.segment.pack(*_ordered(row, _SEGMENTS[self.elf_class][1]))

    def pack_symbol(self, row: SymbolRow) -> bytes:
        """Return the bytes of a symbol."""
        return self.symbol.pack(*_ordered(row, _SYMBOLS[self.elf_class][1]))


def _ordered(row: tuple[int, ...], places: tuple[int, ...]) -> list[int]:
    """Return the fields of a row in the order of the file."""
    return [value for _, value in sorted(zip(places, row, strict=True))]


@cache
def form_of(elf_class: int, order: str, *, reordered: bool = False) -> Form:
    """Return the single form of a class, a byte order and an order of the parts of `r_info`."""
    return Form(elf_class, order, reordered)


def read_form(data: bytes) -> Form:
    """Return how the numbers of a file are written. Raises ValueError for what is not an ELF file."""
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("not an ELF file")
    try:
        elf_class, order = _CLASSES[data[4]], _ORDERS[data[5]]
    except (KeyError, IndexError):
        raise ValueError("unknown class or byte order") from None
    machine = int.from_bytes(data[_MACHINE : _MACHINE + 2], "little")
    return form_of(elf_class, order, reordered=(elf_class, order, machine) == (64, "<", _MIPS))
