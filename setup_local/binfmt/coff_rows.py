"""The tables of COFF objects and PE images (Microsoft's "PE Format") as rows of numbers, defined only here.

All are little-endian.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

MAGIC = b"MZ"
SIGNATURE = b"PE\0\0"
WHERE = 0x3C  # offset at which an image records where its signature is
ANONYMOUS = b"\0\0\xff\xff"  # how objects of other kinds begin: many sections, or one symbol of a DLL
PE32_PLUS, PE32 = 0x20B, 0x10B
MACHINES = {
    0x8664: "IMAGE_FILE_MACHINE_AMD64",
    0xAA64: "IMAGE_FILE_MACHINE_ARM64",
    0x014C: "IMAGE_FILE_MACHINE_I386",
    0x01C4: "IMAGE_FILE_MACHINE_ARMNT",
    0xA641: "IMAGE_FILE_MACHINE_ARM64EC",
    0xA64E: "IMAGE_FILE_MACHINE_ARM64X",
}
BITS = {0x8664: 64, 0xAA64: 64, 0x014C: 32, 0x01C4: 32, 0xA641: 64, 0xA64E: 64}
UNDERSCORED = 0x014C  # the processor for which compilers prefix C names with an underscore
# Data directories, by their number.
EXPORTS, IMPORTS, RESOURCES, CERTIFICATES, RELOCATIONS, DEBUG, TLS, CONFIGURATION, DELAYED, CLR = (
    0,
    1,
    2,
    4,
    5,
    6,
    9,
    10,
    13,
    14,
)
# Characteristics of a file, and of a program or DLL.
RELOCATIONS_STRIPPED, DLL = 0x1, 0x2000
HIGH_ENTROPY, DYNAMIC_BASE, NX_COMPATIBLE, GUARDED = 0x20, 0x40, 0x100, 0x4000
# Characteristics of a section.
DISCARDABLE, SHARED, EXECUTABLE, WRITABLE = 0x2000000, 0x10000000, 0x20000000, 0x80000000

_HEADER = struct.Struct("<HHIIIHH")
_BIG_HEADER = struct.Struct("<HHHHI16sIIIIIII")
_IMPORT = struct.Struct("<HHHHIIHH")
_SECTION = struct.Struct("<8sIIIIIIHHI")
_DIRECTORY = struct.Struct("<II")
_OPTIONAL = {
    PE32_PLUS: struct.Struct("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII"),
    PE32: struct.Struct("<HBBIIIII4xIIIHHHHHHIIIIHHIIIIII"),
}
SYMBOL, WIDE_SYMBOL = struct.Struct("<8sIhHBB"), struct.Struct("<8sIiHBB")
HEADER_SIZE, BIG_HEADER_SIZE, IMPORT_SIZE, SECTION_SIZE = (
    item.size for item in (_HEADER, _BIG_HEADER, _IMPORT, _SECTION)
)
_BIG = bytes.fromhex("c7a1bad1eebaa94baf20faf66aa4dcb8")  # the class id of objects with many sections


class FileHeader(NamedTuple):
    """IMAGE_FILE_HEADER."""

    machine: int
    section_count: int
    time: int
    symbols_at: int
    symbol_count: int
    optional_size: int
    characteristics: int


class OptionalHeader(NamedTuple):
    """IMAGE_OPTIONAL_HEADER of 32 and 64 bits, without the directories that follow it."""

    magic: int
    linker_major: int
    linker_minor: int
    code_size: int
    data_size: int
    bss_size: int
    entry: int
    code_at: int
    image_base: int
    section_alignment: int
    file_alignment: int
    system_major: int
    system_minor: int
    image_major: int
    image_minor: int
    subsystem_major: int
    subsystem_minor: int
    reserved: int
    image_size: int
    headers_size: int
    checksum: int
    subsystem: int
    characteristics: int
    stack_reserve: int
    stack_commit: int
    heap_reserve: int
    heap_commit: int
    loader_flags: int
    directory_count: int


class SectionRow(NamedTuple):
    """IMAGE_SECTION_HEADER."""

    name: bytes
    virtual_size: int
    address: int
    size: int
    offset: int
    relocations_at: int
    lines_at: int
    relocation_count: int
    line_count: int
    characteristics: int


class ImportRow(NamedTuple):
    """The header of an object that represents one symbol of a DLL."""

    machine: int
    time: int
    size: int
    hint: int
    kind: int


class Directory(NamedTuple):
    """Address and size of a table in memory."""

    address: int
    size: int


def read_file_header(data: bytes, at: int) -> FileHeader:
    """Read the header of an object, or the one after an image's signature. Raises `struct.error`."""
    return FileHeader(*_HEADER.unpack_from(data, at))


def read_big_header(data: bytes) -> FileHeader | None:
    """Read the header of an object with many sections, None for any other. Raises `struct.error`."""
    _, _, version, machine, time, identity, *_ = row = _BIG_HEADER.unpack_from(data)
    sections, symbols_at, symbols = row[-3:]
    if version < 2 or identity != _BIG:  # noqa: PLR2004 - the first version that has a class id of this kind
        return None
    return FileHeader(machine, sections, time, symbols_at, symbols, 0, 0)


def read_import(data: bytes) -> ImportRow:
    """Read the header of one symbol of a DLL. Raises `struct.error`."""
    _, _, _, machine, time, size, hint, kind = _IMPORT.unpack_from(data)
    return ImportRow(machine, time, size, hint, kind)


def read_optional_header(data: bytes, at: int) -> OptionalHeader:
    """Read the header of an image. Raises ValueError, `struct.error`."""
    magic = int.from_bytes(data[at : at + 2], "little")
    if magic not in _OPTIONAL:
        raise ValueError(f"an optional header of unknown type {magic:#x}")
    return OptionalHeader(*_OPTIONAL[magic].unpack_from(data, at))


def optional_size(magic: int) -> int:
    """Return the size in bytes of the optional header before its directories."""
    return _OPTIONAL[magic].size


def read_directories(data: bytes, at: int, count: int) -> tuple[Directory, ...]:
    """Read data directories. Raises ValueError if they are cut off."""
    end = at + count * _DIRECTORY.size
    if end > len(data):
        raise ValueError("the data directories are truncated")
    return tuple(Directory(*row) for row in _DIRECTORY.iter_unpack(data[at:end]))


def read_sections(data: bytes, at: int, count: int) -> tuple[SectionRow, ...]:
    """Read a section table. Raises ValueError if it is cut off."""
    end = at + count * _SECTION.size
    if end > len(data):
        raise ValueError("the section headers are truncated")
    return tuple(SectionRow(*row) for row in _SECTION.iter_unpack(memoryview(data)[at:end]))


def pack_section(row: SectionRow) -> bytes:
    """Return a row of a section table."""
    return _SECTION.pack(*row)


def pack_file_header(row: FileHeader) -> bytes:
    """Return a file header."""
    return _HEADER.pack(*row)
