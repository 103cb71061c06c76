"""What the macOS loader reads from a linked file: which names it binds to which library, and which it exports.

Names come from chained fixups (<mach-o/fixup-chains.h>) or from the older opcodes, exports from a trie
(<mach-o/loader.h>); all are in the last segment. The symbol table has the same names, but no loader reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.leb import read_uleb
from setup_local.binfmt.macho_rows import Layout
from setup_local.binfmt.macho_symbols import c_name

SELF, PROGRAM, FLAT, WEAK = 0, -1, -2, -3  # special library numbers: BIND_SPECIAL_DYLIB_*
_LONGEST, _MOST_BYTES = 1 << 16, 1 << 25  # bytes of one name, and of all names of a kind
_CHAINS = struct.Struct("<7I")
_FIRST_SPECIAL = 0xF0  # larger 8-bit library numbers are negative
_FIRST_SPECIAL_16 = 0xFFF0
# Opcodes of the older form: the upper half of a byte; the lower half is a number (<mach-o/loader.h>, BIND_OPCODE_*).
_ORDINAL, _ORDINAL_ULEB, _SPECIAL, _SYMBOL = 0x10, 0x20, 0x30, 0x40
_BINDS = (0x90, 0xA0, 0xB0, 0xC0)
_NUMBERS = {0x20: 1, 0x60: 1, 0x70: 1, 0x80: 1, 0xA0: 1, 0xC0: 2}  # how many numbers follow an opcode
_LAST = 0xC0
_WEAK_IMPORT = 1


class Bound(NamedTuple):
    """A name bound at run time to the library with this number, from 1; it may be missing if it is `optional`."""

    name: str
    library: int
    optional: bool


def bound_names(file: Layout) -> frozenset[Bound]:
    """Return every name that a loader binds. Raises ValueError, `struct.error`."""
    if chains := file.linkedit(rows.CHAINED_FIXUPS):
        return frozenset(_chained(chains))
    command = file.first(rows.DYLD_INFO_ONLY, rows.DYLD_INFO)
    if command is None:
        return frozenset()
    _, _, bind, bind_size, weak, weak_size, lazy, lazy_size = command.numbers(8)
    coalesced = {item._replace(library=WEAK) for item in _opcodes(file.part(weak, weak_size))}
    return frozenset((*_opcodes(file.part(bind, bind_size)), *_opcodes(file.part(lazy, lazy_size)), *coalesced))


def _chained(data: bytes) -> Iterator[Bound]:
    _, _, imports, strings, count, form, packed = _CHAINS.unpack_from(data)
    layouts = {1: struct.Struct("<I"), 2: struct.Struct("<Ii"), 3: struct.Struct("<QQ")}
    if packed or form not in layouts:
        raise ValueError("the names of its fixups are in an unknown format")
    layout = layouts[form]
    if imports + count * layout.size > len(data):
        raise ValueError("the names of its fixups are truncated")
    left = _MOST_BYTES
    for index in range(count):
        word, *_ = layout.unpack_from(data, imports + index * layout.size)
        library, special, optional, name = _wide(word) if layout.size == 16 else _narrow(word)  # noqa: PLR2004 - bytes
        text, end = _name(data, strings + name)
        left -= end - strings - name
        if left < 0:  # they may overlap
            raise ValueError("the names of its fixups are too long")
        yield Bound(text, library - special, bool(optional))


def _narrow(word: int) -> tuple[int, int, int, int]:
    library = word & 0xFF
    return library, 0x100 if library > _FIRST_SPECIAL else 0, word >> 8 & 1, word >> 9


def _wide(word: int) -> tuple[int, int, int, int]:
    library = word & 0xFFFF
    return library, 0x10000 if library > _FIRST_SPECIAL_16 else 0, word >> 16 & 1, word >> 32


def _opcodes(data: bytes) -> Iterator[Bound]:
    """Yield the names in a list of opcodes. Each opcode is read once; repetition counts are ignored."""
    at, library, name, optional = 0, SELF, "", False
    while at < len(data):
        opcode, number = data[at] & 0xF0, data[at] & 0x0F
        at += 1
        if opcode > _LAST:
            raise ValueError("it binds names in an unknown format")
        values = []
        for _ in range(_NUMBERS.get(opcode, 0)):
            value, at = read_uleb(data, at)
            values.append(value)
        if opcode == _SYMBOL:
            name, at = _name(data, at)
            optional = bool(number & _WEAK_IMPORT)
        elif opcode in _BINDS:
            yield Bound(name, library, optional)
        else:
            library = _library(opcode, number, values, library)


def _library(opcode: int, number: int, values: list[int], before: int) -> int:
    """Return the number of the library after an opcode."""
    if opcode == _ORDINAL:
        return number
    if opcode == _ORDINAL_ULEB:
        return values[0]
    if opcode == _SPECIAL:
        return number - 0x10 if number else SELF
    return before


def _name(data: bytes, at: int) -> tuple[str, int]:
    """Return the name at an offset, as it is in C, and the offset of the byte after it."""
    end = data.find(b"\0", at, at + _LONGEST)
    if end < 0:
        raise ValueError("a bound name is not terminated")
    return c_name(data[at:end].decode("utf-8", "replace")), end + 1


def exported_names(file: Layout) -> frozenset[str]:
    """Return every name that other files can bind to. Raises ValueError, `struct.error`."""
    trie = file.linkedit(rows.EXPORTS_TRIE)
    if not trie and (command := file.first(rows.DYLD_INFO_ONLY, rows.DYLD_INFO)):
        trie = file.part(*command.numbers(10)[8:])
    return frozenset(c_name(name.decode("utf-8", "replace")) for name in _leaves(trie))


def _leaves(trie: bytes) -> Iterator[bytes]:
    """Yield the names in a trie; each node is reached only once, so a loop is an error."""
    left, seen = _MOST_BYTES, {0}
    waiting = [(0, b"")] if trie else []
    while waiting:
        at, name = waiting.pop()
        size, at = read_uleb(trie, at)
        if size:
            yield name
        for child, edge in _children(trie, at + size):
            if child in seen:
                raise ValueError("its table of exports contains a loop")
            seen.add(child)
            left -= len(name) + len(edge)
            if left < 0:
                raise ValueError("the names of its exports are too long")
            waiting.append((child, name + edge))


def _children(trie: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    if at >= len(trie):
        raise ValueError("its table of exports is truncated")
    count = trie[at]
    at += 1
    for _ in range(count):
        end = trie.find(b"\0", at, at + _LONGEST)
        if end < 0:
            raise ValueError("an exported name is not terminated")
        child, after = read_uleb(trie, end + 1)
        yield child, trie[at:end]
        at = after
