"""Rewrites linked Mach-O files (<mach-o/loader.h>) without any host tool.

Everything that is not mapped as code or data is in the last segment, and load commands hold the offsets: names to bind,
exports, symbols, strings, the signature. A stripped file therefore gets a new last segment; before it, only those
offsets change. A signature covers every byte, so it is created again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_fat import Slice, holds_libraries, join, slices
from setup_local.binfmt.macho_rows import Command, Layout, read_layout
from setup_local.binfmt.macho_signature import read_signature
from setup_local.binfmt.macho_signing import ALIGNMENT, signature, signature_size

_WORD = 4
_PART_ALIGNMENT = 8
_PAGE = 1 << 14  # of the largest pages of macOS
_SPECIAL = 0xC0000000  # entries of the indirect table without a symbol
_NO_SYMBOL = 0x80000000
_INDIRECT = struct.Struct("<I")
_EMPTY_NAME = b" \0"  # how string tables begin here
# Fields of LC_DYSYMTAB by number: local, exported and undefined groups; tables that linkers no longer write; the
# indirect table.
_GROUPS, _OBSOLETE, _INDIRECT_AT, _INDIRECT_COUNT = 0, (6, 7, 8, 9, 10, 11, 14, 15, 16, 17), 12, 13
_DYLD_INFO = (0, 2, 4, 6, 8)  # fields with offsets, each before its size
_NAMED = (*rows.DYLIBS, rows.ID_DYLIB, rows.RPATH, rows.LOAD_DYLINKER)


class _Part(NamedTuple):
    """Bytes of the last segment, and the place in a load command that holds their offset."""

    at: int
    size: int
    place: int


class MachoRewriter:
    """`Rewriter` for Mach-O."""

    def __init__(self, file: Layout) -> None:
        self._file = file

    def strip(self) -> bytes:
        """Return the file without local symbols and debugger entries."""
        file = self._file
        table, order = _kept_symbols(file, _is_visible)
        return _with_linkedit(file, _replaced(file, table, order))

    def detach(self) -> bytes:
        """Raise ValueError: on macOS, debug information stays in object files, from which `dsymutil` collects it."""
        raise ValueError("its debug information is not in the file")

    def has_debug(self) -> bool:
        """Return whether it contains debug information, which linkers leave in the object files."""
        return any(section.segment.startswith(b"__DWARF") for section in self._file.sections)

    def set_loader(self, name: str) -> bytes:
        """Return a program that requests another loader."""
        return renamed(self._file.data, {self._file.texts(rows.LOAD_DYLINKER)[0]: name})


class UniversalRewriter:
    """Applies `MachoRewriter` to each slice of a universal file."""

    def __init__(self, files: Sequence[Slice], rewriters: Sequence[MachoRewriter]) -> None:
        self._files, self._rewriters = files, rewriters

    def strip(self) -> bytes:
        """Return the file without local symbols and debugger entries."""
        return self._joined([item.strip() for item in self._rewriters])

    def detach(self) -> bytes:
        """Raise ValueError, as `MachoRewriter` does."""
        return self._joined([item.detach() for item in self._rewriters])

    def has_debug(self) -> bool:
        """Return whether any slice contains debug information."""
        return any(item.has_debug() for item in self._rewriters)

    def set_loader(self, name: str) -> bytes:
        """Return a program that requests another loader."""
        return self._joined([item.set_loader(name) for item in self._rewriters])

    def _joined(self, bodies: list[bytes]) -> bytes:
        return join([item._replace(data=body) for item, body in zip(self._files, bodies, strict=True)])


def macho_rewriter(data: bytes) -> MachoRewriter | UniversalRewriter | None:
    """Return a rewriter for a linked file, None for objects and static libraries. Raises ValueError, `struct.error`."""
    if not (files := slices(data)):
        return _thin_rewriter(data)
    if holds_libraries(data):
        return None
    found = [rewriter for item in files if (rewriter := _thin_rewriter(item.data))]
    return UniversalRewriter(files, found) if len(found) == len(files) else None


def _thin_rewriter(data: bytes) -> MachoRewriter | None:
    file = read_layout(data)
    return MachoRewriter(file) if file.header.kind in (rows.EXECUTE, rows.DYLIB, rows.BUNDLE) else None


def renamed(data: bytes, names: Mapping[str, str]) -> bytes:
    """Return a linked file with other names for libraries, run paths or the loader, and a new signature.

    Raises ValueError if there is no room for a name: linkers leave some on request (`-headerpad`), and a shorter one
    always fits.
    """
    file = read_layout(data)
    commands = [_renamed(command, names) for command in file.commands]
    whole = b"".join(commands)
    end = rows.HEADER.size + len(whole)
    if end > min((item.offset for item in file.sections if item.holds_bytes and item.offset), default=len(data)):
        raise ValueError("there is no room for the new names")
    header = file.header._replace(commands_size=len(whole))
    body = bytearray(data)
    old_end = rows.HEADER.size + file.header.commands_size
    body[: max(end, old_end)] = (rows.HEADER.pack(*header) + whole).ljust(max(end, old_end), b"\0")
    return signed(bytes(body))


def _renamed(command: Command, names: Mapping[str, str]) -> bytes:
    if command.kind not in _NAMED or command.text() not in names:
        return command.body
    (start,) = command.numbers(1)
    name = names[command.text()].encode() + b"\0"
    size = start + len(name)
    size += -size % _PART_ALIGNMENT
    return (rows.COMMAND.pack(command.kind, size) + command.body[rows.COMMAND.size : start] + name).ljust(size, b"\0")


def signed(data: bytes) -> bytes:
    """Return a file with its ad hoc signature (by nobody) renewed; a file without a signature unchanged."""
    file = read_layout(data)
    return _with_linkedit(file, {}) if file.first(rows.CODE_SIGNATURE) else data


def without_notes(data: bytes) -> bytes:
    """Return a linked file without the linker's entries for debuggers, which name source and object files; signed again."""
    file = read_layout(data)
    table, order = _kept_symbols(file, _is_no_note)
    if len(table) == _command(file, rows.SYMTAB).numbers(2)[1]:
        return signed(data)
    return _with_linkedit(file, _replaced(file, table, order))


