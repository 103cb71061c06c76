"""Reads the tables of an ELF file (elf(5)) and names their contents.

An archive has thousands of objects, so this must be fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from elftools.elf.enums import ENUM_E_MACHINE, ENUM_E_TYPE

from setup_local.binfmt.rows import NOBITS, Form, HeaderRow, SectionRow, SegmentRow, read_form

_SEGMENTS_ELSEWHERE = 0xFFFF  # PN_XNUM: the number does not fit into e_phnum
_MOST_SECTIONS = 100_000  # compilers create one per function, so objects may have thousands
_LONGEST_NAME = 4096
_NAMES_ELSEWHERE = 0xFFFF  # SHN_XINDEX: the number does not fit into e_shstrndx


class Section(NamedTuple):
    """One entry of the section table; `link` is the index of the section that belongs to it."""

    name: str
    kind: int
    flags: int
    offset: int
    size: int
    link: int
    address: int = 0

    @property
    def holds_bytes(self) -> bool:
        """Return whether its bytes are in the file."""
        return self.kind != NOBITS


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """A file's tables, and its type and machine by their names in elf.h."""

    form: Form
    row: HeaderRow
    kind: str
    machine: str
    segments: tuple[SegmentRow, ...]
    sections: tuple[Section, ...]

    @property
    def end(self) -> int:
        """Return where the program headers end in the file."""
        return self.row.segments_at + self.row.segment_size * len(self.segments)

    def first(self, kind: int) -> Section | None:
        """Return the first section of a type."""
        return next((section for section in self.sections if section.kind == kind), None)


def read_header(data: bytes) -> Header:
    """Read the header. Raises ValueError, `struct.error`."""
    form = read_form(data)
    row = form.read_header(data)
    count = row.segment_count
    if count == _SEGMENTS_ELSEWHERE and row.sections_at:
        count = _first(data, form, row).info
    if count and row.segments_at + count * row.segment_size > len(data):
        raise ValueError("the program headers are truncated")
    if count and row.segment_size < form.segment.size:
        raise ValueError("program headers are too small")
    return Header(
        form=form,
        row=row,
        kind=_types().get(row.kind, str(row.kind)),
        machine=_machines().get(row.machine, str(row.machine)),
        segments=tuple(form.read_segments(data, row, count)),
        sections=tuple(_sections(data, form, row)) if row.sections_at else (),
    )


def _first(data: bytes, form: Form, row: HeaderRow) -> SectionRow:
    """Return the first entry of the section table, which holds values that do not fit into the header."""
    return next(form.read_sections(data, row.sections_at, 1, row.section_size))


def _sections(data: bytes, form: Form, row: HeaderRow) -> Iterator[Section]:
    if row.section_size < form.section.size:
        raise ValueError("section headers are too small")
    first = _first(data, form, row)
    count = row.section_count or first.size
    names = first.link if row.names == _NAMES_ELSEWHERE else row.names
    if count > _MOST_SECTIONS:
        raise ValueError(f"more than {_MOST_SECTIONS} sections")
    if row.sections_at + count * row.section_size > len(data):
        raise ValueError("the section headers are truncated")
    if names >= count:
        raise ValueError("the section with the names of sections does not exist")
    entries = list(form.read_sections(data, row.sections_at, count, row.section_size))
    start = entries[names].offset
    for entry in entries:
        at = start + entry.name
        stop = data.find(b"\0", at, at + _LONGEST_NAME)
        if stop < 0:
            raise ValueError(f"the name of a section at byte {at} is not terminated")
        name = data[at:stop].decode("utf-8", "replace")
        yield Section(name, entry.kind, entry.flags, entry.offset, entry.size, entry.link, entry.address)


@cache
def _types() -> dict[int, str]:
    return {number: name for name, number in ENUM_E_TYPE.items() if isinstance(number, int)}


@cache
def _machines() -> dict[int, str]:
    return {number: name for name, number in ENUM_E_MACHINE.items() if isinstance(number, int)}
