"""Takes the debug information of a linked ELF file into a file of its own, as `objcopy --only-keep-debug` does.

The new file has the same sections under the same numbers and the same segments, so that symbols keep their meaning, but
of what is loaded only the notes keep their bytes: among them is the build id, by which debuggers find the file.
"""

from __future__ import annotations

import struct

from setup_local.binfmt.elf import build_id, read_elf
from setup_local.binfmt.layout import Layout, padding
from setup_local.binfmt.rows import ALLOC, NOBITS, NOTE, SectionRow, SegmentRow
from setup_local.errors import StageError
from setup_local.flavors.strip import linked_file

DIRECTORY = "lib/debug"
_PT_NOTE = 4
_ALIGNMENT = 8
_FIRST = 2  # letters of the build id that name a directory


def debug_path(identity: str) -> str:
    """Return where a debugger looks for the file of a build id, below its directory for debug files."""
    return f".build-id/{identity[:_FIRST]}/{identity[_FIRST:]}.debug"


def detach(data: bytes, *, where: str) -> tuple[str, bytes] | None:
    """Return the path below the directory for debug files and the bytes of what `strip` removes.

    None for anything that is no linked file, and for a library that has nothing to debug: `libpython3.so` only names
    another one. Raises `StageError` for a linked file without build id or debug information.
    """
    try:
        file = linked_file(data)
        if file is None or _only_names_others(file):
            return None
        return debug_path(_identity(file)), _detached(file)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise StageError(f"its debug information cannot be detached: {error}", where=where) from error


def _only_names_others(file: Layout) -> bool:
    return not any(file.is_debug(row) for row in file.sections) and not read_elf(file.data).exported


def _identity(file: Layout) -> str:
    """Return the build id of a file with debug information."""
    identity = build_id(file.data)
    if not identity:
        raise ValueError("it has no build id")
    if not any(file.is_debug(row) for row in file.sections):
        raise ValueError("it has no debug information")
    return identity


def _detached(file: Layout) -> bytes:
    """Return the file with empty sections in the place of everything that is loaded but the notes."""
    head = file.header.segments_at + file.header.segment_size * file.header.segment_count
    body = bytearray(file.data[:head])
    rows = [file.sections[0]]
    for row in file.sections[1:]:
        body += padding(len(body), row.alignment)
        rows.append(row._replace(offset=len(body), kind=row.kind if _keeps(row) else NOBITS))
        body += file.content(row) if _keeps(row) else b""
        if len(body) > 2 * len(file.data):
            raise ValueError("its sections lie over each other")
    body += padding(len(body), _ALIGNMENT)
    table = len(body)
    body += file.pack_sections(rows)
    file.write_header(body, sections_at=table)
    file.write_segments(body, [_moved(segment, head, file.sections, rows) for segment in file.segments])
    return bytes(body)


def _keeps(row: SectionRow) -> bool:
    return row.kind == NOTE or not row.flags & ALLOC


def _moved(segment: SegmentRow, head: int, before: tuple[SectionRow, ...], after: list[SectionRow]) -> SegmentRow:
    """Return a segment as the new file has it: only the headers (which end at `head`) and notes still have bytes."""
    if segment.offset < head:
        return segment._replace(size=min(segment.size, head - segment.offset))
    inside = [new for old, new in zip(before, after, strict=True) if old.kind == NOTE and old.offset == segment.offset]
    if segment.kind == _PT_NOTE and inside:
        return segment._replace(offset=inside[0].offset)
    return segment._replace(size=0)