def _is_visible(kind: int) -> bool:
    """Return whether a symbol of this type is one that other files define or use."""
    return bool(kind & rows.EXTERNAL) and not kind & (rows.STAB | rows.PRIVATE)


def _is_no_note(kind: int) -> bool:
    """Return whether a symbol of this type is not an entry for debuggers (<mach-o/stab.h>)."""
    return not kind & rows.STAB


def _kept_symbols(file: Layout, is_kept: Callable[[int], bool]) -> tuple[list[tuple[int, ...]], dict[int, int]]:
    """Return the symbols whose type is kept, and a map from old to new numbers."""
    symbols_at, count, *_ = _command(file, rows.SYMTAB).numbers(4)
    kept: list[tuple[int, ...]] = []
    order: dict[int, int] = {}
    raw = file.part(symbols_at, count * rows.SYMBOL.size)
    for number, symbol in enumerate(rows.SYMBOL.iter_unpack(raw)):
        if is_kept(symbol[1]):
            order[number] = len(kept)
            kept.append(symbol)
    return kept, order


def _command(file: Layout, kind: int) -> Command:
    found = file.first(kind)
    if found is None:
        raise ValueError(f"it has no load command of type {kind:#x}")
    return found


def _replaced(file: Layout, table: list[tuple[int, ...]], order: Mapping[int, int]) -> dict[int, bytes]:
    """Return the new symbols, strings and indirect table, by the place in a load command that holds their offset."""
    symtab, dysymtab = _command(file, rows.SYMTAB), _command(file, rows.DYSYMTAB)
    _, _, strings_at, strings_size = symtab.numbers(4)
    strings = file.part(strings_at, strings_size)
    names, symbols = bytearray(_EMPTY_NAME), bytearray()
    for at, *rest in table:
        name = strings[at : strings.index(b"\0", at) + 1]
        symbols += rows.SYMBOL.pack(len(names) if len(name) > 1 else 1, *rest)
        names += name if len(name) > 1 else b""
        if len(names) > len(file.data):
            raise ValueError("the names of its symbols overlap")
    fields = dysymtab.numbers(18)
    if any(fields[number] for number in _OBSOLETE):
        raise ValueError("it has tables that linkers no longer generate")
    raw = file.part(fields[_INDIRECT_AT], fields[_INDIRECT_COUNT] * _WORD)
    indirect = b"".join(
        _INDIRECT.pack(number if number & _SPECIAL else order.get(number, _NO_SYMBOL))
        for (number,) in _INDIRECT.iter_unpack(raw)
    )
    first = rows.COMMAND.size
    return {
        symtab.at + first: bytes(symbols),
        symtab.at + first + 2 * _WORD: bytes(names),
        dysymtab.at + first + _INDIRECT_AT * _WORD: indirect,
    }


