"""Mach-O files that would take unbounded time or memory if their claims were believed."""

from __future__ import annotations

import struct
from collections.abc import Callable

from sample_macho import command, macho, with_bytes, with_numbers, with_segment

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_rows import read_layout

_LONG = b"x" * 60_000 + b"\0"


def _uleb(value: int) -> bytes:
    """Return a number encoded in five bytes, whatever its value."""
    return bytes([*(value >> shift & 0x7F | 0x80 for shift in (0, 7, 14, 21)), value >> 28 & 0x7F])


def _grown(data: bytes, tail: bytes) -> tuple[bytes, int]:
    """Return a file with `tail` appended to its last segment, and the offset of `tail`."""
    number = len(read_layout(data).segments) - 1
    offset = read_layout(data).segments[number].offset
    whole = data + tail
    return with_segment(whole, number, size=len(whole) - offset, memory=len(whole) - offset), len(data)


def many_fixups(count: int) -> bytes:
    """Return a module that binds `count` names, all of them the same name of 60,000 bytes."""
    imports = struct.pack("<I", 1) * count
    table = struct.pack("<7I", 0, 28, 28, 28 + len(imports), count, 1, 0) + imports + _LONG
    data, place = _grown(macho("chained.so"), table)
    return with_numbers(data, rows.CHAINED_FIXUPS, 0, place, len(table))


def _with_exports(trie: bytes) -> bytes:
    data, place = _grown(macho("good.so"), trie)
    return with_numbers(data, rows.DYLD_INFO_ONLY, 8, place, len(trie))


def many_exports(count: int) -> bytes:
    """Return a module whose exports are `count` nodes behind a name of 60,000 bytes."""
    first = b"\0\1" + _LONG
    start = len(first) + 5
    node = b"\0\1" + b"\0" + bytes(5)
    body = bytearray(first + _uleb(start))
    for number in range(count):
        body += node[:3] + _uleb(start + (number + 1) * 8)
    return _with_exports(bytes(body) + b"\0\0")


def broad_exports(levels: int) -> bytes:
    """Return a module whose exports have 255 children at each of `levels` levels, each with a long name of its own."""
    edge, leaf = b"y" * 2000 + b"\0", 2
    size = 2 + 255 * (len(edge) + 5)
    body = bytearray()
    for level in range(levels):
        start = level * (size + 254 * leaf)
        body += b"\0\xff"
        for child in range(255):
            place = start + size + child * leaf if child < 254 else start + size + 254 * leaf
            body += edge + _uleb(place)
        body += b"\0\0" * 254
    return _with_exports(bytes(body) + b"\0\0")


def small_pages() -> bytes:
    """Return a module whose signature has pages of two bytes."""
    data = macho("good.so")
    start, _ = command(data, rows.CODE_SIGNATURE).numbers(2)
    (directory,) = struct.unpack_from(">I", data, start + 16)
    return with_bytes(data, start + directory + 39, b"\1")


def many_symbols(count: int) -> bytes:
    """Return a module with `count` symbols; each name is a suffix of one name of 60,000 bytes."""
    table = b"".join(rows.SYMBOL.pack(number % 30_000 + 1, 1, 0, 0, 0) for number in range(count))
    data, place = _grown(macho("good.so"), table + _LONG)
    return with_numbers(data, rows.SYMTAB, 0, place, count, place + len(table), len(_LONG))


HEAVY: dict[str, Callable[[], bytes]] = {
    "million-fixups-of-one-long-name": lambda: many_fixups(1_000_000),
    "400000-exports-of-long-names": lambda: many_exports(400_000),
    "exports-in-a-broad-trie": lambda: broad_exports(100),
    "pages-of-two-bytes": small_pages,
    "400000-symbols-of-long-names": lambda: many_symbols(400_000),
    "million-symbols": lambda: many_symbols(1_000_000),
}
