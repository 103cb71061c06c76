"""The tables of Mach-O files, each defined once: numbers, layouts, and rows of fields.

Sources: <mach-o/loader.h>, <mach-o/nlist.h>. Files are 64-bit and little-endian, as for every processor that macOS 11
runs on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"\xcf\xfa\xed\xfe"
OBJECT, EXECUTE, DYLIB, DYLINKER, BUNDLE, DSYM = 1, 2, 6, 7, 8, 10  # file types
TWO_LEVEL, FORCED_FLAT, EXECUTABLE_STACK, PIE = 0x80, 0x100, 0x20000, 0x200000  # flags of the header
# Load commands. A loader that does not know one above 2**31 must refuse the file.
SYMTAB, UNIXTHREAD, DYSYMTAB, LOAD_DYLIB, ID_DYLIB, LOAD_DYLINKER = 0x2, 0x5, 0xB, 0xC, 0xD, 0xE
SEGMENT, UUID, CODE_SIGNATURE, SPLIT_INFO, LAZY_LOAD_DYLIB = 0x19, 0x1B, 0x1D, 0x1E, 0x20
DYLD_INFO, VERSION_MIN_MACOS, FUNCTION_STARTS, DATA_IN_CODE = 0x22, 0x24, 0x26, 0x29
DYLIB_CODE_SIGN_DRS, LINKER_HINT, BUILD_VERSION = 0x2B, 0x2E, 0x32
LOAD_WEAK_DYLIB, RPATH, REEXPORT_DYLIB, DYLD_INFO_ONLY = 0x80000018, 0x8000001C, 0x8000001F, 0x80000022
UPWARD_DYLIB, MAIN, EXPORTS_TRIE, CHAINED_FIXUPS = 0x80000023, 0x80000028, 0x80000033, 0x80000034
DYLIBS = (LOAD_DYLIB, LOAD_WEAK_DYLIB, REEXPORT_DYLIB, LAZY_LOAD_DYLIB, UPWARD_DYLIB)  # numbered in order, from 1
# Commands that hold offset and size of bytes in the last segment.
LINKEDIT_DATA = (
    *(CODE_SIGNATURE, SPLIT_INFO, FUNCTION_STARTS, DATA_IN_CODE),
    *(DYLIB_CODE_SIGN_DRS, LINKER_HINT, EXPORTS_TRIE, CHAINED_FIXUPS),
)
ONCE = (
    SYMTAB,
    DYSYMTAB,
    ID_DYLIB,
    LOAD_DYLINKER,
    UUID,
    CODE_SIGNATURE,
    DYLD_INFO,
    DYLD_INFO_ONLY,
    EXPORTS_TRIE,
    CHAINED_FIXUPS,
)
WRITABLE, EXECUTABLE = 2, 4  # VM_PROT_WRITE, VM_PROT_EXECUTE
INSTRUCTIONS = 0x80000400  # S_ATTR_PURE_INSTRUCTIONS, S_ATTR_SOME_INSTRUCTIONS
SECTION_TYPE = 0xFF
ZERO_FILLED = (0x1, 0xC, 0x12)  # S_ZEROFILL, S_GB_ZEROFILL, S_THREAD_LOCAL_ZEROFILL
LINKEDIT = b"__LINKEDIT"
# Symbols (`n_type`, `n_desc`).
STAB, PRIVATE, TYPE, EXTERNAL = 0xE0, 0x10, 0x0E, 0x01
UNDEFINED, INDIRECT, IN_SECTION = 0x0, 0xA, 0xE
WEAK_REFERENCE, WEAK_DEFINITION = 0x40, 0x80
COLD_FUNCTION = 0x400  # N_COLD_FUNC
COMMAND = struct.Struct("<2I")
SYMBOL = struct.Struct("<IBBHQ")
_MOST_COMMANDS = 10_000
_NUMBER = struct.Struct("<I")


class HeaderRow(NamedTuple):
    """The header (`mach_header_64`)."""

    magic: bytes
    cpu: int
    subtype: int
    kind: int
    commands: int
    commands_size: int
    flags: int
    reserved: int


class SegmentRow(NamedTuple):
    """A segment (`segment_command_64`), after its number and size."""

    name: bytes
    address: int
    memory: int
    offset: int
    size: int
    most_protection: int
    protection: int
    sections: int
    flags: int


class SectionRow(NamedTuple):
    """A section of a segment (`section_64`)."""

    name: bytes
    segment: bytes
    address: int
    size: int
    offset: int
    alignment: int
    relocations_at: int
    relocations: int
    flags: int
    reserved_1: int
    reserved_2: int
    reserved_3: int

    @property
    def holds_bytes(self) -> bool:
        """Return whether its bytes are in the file."""
        return self.flags & SECTION_TYPE not in ZERO_FILLED

    @property
    def is_code(self) -> bool:
        """Return whether it contains instructions."""
        return bool(self.flags & INSTRUCTIONS)


HEADER = struct.Struct("<4s7I")
SEGMENT_ROW = struct.Struct("<16s4Q4I")
SECTION_ROW = struct.Struct("<16s16s2Q8I")


class Command(NamedTuple):
    """A load command: its number, its offset in the file, and its bytes, including number and size."""

    kind: int
    at: int
    body: bytes

    def numbers(self, count: int, start: int = COMMAND.size) -> tuple[int, ...]:
        """Return this many 32-bit numbers. Raises `struct.error`."""
        return struct.unpack_from(f"<{count}I", self.body, start)

    def text(self) -> str:
        """Return the string whose offset is the first number. Raises ValueError, `struct.error`."""
        (start,) = self.numbers(1)
        end = self.body.find(b"\0", start)
        if start < COMMAND.size or start >= len(self.body):
            raise ValueError(f"the load command at byte {self.at} has no name")
        return self.body[start : end if end >= 0 else len(self.body)].decode("utf-8", "replace")


class Layout(NamedTuple):
    """A whole file: header, load commands, segments, and sections in the order of their numbers, which start at 1."""

    data: bytes
    header: HeaderRow
    commands: tuple[Command, ...]
    segments: tuple[SegmentRow, ...]
    sections: tuple[SectionRow, ...]

    def first(self, *kinds: int) -> Command | None:
        """Return the first load command with any of these numbers."""
        return next((command for command in self.commands if command.kind in kinds), None)

    def texts(self, *kinds: int) -> tuple[str, ...]:
        """Return the strings of all load commands with these numbers."""
        return tuple(command.text() for command in self.commands if command.kind in kinds)

    def part(self, offset: int, size: int) -> bytes:
        """Return bytes of the file. Raises ValueError if it ends before them."""
        if offset + size > len(self.data):
            raise ValueError(f"the file ends before byte {offset + size}")
        return self.data[offset : offset + size]

    def linkedit(self, kind: int) -> bytes:
        """Return the bytes that a load command of the last segment refers to, none without that command."""
        command = self.first(kind)
        return self.part(*command.numbers(2)) if command else b""


def read_layout(data: bytes) -> Layout:
    """Read a file that begins with `MAGIC`. Raises ValueError, `struct.error`."""
    header = HeaderRow(*HEADER.unpack_from(data))
    if header.magic != MAGIC:
        raise ValueError("it is not 64-bit little-endian")
    commands = tuple(_commands(data, header))
    for kind in ONCE:
        if sum(command.kind == kind for command in commands) > 1:
            raise ValueError(f"it has several load commands of type {kind:#x}")
    segments = [command for command in commands if command.kind == SEGMENT]
    rows = tuple(SegmentRow(*SEGMENT_ROW.unpack_from(command.body, COMMAND.size)) for command in segments)
    sections = [row for command, segment in zip(segments, rows, strict=True) for row in _sections(command, segment)]
    for row in rows:
        if row.offset + row.size > len(data):
            raise ValueError(f"the file ends within the segment {name_of(row.name)}")
    for section in sections:
        if section.holds_bytes and section.offset + section.size > len(data):
            raise ValueError(f"the file ends within the section {name_of(section.name)}")
    return Layout(data, header, commands, rows, tuple(sections))


def name_of(field: bytes) -> str:
    """Return the name in a 16-byte field."""
    return field.rstrip(b"\0").decode("utf-8", "replace")


def _commands(data: bytes, header: HeaderRow) -> Iterator[Command]:
    at, end = HEADER.size, HEADER.size + header.commands_size
    if header.commands > _MOST_COMMANDS or end > len(data):
        raise ValueError("the load commands are truncated")
    for _ in range(header.commands):
        kind, size = COMMAND.unpack_from(data, at)
        if size < COMMAND.size or at + size > end:
            raise ValueError(f"the load command at byte {at} has {size} bytes")
        yield Command(kind, at, data[at : at + size])
        at += size


def _sections(command: Command, segment: SegmentRow) -> Iterator[SectionRow]:
    start = COMMAND.size + SEGMENT_ROW.size
    if start + segment.sections * SECTION_ROW.size > len(command.body):
        raise ValueError(f"the sections of {name_of(segment.name)} are truncated")
    for index in range(segment.sections):
        yield SectionRow(*SECTION_ROW.unpack_from(command.body, start + index * SECTION_ROW.size))
