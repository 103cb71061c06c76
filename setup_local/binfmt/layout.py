"""The layout of an ELF file (elf(5)): header, segments and sections as fields that can be changed and written back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from setup_local.binfmt.rows import ALLOC, IDENT, MAGIC, NOBITS, Form, HeaderRow, SectionRow, SegmentRow, read_form

DEBUG = (b".debug", b".zdebug", b".stab", b".gdb_index")  # prefixes of debug sections
_LONGEST_NAME = 4096
_LARGEST_ALIGNMENT = 1 << 22  # 4 MiB; no page is larger than 2 MiB


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A whole file."""

    data: bytes
    form: Form
    header: HeaderRow
    sections: tuple[SectionRow, ...]
    segments: tuple[SegmentRow, ...]

    def name(self, section: SectionRow) -> bytes:
        """Return a section's name."""
        start = self.sections[self.header.names].offset + section.name
        end = self.data.find(b"\0", start, start + _LONGEST_NAME)
        if end < 0:
            raise ValueError("the name of a section is not terminated")
        return self.data[start:end]

    def content(self, section: SectionRow) -> bytes:
        """Return a section's bytes. Raises `ValueError` if the file ends before them."""
        if section.kind == NOBITS:
            return b""
        if section.offset + section.size > len(self.data):
            raise ValueError("the file ends early")
        return self.data[section.offset : section.offset + section.size]

    def is_debug(self, section: SectionRow) -> bool:
        """Return whether a section holds debug information."""
        return not section.flags & ALLOC and self.name(section).startswith(DEBUG)

    def pack_sections(self, rows: Iterable[SectionRow]) -> bytes:
        """Return a section table."""
        return b"".join(self.form.section.pack(*row) for row in rows)

    def write_header(self, body: bytearray, **changes: int) -> None:
        """Write the header, with changes, into the first bytes of a new file."""
        self.form.header.pack_into(body, IDENT, *self.header._replace(**changes))

    def write_segments(self, body: bytearray, rows: Sequence[SegmentRow]) -> None:
        """Write a table with the same number of segments into a new file, at the same offset."""
        for index, row in enumerate(rows):
            at = self.header.segments_at + index * self.header.segment_size
            body[at : at + self.form.segment.size] = self.form.pack_segment(row)


def read_layout(data: bytes) -> Layout:
    """Read a file that begins with `MAGIC`. Raises ValueError, IndexError, KeyError, `struct.error`."""
    form = read_form(data)
    header = form.read_header(data)
    for at, size, count in (
        (header.sections_at, header.section_size, header.section_count),
        (header.segments_at, header.segment_size, header.segment_count),
    ):
        if count and at + size * count > len(data):
            raise ValueError("the file ends before its headers")
    sections = form.read_sections(data, header.sections_at, header.section_count, header.section_size)
    segments = form.read_segments(data, header, header.segment_count)
    return Layout(data=data, form=form, header=header, sections=tuple(sections), segments=tuple(segments))


def debug_size(data: bytes) -> int:
    """Return how many bytes of a file are debug information. Raises what `read_layout` raises."""
    if not data.startswith(MAGIC):
        return 0
    file = read_layout(data)
    return sum(row.size for row in file.sections if row.kind != NOBITS and file.is_debug(row))


def padding(length: int, alignment: int) -> bytes:
    """Return the zeros that pad this length to the next multiple of an alignment. Raises `ValueError`."""
    if alignment > _LARGEST_ALIGNMENT:
        raise ValueError(f"an alignment of {alignment} bytes")
    return bytes(-length % max(alignment, 1))
