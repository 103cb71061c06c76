"""Finds instructions that an architecture's first processors lack, by encoding, and the functions that contain them."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from setup_local.binfmt.frames import code_sections
from setup_local.binfmt.header import Header, Section
from setup_local.binfmt.rows import SYMTAB, SymbolRow

_FUNCTION, _UNTYPED = 2, 0  # STT_FUNC, STT_NOTYPE
_OBJECT = "ET_REL"
# Prefixes of the symbols where data begins among code, and where code resumes ("ELF for the Arm 64-bit Architecture",
# mapping symbols).
_DATA = "$d"
_CODE = "$x"
# Mask and value of instructions that ARMv8.0 lacks ("Arm Architecture Reference Manual for A-profile", C4):
# single-instruction atomics (load and operate, swap, compare and swap, the same of a pair), dot products of vectors and
# of an element, SVE.
_ENCODINGS: Mapping[str, Mapping[str, tuple[tuple[int, int], ...]]] = {
    "EM_AARCH64": {
        "LSE": ((0x3B200C00, 0x38200000), (0x3FA07C00, 0x08A07C00), (0xBFA07C00, 0x08207C00)),
        "dot product": ((0x9FE0FC00, 0x0E809400), (0x9FC0F400, 0x0F80E000)),
        "SVE": ((0x1E000000, 0x04000000),),
    },
}
_WORD = 4  # bytes of an instruction
_NESTED = 8  # names that one piece of code may have


class Newer(NamedTuple):
    """A function, or a place in a section, that uses an extension of the processor."""

    extension: str
    place: str


def newer_instructions(data: bytes, header: Header) -> frozenset[Newer]:
    """Return uses of newer processors' instructions in a file with a symbol table; nothing for unknown architectures.

    Raises ValueError and `struct.error` for damaged files.
    """
    encodings = _ENCODINGS.get(header.machine)
    table = header.first(SYMTAB)
    if encodings is None or table is None:
        return frozenset()
    found = [
        (index, offset, extension)
        for index, section in code_sections(data, header)
        for offset, extension in _suspects(data, section, encodings)
    ]
    if not found:
        return frozenset()
    places = _Places(data, header, table)
    named = ((extension, places.name(index, offset)) for index, offset, extension in found)
    return frozenset(Newer(extension, place) for extension, place in named if place)


def _suspects(
    data: bytes, section: Section, encodings: Mapping[str, tuple[tuple[int, int], ...]]
) -> Iterator[tuple[int, str]]:
    """Yield where a section contains a word that is encoded like an instruction of an extension."""
    words = array("I", data[section.offset : section.offset + section.size // _WORD * _WORD])
    if sys.byteorder == "big":
        words.byteswap()
    newer = {
        word: extension
        for word in set(words)
        for extension, pairs in encodings.items()
        if any(word & mask == value for mask, value in pairs)
    }
    if newer:
        yield from ((index * _WORD, newer[word]) for index, word in enumerate(words) if word in newer)


class _Places:
    """The functions of a file, and where data is among them; both by section."""

    def __init__(self, data: bytes, header: Header, table: Section) -> None:
        self._header, self._linked = header, header.kind != _OBJECT
        self._functions: dict[int, list[tuple[int, int, str]]] = {}
        self._marks: dict[int, list[tuple[int, bool]]] = {}
        names = header.sections[table.link]
        text = data[names.offset : names.offset + names.size]
        for row in header.form.read_symbols(data[table.offset : table.offset + table.size]):
            if row.info & 15 in (_FUNCTION, _UNTYPED) and row.name:
                self._add(row, text[row.name : text.index(b"\0", row.name)].decode("utf-8", "replace"))
        for functions in self._functions.values():
            functions.sort()
        for marks in self._marks.values():
            marks.sort()

    def _add(self, row: SymbolRow, name: str) -> None:
        if row.info & 15 == _FUNCTION:
            self._functions.setdefault(row.section, []).append((row.value, row.size, name))
        elif name.startswith((_DATA, _CODE)):
            self._marks.setdefault(row.section, []).append((row.value, name.startswith(_DATA)))

    def name(self, section: int, offset: int) -> str:
        """Return the function at an offset, empty for data."""
        at = offset + (self._header.sections[section].address if self._linked else 0)
        marks = self._marks.get(section, [])
        before = bisect_right(marks, (at, True))
        if before and marks[before - 1][1]:
            return ""
        functions = self._functions.get(section, [])
        last = bisect_right(functions, (at, sys.maxsize, ""))
        for value, size, name in functions[max(last - _NESTED, 0) : last]:
            if value <= at < value + max(size, _WORD):
                return name
        return f"{self._header.sections[section].name}+{offset:#x}"
