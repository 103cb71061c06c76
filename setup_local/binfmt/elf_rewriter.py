"""Rewrites linked ELF files (elf(5)) without any host tool.

Linkers put the parts that a loader does not read after those that it reads. A stripped file is therefore cut there and
gets a new section table; no loaded byte changes its place or value. The build id is loaded, so it stays. Detached debug
information has the same segments and the same sections under the same numbers, so that symbols keep their meaning. Of
the loaded sections, only notes keep their bytes; they include the build id, by which debuggers find the file.
"""

from __future__ import annotations

import hashlib

from setup_local.binfmt.elf import build_id_place
from setup_local.binfmt.layout import Layout, padding
from setup_local.binfmt.rows import ALLOC, NOBITS, NOTE, STRTAB, SectionRow, SegmentRow

_ALIGNMENT = 8
_NAMES = b".shstrtab"
_PT_INTERP, _PT_NOTE = 3, 4


class ElfRewriter:
    """`Rewriter` for ELF."""

    def __init__(self, file: Layout) -> None:
        self._file = file

    def strip(self) -> bytes:
        """Return the file without symbol tables and debug information."""
        return _stripped(self._file)

    def detach(self) -> bytes:
        """Return the file with empty sections in place of everything that is loaded, except notes."""
        return _detached(self._file)

    def has_debug(self) -> bool:
        """Return whether it contains debug information."""
        return any(self._file.is_debug(row) for row in self._file.sections)

    def set_loader(self, name: str) -> bytes:
        """Return a program that requests another loader, whose name must not be longer."""
        file = self._file
        (old,) = (row for row in file.segments if row.kind == _PT_INTERP)
        text = name.encode() + b"\0"
        if len(text) > old.size:
            raise ValueError(f"there is no room for the loader {name}")
        body = bytearray(file.data)
        body[old.offset : old.offset + old.size] = text.ljust(old.size, b"\0")
        rows = [row._replace(size=len(text), memory=len(text)) if row == old else row for row in file.segments]
        file.write_segments(body, rows)
        sections = [row._replace(size=len(text)) if row.offset == old.offset else row for row in file.sections]
        at = file.header.sections_at
        body[at : at + file.header.section_size * len(sections)] = file.pack_sections(sections)
        return _with_build_id(bytes(body))


def _with_build_id(data: bytes) -> bytes:
    """Return a file whose build id is the hash of everything else in it, as linkers do."""
    start, end = build_id_place(data)
    blank = data[:start] + bytes(end - start) + data[end:]
    return data[:start] + hashlib.sha1(blank, usedforsecurity=False).digest()[: end - start] + data[end:]


def _stripped(file: Layout) -> bytes:
    kept = _kept(file)
    head = file.header.segments_at + file.header.segment_size * file.header.segment_count
    loaded = [row.offset + row.size for row in kept if row.kind != NOBITS]
    end = max(head, *loaded, *(segment.offset + segment.size for segment in file.segments))
    if end > len(file.data):
        raise ValueError("the file ends early")
    names, places = _name_table([file.name(row) for row in kept])
    if len(names) > len(file.data):
        raise ValueError("the names of its sections overlap")
    body = bytearray(file.data[:end] + names)
    body += padding(len(body), _ALIGNMENT)
    table = len(body)
    own = SectionRow(0, STRTAB, 0, 0, end, len(names), 0, 0, 1, 0)
    rows = [row._replace(name=place) for place, row in zip(places, [*kept, own], strict=True)]
    body += file.pack_sections(rows)
    file.write_header(body, sections_at=table, section_count=len(rows), names=len(kept))
    return bytes(body)


def _kept(file: Layout) -> tuple[SectionRow, ...]:
    """Return the sections up to the last one that is loaded; their numbers, which symbols refer to, stay the same."""
    last = max(index for index, row in enumerate(file.sections) if row.flags & ALLOC)
    kept = file.sections[: last + 1]
    for row in kept[1:]:
        if not row.flags & ALLOC:
            raise ValueError(f"{file.name(row).decode()} is before sections that are loaded")
        if row.link > last:
            raise ValueError(f"{file.name(row).decode()} refers to a section that is not loaded")
    return kept


def _name_table(names: list[bytes]) -> tuple[bytes, list[int]]:
    """Return the bytes of .shstrtab, and the offsets of each name and of its own."""
    table, places = b"\0", []
    for name in (*names, _NAMES):
        places.append(len(table) if name else 0)
        table += name + b"\0" if name else b""
    return table, places


def _detached(file: Layout) -> bytes:
    """Return the file with empty sections in place of everything that is loaded, except notes."""
    head = file.header.segments_at + file.header.segment_size * file.header.segment_count
    body = bytearray(file.data[:head])
    rows = [file.sections[0]]
    for row in file.sections[1:]:
        body += padding(len(body), row.alignment)
        rows.append(row._replace(offset=len(body), kind=row.kind if _keeps(row) else NOBITS))
        body += file.content(row) if _keeps(row) else b""
        if len(body) > 2 * len(file.data):
            raise ValueError("its sections overlap")
    body += padding(len(body), _ALIGNMENT)
    table = len(body)
    body += file.pack_sections(rows)
    file.write_header(body, sections_at=table)
    file.write_segments(body, [_moved(segment, head, file.sections, rows) for segment in file.segments])
    return bytes(body)


def _keeps(row: SectionRow) -> bool:
    return row.kind == NOTE or not row.flags & ALLOC


def _moved(segment: SegmentRow, head: int, before: tuple[SectionRow, ...], after: list[SectionRow]) -> SegmentRow:
    """Return a segment of the new file: only the headers (which end at `head`) and notes still have bytes."""
    if segment.offset < head:
        return segment._replace(size=min(segment.size, head - segment.offset))
    inside = [new for old, new in zip(before, after, strict=True) if old.kind == NOTE and old.offset == segment.offset]
    if segment.kind == _PT_NOTE and inside:
        return segment._replace(offset=inside[0].offset)
    return segment._replace(size=0)
