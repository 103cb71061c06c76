"""Real Mach-O files (`tests/binaries/macho`), and functions that change single fields in them."""

from __future__ import annotations

import struct
from pathlib import Path

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_rows import Command, Layout, read_layout

MACHO = Path(__file__).resolve().parent.parent / "binaries" / "macho"
THIN = sorted(path.name for path in MACHO.iterdir() if path.suffix != ".a" and path.read_bytes().startswith(rows.MAGIC))
LINKED = [name for name in THIN if not name.endswith(".o")]
UNIVERSAL = ["good-universal.so", "one-sided.so", "python-universal"]
_PAGE = 4096


def macho(name: str) -> bytes:
    return (MACHO / name).read_bytes()


def layout(data: bytes) -> Layout:
    return read_layout(data)


def command(data: bytes, kind: int) -> Command:
    found = read_layout(data).first(kind)
    assert found is not None
    return found


def with_bytes(data: bytes, at: int, new: bytes) -> bytes:
    """Return a file with other bytes at an offset."""
    return data[:at] + new + data[at + len(new) :]


def with_numbers(data: bytes, kind: int, index: int, *numbers: int) -> bytes:
    """Return a file with changed numbers in a load command, starting at `index`."""
    place = command(data, kind).at + rows.COMMAND.size + 4 * index
    return with_bytes(data, place, struct.pack(f"<{len(numbers)}I", *numbers))


def with_header(data: bytes, **changes: int) -> bytes:
    """Return a file with changed fields in its header (`HeaderRow`)."""
    header = read_layout(data).header._replace(**changes)
    return with_bytes(data, 0, rows.HEADER.pack(*header))


def without(data: bytes, kind: int) -> bytes:
    """Return a file in which the kind of a load command is replaced with an unknown one."""
    return with_bytes(data, command(data, kind).at, struct.pack("<I", 0x7F))


def with_segment(data: bytes, number: int, **changes: int) -> bytes:
    """Return a file with changed fields in one of its segments (`SegmentRow`)."""
    found = [item for item in read_layout(data).commands if item.kind == rows.SEGMENT][number]
    row = read_layout(data).segments[number]._replace(**changes)
    return with_bytes(data, found.at + rows.COMMAND.size, rows.SEGMENT_ROW.pack(*row))


def bundled(data: bytes, *, section: bytes = b"__debug_info") -> bytes:
    """Return the parts of dsymutil's output for a thin binary that the audit reads: kind, UUID, system and sections."""
    file = read_layout(data)
    kept = [command.body for command in file.commands if command.kind in (rows.UUID, rows.BUILD_VERSION)]
    size = rows.COMMAND.size + rows.SEGMENT_ROW.size + rows.SECTION_ROW.size
    end = rows.HEADER.size + sum(map(len, kept)) + size
    segment = rows.SEGMENT_ROW.pack(b"__DWARF", 0, 4, end, 4, 7, 3, 1, 0)
    content = rows.SECTION_ROW.pack(section, b"__DWARF", 0, 4, end, *(0,) * 7)
    kept.append(rows.COMMAND.pack(rows.SEGMENT, size) + segment + content)
    commands = b"".join(kept)
    header = file.header._replace(kind=rows.DSYM, commands=len(kept), commands_size=len(commands), flags=0)
    return rows.HEADER.pack(*header) + commands + bytes(4)


def with_changed_code(data: bytes) -> bytes:
    """Return a file with changed code and its previous signature."""
    text = next(item for item in read_layout(data).sections if item.is_code)
    return with_bytes(data, text.offset, bytes([data[text.offset] ^ 1]))
