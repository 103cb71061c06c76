"""Linked 64-bit ELF files for which tools that read sections see different content than the loader does."""

from __future__ import annotations

import struct
from collections.abc import Callable

from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.rows import ALLOC, NOBITS, SectionRow

DYNAMIC, DYNSYM, VERNEED = 6, 11, 0x6FFFFFFE  # SHT_*
_CODE = 0x4  # SHF_EXECINSTR
_TYPE = 16  # offset of e_type
_LINKED = 64 + 56 * 2  # offset of the dynamic segment after two program headers


def _with_sections(data: bytes, change: Callable[[SectionRow], SectionRow]) -> bytes:
    file, body = read_layout(data), bytearray(data)
    table = file.pack_sections([change(row) for row in file.sections])
    body[file.header.sections_at : file.header.sections_at + len(table)] = table
    return bytes(body)


def with_header(data: bytes, **changes: int) -> bytes:
    """Return a file with changed fields in its header (`HeaderRow`)."""
    body = bytearray(data)
    read_layout(data).write_header(body, **changes)
    return bytes(body)


def retyped(kind: int, other: int = 1) -> Callable[[bytes], bytes]:
    """Change the type of all sections of one type (by default to SHT_PROGBITS)."""
    return lambda data: _with_sections(data, lambda row: row._replace(kind=other) if row.kind == kind else row)


def moved(kind: int) -> Callable[[bytes], bytes]:
    """Move the start of all sections of one type."""
    return lambda data: _with_sections(data, lambda row: row._replace(offset=64) if row.kind == kind else row)


def with_type(kind: int) -> Callable[[bytes], bytes]:
    """Return a function that changes a file's type, for example to ET_REL."""
    return lambda data: data[:_TYPE] + struct.pack("<H", kind) + data[_TYPE + 2 :]


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "no-table": lambda data: with_header(data, sections_at=0, section_count=0, names=0),
    "empty-table": lambda data: with_header(data, section_count=1, names=0),
    "versions-retyped": retyped(VERNEED),
    "versions-moved": moved(VERNEED),
    "symbols-retyped": retyped(DYNSYM),
    "symbols-moved": moved(DYNSYM),
    "dynamic-retyped": retyped(DYNAMIC),
    "code-without-bytes": lambda data: _with_sections(
        data, lambda row: row._replace(kind=NOBITS) if row.flags & _CODE else retyped_verneed(row)
    ),
    "relocatable": with_type(1),
    "core": with_type(4),
}
CONTRADICTORY = [shape for shape in SHAPES if shape not in ("no-table", "empty-table")]


def retyped_verneed(row: SectionRow) -> SectionRow:
    return row._replace(kind=1) if row.kind == VERNEED and row.flags & ALLOC else row


_IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)
_HEADER, _SECTION, _SYMBOL, _SEGMENT = "<HHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IBBHQQ", "<IIQQQQQQ"


def _file(
    kind: int, sections: list[tuple[int, ...]], body: bytes, segments: list[tuple[int, ...]] | None = None
) -> bytes:
    """Return a file for x86-64: header, segments, section table, and then `body`."""
    listed = segments or []
    first = 64 + 56 * len(listed)
    count = len(sections)
    few = count < 0xFF00
    head = struct.pack(_HEADER, kind, 62, 1, 0, 64, first, 0, 64, 56, len(listed), 64, count if few else 0, 1)
    rows = [(0, 0, 0, 0, 0, 0 if few else count, 0, 0, 0, 0), *sections[1:]]
    table = b"".join(struct.pack(_SECTION, *row) for row in rows)
    return _IDENT + head + b"".join(struct.pack(_SEGMENT, *row) for row in listed) + table + body


def _section(kind: int, offset: int, size: int, link: int = 0, name: int = 0) -> tuple[int, ...]:
    return (name, kind, 0, 0, offset, size, link, 0, 1, 0)


def many_sections(count: int) -> bytes:
    """Return an object with `count` sections."""
    body = 64 + 64 * count
    return _file(1, [_section(0, 0, 0), _section(3, body, 1), *[_section(1, body, 0)] * (count - 2)], b"\0")


def one_long_name(count: int) -> bytes:
    """Return an object in which all sections have the same name of one megabyte."""
    body = 64 + 64 * count
    return _file(
        1, [_section(0, 0, 0), _section(3, body, 1 << 20), *[_section(1, body, 0)] * (count - 2)], b"x" * (1 << 20)
    )


def many_symbols(count: int, name: bytes = b"") -> bytes:
    """Return an object with `count` symbols: their names are suffixes of one long name, or numbers."""
    names = b"\0" + (name + b"\0" if name else b"".join(b"%d\0" % number for number in range(count)))
    starts = (1 + number % len(name) for number in range(count)) if name else _starts(count)
    table = b"".join(struct.pack(_SYMBOL, start, 0x12, 0, 1, 0, 0) for start in starts)
    at = 64 + 64 * 3
    sections = [_section(0, 0, 0), _section(3, at + len(table), len(names)), _section(2, at, len(table), 1)]
    return _file(1, sections, table + names)


def _starts(count: int) -> list[int]:
    starts, at = [], 1
    for number in range(count):
        starts.append(at)
        at += len(str(number)) + 1
    return starts


def many_needs(count: int) -> bytes:
    """Return a shared object that needs `count` libraries."""
    return _linked(b"".join(struct.pack("<qQ", 1, 0) for _ in range(count)) + struct.pack("<qQ", 5, _LINKED), b"")


def many_relocations(count: int) -> bytes:
    """Return a shared object with a relocation for each of `count` symbols, which it does not have."""
    size = struct.calcsize("<QQq")
    table = b"".join(struct.pack("<QQq", 0, number << 32 | 5, 0) for number in range(count))
    entries = struct.pack("<6q", 5, _LINKED, 7, _LINKED + 16 * 4, 8, size * count)
    return _linked(entries, table)


def _linked(entries: bytes, content: bytes) -> bytes:
    """Return a shared object with these dynamic entries at `_LINKED`, a terminating one, and other loaded content."""
    entries += bytes(16)
    at, size = _LINKED, len(entries)
    end = at + size + len(content)
    segments = [(1, 4, 0, 0, 0, end, end, 4096), (2, 4, at, at, at, size, size, 8)]
    head = struct.pack(_HEADER, 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    return _IDENT + head + b"".join(struct.pack(_SEGMENT, *row) for row in segments) + entries + content
