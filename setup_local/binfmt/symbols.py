"""Reads an ELF symbol table quickly: names sorted into sets, without an object for each symbol."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from setup_local.binfmt.rows import Form
from setup_local.binfmt.strings import StringTable

_STB_LOCAL, _STB_WEAK = 0, 2
_STT_FUNC, _STT_GNU_IFUNC, _STT_SECTION, _STT_FILE = 2, 10, 3, 4
_STV_DEFAULT, _STV_PROTECTED = 0, 3
MOST = 500_000  # symbols of one table; large interpreters have 40,000
_UNDEFINED, _HOT = 1 << 16, 1 << 17  # added to the number that `st_info` and `st_other` form


@dataclass(frozen=True, kw_only=True, slots=True)
class SymbolTable:
    """The names of one symbol table.

    `globals` and `weak` are visible to the linker. `hidden` were visible until a linker made them local (or will be
    until then: hidden visibility), `locals` never were. `functions` are those of all four that are code. `undefined`
    are required from elsewhere, `optional` those of them that may be missing (weak). `defined_at` are the positions of
    the visible definitions in the table, if requested. `hot` are the names in sections with code that a profile marks
    as hot.
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
        """Return the names that another object file in the same link can refer to."""
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
    form: Form,
    hot: frozenset[int] = frozenset(),
    positions: bool = False,
) -> SymbolTable:
    """Read the table at `table` (offset, size) whose names are at `names`; `hot` are section numbers.

    Raises ValueError, `struct.error`.
    """
    layout = form.marks
    if table[1] // layout.size > MOST:
        raise ValueError(f"a table of more than {MOST} symbols")
    raw = memoryview(data)[table[0] : table[0] + table[1] // layout.size * layout.size]
    marks = {0: _UNDEFINED} | dict.fromkeys(hot - {0}, _HOT)
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for at, flags, section in layout.iter_unpack(raw):
        groups[flags + marks.get(section, 0)].append(at)
    strings = StringTable(data, names, symbols=len(raw) // layout.size, cut="@")
    kinds = {mark: _Kind(mark, form.order) for mark in groups}
    sets: dict[str, Any] = _sorted(
        [(kinds[mark], strings.all(places)) for mark, places in groups.items() if kinds[mark].named]
    )
    if not positions:
        return SymbolTable(**sets)
    visible = {mark for mark, kind in kinds.items() if kind.named and kind.place in ("globals", "weak")}
    rows = enumerate(layout.iter_unpack(raw))
    found = ((index, at) for index, (at, flags, section) in rows if at and flags + marks.get(section, 0) in visible)
    return SymbolTable(**sets, defined_at=tuple((index, strings.one(at)) for index, at in found))


class _Kind:
    """The common properties of symbols with the same type, binding, visibility and section."""

    def __init__(self, mark: int, order: str) -> None:
        first, second = mark & 0xFF, mark >> 8 & 0xFF
        info, other = (first, second) if order == "<" else (second, first)
        self.undefined, self.hot = bool(mark & _UNDEFINED), bool(mark & _HOT)
        self.named = info & 15 not in (_STT_SECTION, _STT_FILE)
        self.function = info & 15 in (_STT_FUNC, _STT_GNU_IFUNC)
        self.weak = info >> 4 == _STB_WEAK
        self.place = "" if self.undefined else _place(info >> 4, other & 3)

    def sets(self) -> Iterator[str]:
        """Yield the names of the sets that a symbol of this kind belongs to."""
        if self.undefined:
            yield "undefined"
            if self.weak:
                yield "optional"
            return
        yield self.place
        if self.function:
            yield "functions"
        if self.hot:
            yield "hot"


def _sorted(groups: list[tuple[_Kind, set[str]]]) -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for kind, names in groups:
        for name in kind.sets():
            found[name] |= names
    return {name: frozenset(names) for name, names in found.items()}


def _place(binding: int, visibility: int) -> str:
    if visibility not in (_STV_DEFAULT, _STV_PROTECTED):
        return "hidden"
    if binding == _STB_LOCAL:
        return "locals"
    return "weak" if binding == _STB_WEAK else "globals"