def _parts(file: Layout) -> Iterator[_Part]:
    """Yield every part of the last segment except the signature."""
    for command in file.commands:
        start = command.at + rows.COMMAND.size
        if command.kind in rows.LINKEDIT_DATA and command.kind != rows.CODE_SIGNATURE:
            at, size = command.numbers(2)
            yield _Part(at, size, start)
        elif command.kind in (rows.DYLD_INFO, rows.DYLD_INFO_ONLY):
            fields = command.numbers(10)
            yield from (_Part(fields[number], fields[number + 1], start + number * _WORD) for number in _DYLD_INFO)
        elif command.kind == rows.SYMTAB:
            symbols, count, strings, size = command.numbers(4)
            yield _Part(symbols, count * rows.SYMBOL.size, start)
            yield _Part(strings, size, start + 2 * _WORD)
        elif command.kind == rows.DYSYMTAB:
            fields = command.numbers(18)
            place = start + _INDIRECT_AT * _WORD
            yield _Part(fields[_INDIRECT_AT], fields[_INDIRECT_COUNT] * _WORD, place)


def _with_linkedit(file: Layout, new: Mapping[int, bytes]) -> bytes:
    """Return a file whose last segment has the same parts in order, some with new bytes, and a new signature."""
    segment, row = _linkedit(file)
    parts = sorted((part for part in _parts(file) if part.at), key=lambda part: (part.at, part.size))
    body = bytearray(file.data[: row.offset])
    numbers: dict[int, int] = {}
    end = row.offset
    for part in parts:
        if part.size and part.at < end:
            raise ValueError("parts of its last segment overlap or are outside it")
        end = max(end, part.at + part.size)
        content = new.get(part.place, file.part(part.at, part.size))
        body += bytes(-len(body) % _PART_ALIGNMENT)
        numbers[part.place] = len(body)
        body += content
        numbers |= _sizes(file, part.place, content, is_new=bool(new))
    return _finished(file, segment, body, numbers)


def _sizes(file: Layout, place: int, content: bytes, *, is_new: bool) -> dict[int, int]:
    """Return the size field that follows a place, and the other fields that count symbols by kind."""
    symtab, dysymtab = file.first(rows.SYMTAB), file.first(rows.DYSYMTAB)
    is_table = symtab is not None and place == symtab.at + rows.COMMAND.size
    is_indirect = dysymtab is not None and place > dysymtab.at and place < dysymtab.at + len(dysymtab.body)
    unit = rows.SYMBOL.size if is_table else _WORD if is_indirect else 1
    found = {place + _WORD: len(content) // unit}
    if is_new and is_table and dysymtab is not None:
        defined, undefined = dysymtab.numbers(18)[3], dysymtab.numbers(18)[5]
        types = [symbol[1] for symbol in rows.SYMBOL.iter_unpack(content)]
        local = len(types) - defined - undefined
        if local < 0 or any(map(_is_visible, types[:local])) or not all(map(_is_visible, types[local:])):
            raise ValueError("its symbols are not sorted by type")
        start = dysymtab.at + rows.COMMAND.size + _GROUPS
        groups = (0, local, local, defined, local + defined, undefined)
        found |= {start + index * _WORD: number for index, number in enumerate(groups)}
    return found


def _linkedit(file: Layout) -> tuple[Command, rows.SegmentRow]:
    segments = [command for command in file.commands if command.kind == rows.SEGMENT]
    pairs = list(zip(segments, file.segments, strict=True))
    if not pairs or pairs[-1][1].name.rstrip(b"\0") != rows.LINKEDIT:
        raise ValueError("its last segment is not the one that linkers put last")
    return pairs[-1]


def _finished(file: Layout, segment: Command, body: bytearray, numbers: Mapping[int, int]) -> bytes:
    """Return the new file with updated load commands, segment size and signature."""
    for place, number in numbers.items():
        _INDIRECT.pack_into(body, place, number)
    before = read_signature(file)
    if before is None:
        _resize(body, segment, len(body))
        return bytes(body)
    if not before.ad_hoc:
        raise ValueError("it is signed by somebody")
    body += bytes(-len(body) % ALIGNMENT)
    size = signature_size(len(body), before.name)
    command = _command(file, rows.CODE_SIGNATURE)
    struct.pack_into("<2I", body, command.at + rows.COMMAND.size, len(body), size)
    _resize(body, segment, len(body) + size)
    text = next((item for item in file.segments if item.protection & rows.EXECUTABLE), file.segments[0])
    program = file.header.kind == rows.EXECUTE
    return bytes(body) + signature(bytes(body), before.name, text=(text.offset, text.size), program=program)


def _resize(body: bytearray, segment: Command, end: int) -> None:
    """Set the end of the last segment."""
    row = rows.SegmentRow(*rows.SEGMENT_ROW.unpack_from(segment.body, rows.COMMAND.size))
    size = end - row.offset
    memory = size if row.memory == row.size else size + -size % _PAGE
    rows.SEGMENT_ROW.pack_into(body, segment.at + rows.COMMAND.size, *row._replace(size=size, memory=memory))
