"""Removes symbol tables and debug sections from linked ELF files (elf(5)), without a program of the host.

Linkers put what the loader does not read behind everything that it reads. So the file is cut there, and gets a new
section table; not a byte that is loaded changes its place or value. The build id is loaded, so it stays.
"""

from __future__ import annotations

import struct

from setup_local.binfmt.layout import Layout, padding, read_layout
from setup_local.binfmt.rows import ALLOC, EXECUTABLE, MAGIC, NOBITS, SHARED, STRTAB, SectionRow
from setup_local.errors import StageError

_ALIGNMENT = 8
_NAMES = b".shstrtab"


def strip(data: bytes, *, where: str) -> bytes:
    """Return a linked file without what is not loaded, and any other file as it is.

    Raises `StageError` for a file that is not laid out as linkers do.
    """
    try:
        file = linked_file(data)
        return data if file is None else _stripped(file)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise StageError(f"cannot be stripped: {error}", where=where) from error


def linked_file(data: bytes) -> Layout | None:
    """Return the layout of a linked file, None for any other. Raises what `read_layout` raises."""
    if data[: len(MAGIC)] != MAGIC:
        return None
    file = read_layout(data)
    return file if file.header.kind in (EXECUTABLE, SHARED) and file.sections else None


def _stripped(file: Layout) -> bytes:
    kept = _kept(file)
    head = file.header.segments_at + file.header.segment_size * file.header.segment_count
    loaded = [row.offset + row.size for row in kept if row.kind != NOBITS]
    end = max(head, *loaded, *(segment.offset + segment.size for segment in file.segments))
    if end > len(file.data):
        raise ValueError("the file ends early")
    names, places = _name_table([file.name(row) for row in kept])
    if len(names) > len(file.data):
        raise ValueError("the names of its sections lie over each other")
    body = bytearray(file.data[:end] + names)
    body += padding(len(body), _ALIGNMENT)
    table = len(body)
    own = SectionRow(0, STRTAB, 0, 0, end, len(names), 0, 0, 1, 0)
    rows = [row._replace(name=place) for place, row in zip(places, [*kept, own], strict=True)]
    body += file.pack_sections(rows)
    file.write_header(body, sections_at=table, section_count=len(rows), names=len(kept))
    return bytes(body)


def _kept(file: Layout) -> tuple[SectionRow, ...]:
    """Return the sections up to the last one that is loaded; their numbers, which symbols refer to, stay."""
    last = max(index for index, row in enumerate(file.sections) if row.flags & ALLOC)
    kept = file.sections[: last + 1]
    for row in kept[1:]:
        if not row.flags & ALLOC:
            raise ValueError(f"{file.name(row).decode()} lies before sections that are loaded")
        if row.link > last:
            raise ValueError(f"{file.name(row).decode()} refers to a section that is not loaded")
    return kept


def _name_table(names: list[bytes]) -> tuple[bytes, list[int]]:
    """Return the bytes of .shstrtab and where each name, and its own, begins there."""
    table, places = b"\0", []
    for name in (*names, _NAMES):
        places.append(len(table) if name else 0)
        table += name + b"\0" if name else b""
    return table, places
