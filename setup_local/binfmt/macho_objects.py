"""Removes debug information from Mach-O objects (<mach-o/loader.h>, <mach-o/reloc.h>); every linker still accepts them.

Sections keep their addresses, so that code and relocations keep their meaning. References to sections and symbols by
number are renumbered; contents of the file get new offsets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_rows import Command, Layout, SectionRow, read_layout

_DROPPED = (b"__DWARF", b"__LLVM")  # debug information, and code for link-time optimizers
_ALIGNMENT = 8  # static libraries require it of their members
_RELOCATION = struct.Struct("<iI")
_INDEX, _EXTERNAL = 0x00FFFFFF, 1 << 27  # in the second word: number of a symbol or section, and which of the two
_ADDEND = 10  # ARM64_RELOC_ADDEND: the index is a number to add
_ARM64 = 0x0100000C
_MOVED = (rows.DATA_IN_CODE, rows.LINKER_HINT)  # commands about bytes that are kept as they are
_PLAIN = (rows.BUILD_VERSION, rows.VERSION_MIN_MACOS, 0x2D)  # without offsets; 0x2D is LC_LINKER_OPTION
_WORD = 4


class _Numbers(NamedTuple):
    """New numbers of sections (from 1) and symbols, by old number."""

    sections: Mapping[int, int]
    symbols: Mapping[int, int]


def without_debug(data: bytes) -> bytes:
    """Return an object without debug information, and any other Mach-O file unchanged.

    Raises ValueError, KeyError, `struct.error` for an object with a layout that compilers do not use.
    """
    if not data.startswith(rows.MAGIC):
        return data
    file = read_layout(data)
    if file.header.kind != rows.OBJECT or not any(map(_is_dropped, file.sections)):
        return data
    return _Object(file).rewritten()


def _is_dropped(section: SectionRow) -> bool:
    return section.segment.rstrip(b"\0") in _DROPPED


class _Object:
    """The new file under construction: load commands, and what follows them."""

    def __init__(self, file: Layout) -> None:
        kept = [number for number, row in enumerate(file.sections, 1) if not _is_dropped(row)]
        self._file = file
        self._kept = [file.sections[number - 1] for number in kept]
        self._sections = {old: new for new, old in enumerate(kept, 1)}
        size = file.header.commands_size - rows.SECTION_ROW.size * (len(file.sections) - len(kept))
        self._start = rows.HEADER.size + size
        self._body = bytearray()

    def rewritten(self) -> bytes:
        """Return the file."""
        symbols, numbers = self._symbols()
        sections = [self._content(row) for row in self._kept]
        end = self._start + len(self._body)
        sections = [self._relocations(row, numbers) for row in sections]
        commands = [self._command(item, sections, end, symbols, numbers) for item in self._file.commands]
        whole = b"".join(commands)
        header = self._file.header._replace(commands_size=len(whole))
        if rows.HEADER.size + len(whole) != self._start:
            raise ValueError("its load commands are not those of an object file")
        body = rows.HEADER.pack(*header) + whole + self._body
        return body + bytes(-len(body) % _ALIGNMENT)

    def _put(self, content: bytes, alignment: int = _ALIGNMENT) -> int:
        """Append bytes and return their offset in the file."""
        self._body += bytes(-(self._start + len(self._body)) % alignment)
        self._body += content
        return self._start + len(self._body) - len(content)

    def _content(self, row: SectionRow) -> SectionRow:
        if not row.holds_bytes:
            return row
        if row.alignment > 15:  # noqa: PLR2004 - 32 KiB; pages are not larger
            raise ValueError(f"a section with an alignment of 2**{row.alignment}")
        content = self._file.part(row.offset, row.size)
        return row._replace(offset=self._put(content, 1 << row.alignment))

    def _relocations(self, row: SectionRow, numbers: _Numbers) -> SectionRow:
        if not row.relocations:
            return row._replace(relocations_at=0)
        raw = self._file.part(row.relocations_at, row.relocations * _RELOCATION.size)
        new = b"".join(
            _RELOCATION.pack(at, self._renumbered(at, word, numbers)) for at, word in _RELOCATION.iter_unpack(raw)
        )
        return row._replace(relocations_at=self._put(new))

    def _renumbered(self, at: int, word: int, numbers: _Numbers) -> int:
        if at < 0:
            raise ValueError("a relocation for 32-bit processors")
        if self._file.header.cpu == _ARM64 and word >> 28 == _ADDEND:
            return word
        known = numbers.symbols if word & _EXTERNAL else numbers.sections
        return word & ~_INDEX | known[word & _INDEX]

    def _symbols(self) -> tuple[tuple[bytes, bytes], _Numbers]:
        """Return the new tables of symbols and strings, and the numbers."""
        command = self._file.first(rows.SYMTAB)
        if command is None:  # in a file without code, as Clang writes it for Intel's processors
            return (b"", b""), _Numbers(self._sections, {})
        symbols_at, count, strings_at, strings_size = command.numbers(4)
        strings = self._file.part(strings_at, strings_size)
        table, names = bytearray(), bytearray(b"\0")
        order: dict[int, int] = {}
        for number, row in enumerate(rows.SYMBOL.iter_unpack(self._file.part(symbols_at, count * rows.SYMBOL.size))):
            at, kind, section, described, value = row
            if section and section not in self._sections:
                if kind & rows.EXTERNAL:
                    raise ValueError("a symbol is defined in debug information")
                continue
            order[number] = len(order)
            name = strings[at : strings.index(b"\0", at) + 1]
            place = len(names) if len(name) > 1 else 0
            table += rows.SYMBOL.pack(place, kind, self._sections.get(section, 0), described, value)
            names += name if place else b""
            if len(names) > len(self._file.data):
                raise ValueError("the names of its symbols overlap")
        return (bytes(table), bytes(names)), _Numbers(self._sections, order)

    def _command(
        self, command: Command, sections: list[SectionRow], end: int, tables: tuple[bytes, bytes], numbers: _Numbers
    ) -> bytes:
        match command.kind:
            case rows.SEGMENT:
                return self._segment(command, sections, end)
            case rows.SYMTAB:
                symbols, names = map(self._put, tables)
                fields = (symbols, len(tables[0]) // rows.SYMBOL.size, names, len(tables[1]))
                return command.body[: rows.COMMAND.size] + struct.pack("<4I", *fields)
            case rows.DYSYMTAB:
                return self._dynamic(command, numbers)
            case kind if kind in _MOVED:
                place, size = command.numbers(2)
                content = self._file.part(place, size)
                return command.body[: rows.COMMAND.size] + struct.pack("<2I", self._put(content), size)
            case kind if kind in _PLAIN:
                return command.body
        raise ValueError(f"it has a load command of type {command.kind:#x}")

    def _segment(self, command: Command, sections: list[SectionRow], end: int) -> bytes:
        if len(self._file.segments) != 1:
            raise ValueError("it has several segments")
        row = self._file.segments[0]._replace(offset=self._start, size=end - self._start, sections=len(sections))
        size = rows.COMMAND.size + rows.SEGMENT_ROW.size + len(sections) * rows.SECTION_ROW.size
        head = rows.COMMAND.pack(command.kind, size) + rows.SEGMENT_ROW.pack(*row)
        return head + b"".join(rows.SECTION_ROW.pack(*section) for section in sections)

    def _dynamic(self, command: Command, numbers: _Numbers) -> bytes:
        """Return the table of symbol groups, of which only the local one gets smaller."""
        fields = list(command.numbers(18))
        for first in (0, 2, 4):
            group = range(fields[first], fields[first] + fields[first + 1])
            kept = [numbers.symbols[number] for number in group if number in numbers.symbols]
            before = sum(number < fields[first] for number in numbers.symbols)
            fields[first], fields[first + 1] = kept[0] if kept else before, len(kept)
        if fields[13]:
            raw = self._file.part(fields[12], fields[13] * _WORD)
            fields[12] = self._put(b"".join(self._indirect(raw, numbers)))
        if any(fields[number] for number in (7, 9, 11, 15, 17)):
            raise ValueError("it has tables that compilers no longer generate")
        return command.body[: rows.COMMAND.size] + struct.pack("<18I", *fields)

    def _indirect(self, raw: bytes, numbers: _Numbers) -> Iterator[bytes]:
        for (number,) in struct.iter_unpack("<I", raw):
            yield struct.pack("<I", number if number >> 30 else numbers.symbols[number])
