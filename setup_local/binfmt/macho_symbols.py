"""Reads the symbol table of a Mach-O file (<mach-o/nlist.h>) into sets of names, as `symbols` does for ELF.

Names are as in C, without the underscore that prefixes every C name here. Names numbered by the assembler (`ltmp0`)
have none and are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_rows import Layout
from setup_local.binfmt.strings import StringTable
from setup_local.binfmt.symbols import MOST, NO_SYMBOLS, SymbolTable

_PREFIX = "_"
_NUMBERED = re.compile(r"ltmp\d+")
_DESCRIBED = rows.WEAK_REFERENCE | rows.WEAK_DEFINITION | rows.COLD_FUNCTION


class Symbols(NamedTuple):
    """The names, and whether there are debugger entries among them (`N_STAB`), which name source and object files.

    `cold` are functions that the compiler expects to run rarely or never.
    """

    table: SymbolTable
    stabs: bool
    cold: frozenset[str] = frozenset()


def c_name(name: str) -> str:
    """Return a symbol's name in C."""
    return name.removeprefix(_PREFIX)


def read_symbols(file: Layout) -> Symbols:
    """Read the table. Raises ValueError, `struct.error`."""
    command = file.first(rows.SYMTAB)
    if command is None:
        return Symbols(NO_SYMBOLS, stabs=False)
    symbols_at, count, strings_at, strings_size = command.numbers(4)
    if count > MOST:
        raise ValueError(f"a table of more than {MOST} symbols")
    raw = file.part(symbols_at, count * rows.SYMBOL.size)
    file.part(strings_at, strings_size)
    groups: defaultdict[tuple[int, int, int, bool], list[int]] = defaultdict(list)
    for at, kind, section, described, value in rows.SYMBOL.iter_unpack(raw):
        groups[kind, section, described & _DESCRIBED, value != 0].append(at)
    strings = StringTable(file.data, (strings_at, strings_size), symbols=count)
    code = frozenset(number for number, section in enumerate(file.sections, 1) if section.is_code)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for (kind, section, described, valued), places in groups.items():
        sets = tuple(_sets(kind, described, valued=valued, code=section in code))
        names = {c_name(name) for name in strings.all(places)} if sets else set()
        for name in sets:
            found[name] |= names
    stabs = any(kind & rows.STAB for kind, *_ in groups)
    cold = frozenset(found.pop("cold", ()))
    return Symbols(SymbolTable(**_frozen(found)), stabs, cold)


def _frozen(found: dict[str, set[str]]) -> dict[str, Any]:
    numbered = {name for name in found.get("locals", ()) if _NUMBERED.fullmatch(name)}
    return {kind: frozenset(names - numbered) for kind, names in found.items()}


def _sets(kind: int, described: int, *, valued: bool, code: bool) -> Iterator[str]:
    """Yield the sets that a symbol of this kind belongs to."""
    if kind & rows.STAB:
        return
    external, private = kind & rows.EXTERNAL, kind & rows.PRIVATE
    if external and kind & rows.TYPE == rows.UNDEFINED and not valued:  # with a value it is common, so defined
        yield "undefined"
        if described & rows.WEAK_REFERENCE:
            yield "optional"
        return
    if private:
        yield "hidden"
    elif not external:
        yield "locals"
    else:
        yield "weak" if described & rows.WEAK_DEFINITION else "globals"
    if code and kind & rows.TYPE == rows.IN_SECTION:
        yield "functions"
        if described & rows.COLD_FUNCTION:
            yield "cold"
