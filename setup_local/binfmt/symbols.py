"""Reads an ELF symbol table quickly: names sorted into sets, no object for each symbol."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_STB_LOCAL, _STB_WEAK = 0, 2
_STT_FUNC, _STT_GNU_IFUNC, _STT_SECTION, _STT_FILE = 2, 10, 3, 4
_SHN_UNDEF = 0
_STV_DEFAULT, _STV_PROTECTED = 0, 3
_MOST = 500_000  # symbols of one table; large interpreters have 40,000
_LONGEST, _MOST_BYTES = 1 << 16, 1 << 25  # bytes of one name, and of all names of one table
_LAYOUT = {64: "IBBHQQ", 32: "IIIBBH"}


@dataclass(frozen=True, kw_only=True, slots=True)
class SymbolTable:
    """The names of one symbol table.

    `globals` and `weak` are visible to the linker, `hidden` were so until a linker made them local (or will be:
    hidden visibility), `locals` never were. `functions` are those of all four that are code. `undefined` are
    wanted from elsewhere, `optional` those of them that may be missing (weak). `defined_at` are the positions of the
    visible definitions in the table. `hot` are the names in sections for code that a profile calls hot.
    """

    globals: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    locals: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    undefined: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    hot: frozenset[str] = frozenset()
    defined_at: tuple[tuple[int, str], ...] = ()

    @property
    def linkable(self) -> frozenset[str]:
        """Return what another object file of the same link can refer to."""
        return self.globals | self.weak | self.hidden

    @property
    def defined(self) -> frozenset[str]:
        """Return every name that is defined here."""
        return self.linkable | self.locals

    def __len__(self) -> int:
        """Return the number of names."""
        kinds = (self.globals, self.weak, self.hidden, self.locals, self.undefined)
        return sum(len(names) for names in kinds)


NO_SYMBOLS = SymbolTable()


def read_symbols(
    data: bytes,
    *,
    table: tuple[int, int],
    names: tuple[int, int],
    elf_class: int,
    order: str,
    hot: frozenset[int] = frozenset(),
) -> SymbolTable:
    """Read the table at `table` (offset, size) whose names lie at `names`; `hot` are the numbers of sections.

    Raises ValueError, `struct.error`.
    """
    layout = struct.Struct(order + _LAYOUT[elf_class])
    if table[1] // layout.size > _MOST:
        raise ValueError(f"a table of more than {_MOST} symbols")
    raw = memoryview(data)[table[0] : table[0] + table[1] // layout.size * layout.size]
    end, left = min(names[0] + names[1], len(data)), _MOST_BYTES
    sorter = _Sorter(hot)
    for index, entry in enumerate(layout.iter_unpack(raw)):
        info, other, section = (entry[1], entry[2], entry[3]) if elf_class == 64 else entry[3:]  # noqa: PLR2004
        kind = info & 15
        if entry[0] == 0 or kind in (_STT_SECTION, _STT_FILE):
            continue
        start = names[0] + entry[0]
        stop = data.find(b"\0", start, min(end, start + _LONGEST))
        left -= stop - start
        if stop < 0 or left < 0:
            raise ValueError(
                "the names of the symbols are too long" if stop >= 0 else "the name of a symbol has no end"
            )
        name = data[start:stop].decode("utf-8", "replace").partition("@")[0]
        sorter.add(index, name, binding=info >> 4, kind=kind, visibility=other & 3, section=section)
    return sorter.result()


class _Sorter:
    """Puts each symbol into the sets it belongs to."""

    def __init__(self, hot: frozenset[int]) -> None:
        self.hot = hot
        self.sets: dict[str, set[str]] = {
            name: set() for name in ("globals", "weak", "hidden", "locals", "functions", "undefined", "optional", "hot")
        }
        self.defined_at: list[tuple[int, str]] = []

    def add(self, index: int, name: str, *, binding: int, kind: int, visibility: int, section: int) -> None:
        if section == _SHN_UNDEF:
            self.sets["undefined"].add(name)
            if binding == _STB_WEAK:
                self.sets["optional"].add(name)
            return
        if kind in (_STT_FUNC, _STT_GNU_IFUNC):
            self.sets["functions"].add(name)
        if section in self.hot:
            self.sets["hot"].add(name)
        place = _place(binding, visibility)
        self.sets[place].add(name)
        if place in ("globals", "weak"):
            self.defined_at.append((index, name))

    def result(self) -> SymbolTable:
        frozen = {name: frozenset(names) for name, names in self.sets.items()}
        return SymbolTable(**frozen, defined_at=tuple(self.defined_at))


def _place(binding: int, visibility: int) -> str:
    if visibility not in (_STV_DEFAULT, _STV_PROTECTED):
        return "hidden"
    if binding == _STB_LOCAL:
        return "locals"
    return "weak" if binding == _STB_WEAK else "globals"
