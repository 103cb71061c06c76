"""Reads the symbols of a COFF object or PE image into sets of names (Microsoft's "PE Format", "COFF Symbol Table")."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from setup_local.binfmt import coff_rows
from setup_local.binfmt.coff_rows import FileHeader
from setup_local.binfmt.symbols import NO_SYMBOLS, SymbolTable

_EXTERNAL, _STATIC, _WEAK = 2, 3, 105  # IMAGE_SYM_CLASS_*
_FUNCTION = 0x20  # IMAGE_SYM_DTYPE_FUNCTION
POINTER = "__imp_"  # prefix of the pointer through which code reaches a symbol of a DLL
_SIZE = re.compile(r"@\d+$")
_MOST = 500_000
_MOST_BYTES = 1 << 25  # total for all names
_LONGEST = 1 << 16


class _Row(NamedTuple):
    """A symbol; `section` is 0 if it is defined elsewhere, `default` is the fallback if a weak one is not found."""

    name: str
    value: int
    section: int
    function: bool
    storage: int
    default: int


def read_symbols(
    data: bytes, header: FileHeader, layout: struct.Struct = coff_rows.SYMBOL, *, hot: Collection[int] = ()
) -> SymbolTable:
    """Read all symbols of a file; `hot` are the numbers of sections with hot code. Raises ValueError, `struct.error`."""
    if not header.symbols_at or not header.symbol_count:
        return NO_SYMBOLS
    if header.symbol_count > _MOST:
        raise ValueError(f"a table of more than {_MOST} symbols")
    if header.symbols_at + header.symbol_count * layout.size > len(data):
        raise ValueError("the symbols are truncated")
    table = _Table(data, header, layout)
    underscored = header.machine == coff_rows.UNDERSCORED
    sets: dict[str, set[str]] = {}
    for row in table.rows():
        name = plain(row.name) if underscored else row.name
        for kind in _kinds(row, table):
            sets.setdefault(kind, set()).add(name)
        if row.section in hot:
            sets.setdefault("hot", set()).add(name)
    found: dict[str, Any] = {kind: frozenset(names) for kind, names in sets.items()}
    return SymbolTable(**found)


def plain(name: str) -> str:
    """Return a name as it is in C; the prefix of a pointer stays.

    Compilers that put an underscore before names also append the size of the arguments that a function removes from the
    stack (`_CloseHandle@4`).
    """
    pointer = POINTER if name.startswith(POINTER) else ""
    return pointer + _SIZE.sub("", name.removeprefix(pointer).removeprefix("_"))


class _Table:
    """The symbols of a file, followed by the string table with long names."""

    def __init__(self, data: bytes, header: FileHeader, layout: struct.Struct) -> None:
        self._data, self._layout = data, layout
        self._start, self._count = header.symbols_at, header.symbol_count
        self._strings = self._start + self._count * layout.size
        self._left = _MOST_BYTES

    def rows(self) -> Iterator[_Row]:
        """Yield the symbols that matter to a linker."""
        number = 0
        while number < self._count:
            raw, value, section, kind, storage, more = self._at(number)
            is_section = storage == _STATIC and more and not value and not kind
            if storage in (_EXTERNAL, _STATIC, _WEAK) and not is_section:
                default = self._default(number) if storage == _WEAK and more else -1
                yield _Row(self._name(raw), value, section, kind & 0xF0 == _FUNCTION, storage, default)
            number += 1 + more

    def defined(self, number: int) -> tuple[bool, bool]:
        """Return whether the symbol with this number is defined in a section, and whether it is a function."""
        if not 0 <= number < self._count:
            return False, False
        _, _, section, kind, _, _ = self._at(number)
        return section > 0, kind & 0xF0 == _FUNCTION

    def _at(self, number: int) -> tuple[bytes, int, int, int, int, int]:
        return self._layout.unpack_from(self._data, self._start + number * self._layout.size)

    def _default(self, number: int) -> int:
        at = self._start + (number + 1) * self._layout.size
        return int.from_bytes(self._data[at : at + 4], "little")

    def _name(self, raw: bytes) -> str:
        if raw[:4] != bytes(4):
            return raw.rstrip(b"\0").decode("utf-8", "replace")
        start = self._strings + int.from_bytes(raw[4:], "little")
        stop = self._data.find(b"\0", start, start + _LONGEST)
        self._left -= stop - start
        if stop < 0:
            raise ValueError("the name of a symbol is not terminated")
        if self._left < 0:
            raise ValueError("the names of the symbols are too long")
        return self._data[start:stop].decode("utf-8", "replace")


def _kinds(row: _Row, table: _Table) -> Iterator[str]:
    """Yield the sets of `SymbolTable` that a symbol belongs to."""
    function = row.function
    if row.storage == _WEAK:
        defined, function = table.defined(row.default)
        if not defined:
            yield from ("undefined", "optional")
            return
        yield "weak"
    elif row.storage == _STATIC:
        yield "locals"
    elif row.section or row.value:  # a value without a section is the size of common data
        yield "globals"
    else:
        yield "undefined"
        return
    if function:
        yield "functions"
