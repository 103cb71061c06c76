"""PE images for which reading fails, takes long, or shows a different file than the one that runs."""

from __future__ import annotations

import struct
from collections.abc import Callable

from setup_local.binfmt.coff_rows import (
    CONFIGURATION,
    DEBUG,
    DELAYED,
    EXPORTS,
    HEADER_SIZE,
    IMPORTS,
    RELOCATIONS,
    TLS,
    SectionRow,
    pack_section,
)
from setup_local.binfmt.pe_layout import PeFile, read_pe

Shape = Callable[[bytes], bytes]
_ENTRY = 28  # of the debug directory


def put(data: bytes, at: int, layout: str, *values: int) -> bytes:
    """Return a file with other numbers at an offset."""
    body = bytearray(data)
    struct.pack_into(f"<{layout}", body, at, *values)
    return bytes(body)


def with_header(data: bytes, at: int, layout: str, value: int) -> bytes:
    """Return a file with a different number in its optional header."""
    return put(data, read_pe(data).optional_at + at, layout, value)


def with_directory(data: bytes, number: int, address: int, size: int) -> bytes:
    """Return a file that claims another place for a table."""
    file = read_pe(data)
    return put(data, file.optional_at + (112 if file.is_64_bit else 96) + 8 * number, "II", address, size)


def with_sections(data: bytes, change: Callable[[SectionRow], SectionRow]) -> bytes:
    """Return a file with changed rows in its section table."""
    file = read_pe(data)
    table = b"".join(pack_section(change(row)) for row in file.sections)
    return data[: file.sections_at] + table + data[file.sections_at + len(table) :]


def address(file: PeFile, offset: int) -> int:
    """Return the memory address of a file offset."""
    return next(
        row.address + offset - row.offset for row in file.sections if row.offset <= offset < row.offset + row.size
    )


def _at(number: int) -> Callable[[bytes], int]:
    """Return a function that finds a table in a file."""

    def find(data: bytes) -> int:
        file = read_pe(data)
        found = file.directory(number)
        assert found is not None
        return file.place(found.address)[0]

    return find


def _changed(number: int, offset: int, value: int, layout: str = "I") -> Shape:
    """Put a different number into a table."""
    return lambda data: put(data, _at(number)(data) + offset, layout, value)


_NOWHERE = 0x00F00000
BROKEN: dict[str, tuple[Shape, str]] = {
    "cut-off": (lambda data: data[:300], "truncated"),
    "no-header": (lambda data: data[:64], "without a PE header"),
    "other-magic": (lambda data: with_header(data, 0, "H", 0x107), "unknown type"),
    "many-sections": (lambda data: put(data, read_pe(data).at + 2, "H", 97), "more than 96 sections"),
    "short-header": (lambda data: put(data, read_pe(data).at + 16, "H", 112), "larger than the optional header"),
    "unaligned": (lambda data: with_header(data, 36, "I", 4), "not aligned"),
    "small-pages": (lambda data: with_header(data, 32, "I", 512), "not aligned"),
    "odd-section": (lambda data: with_sections(data, lambda row: row._replace(offset=row.offset + 8)), "at a sector"),
    "long-section": (lambda data: with_sections(data, lambda row: row._replace(size=1 << 20)), "truncated"),
    "same-place": (lambda data: with_sections(data, lambda row: row._replace(address=0x1000)), "overlap"),
    "over-headers": (
        lambda data: with_sections(data, lambda row: row._replace(address=row.address - 0x1000)),
        "overlaps the headers",
    ),
    "no-imports": (lambda data: with_directory(data, IMPORTS, _NOWHERE, 40), "no part of the file"),
    "endless-name": (
        lambda data: with_directory(data, IMPORTS, read_pe(data).sections[-1].address - 24, 40),
        "no part of|truncated|not terminated",
    ),
    "many-exports": (_changed(EXPORTS, 20, 1 << 30), "more than"),
    "lost-exports": (_changed(EXPORTS, 20, 190_000), "truncated"),
    "no-address": (_changed(EXPORTS, 20, 0), "has no address"),
    "lost-relocations": (
        lambda data: with_directory(data, RELOCATIONS, read_pe(data).sections[-1].address, 1 << 20),
        "truncated or too many",
    ),
    "empty-block": (_changed(RELOCATIONS, 4, 0), "is damaged"),
    "many-debug-entries": (
        lambda data: with_directory(data, DEBUG, read_pe(data).sections[0].address, _ENTRY * 65),
        "for debuggers",
    ),
    "no-callbacks": (lambda data: with_directory(data, TLS, _NOWHERE, 40), "no part of the file"),
    "no-configuration": (
        lambda data: with_directory(with_header(data, 70, "H", 0x4160), CONFIGURATION, _NOWHERE, 148),
        "no part of the file",
    ),
    "no-delayed": (lambda data: with_directory(data, DELAYED, _NOWHERE, 64), "no part of the file"),
}


def many_imports(count: int) -> bytes:
    """Return a DLL with one section that imports `count` names, all with the same text of 4000 bytes."""
    name, table = 0x1000, 0x2000
    rows = struct.pack("<IIIII", table, 0, 0, name, table) + bytes(20)
    body = (rows + b"x" * 4000 + b"\0").ljust(0x1000, b"\0") + struct.pack("<Q", name + 38) * count + bytes(8)
    body += bytes(-len(body) % 512)
    optional = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", *_optional(len(body)))
    directories = struct.pack("<32I", 0, 0, name, 40, *[0] * 28)
    section = pack_section(SectionRow(b".text", len(body), name, len(body), 512, 0, 0, 0, 0, 0x60000020))
    head = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional) + len(directories), 0x2022)
    assert len(head) == 68 + HEADER_SIZE
    return (head + optional + directories + section).ljust(512, b"\0") + body


def _optional(size: int) -> tuple[int, ...]:
    image = 0x1000 + size + -size % 4096
    sizes = (1 << 20, 4096, 1 << 20, 4096)
    return (
        0x20B,
        14,
        0,
        size,
        0,
        0,
        0x1000,
        0x1000,
        1 << 32,
        4096,
        512,
        10,
        0,
        0,
        0,
        10,
        0,
        0,
        image,
        512,
        0,
        3,
        0x160,
        *sizes,
        0,
        16,
    )


def many_symbols(count: int) -> bytes:
    """Return an object with `count` symbols, all with the same name of 60,000 bytes."""
    row = struct.pack("<IIIhHBB", 0, 4, 0, 1, 0x20, 2, 0)
    head = struct.pack("<HHIIIHH", 0x8664, 0, 0, 20, count, 0, 0)
    return head + row * count + struct.pack("<I", 60_005) + b"x" * 60_000 + b"\0"


def many_blocks(count: int) -> bytes:
    """Return a DLL with `count` empty blocks of base relocations."""
    plain = many_imports(1)
    file = read_pe(plain)
    (row,) = file.sections
    blocks = struct.pack("<II", 0, 8) * count
    size = row.size + len(blocks) + -len(blocks) % 512
    grown = with_sections(
        plain + blocks.ljust(size - row.size, b"\0"), lambda row: row._replace(virtual_size=size, size=size)
    )
    return with_directory(grown, RELOCATIONS, row.address + row.size, len(blocks))


HEAVY: dict[str, Callable[[], bytes]] = {
    "million-imports-of-one-long-name": lambda: many_imports(1_000_000),
    "500000-symbols-of-one-long-name": lambda: many_symbols(500_000),
    "five-million-symbols": lambda: many_symbols(5_000_000),
    "eight-million-blocks": lambda: many_blocks(8_000_000),
}
