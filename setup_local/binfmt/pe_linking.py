"""Reads a PE image's imports from DLLs and its exports (Microsoft's "PE Format"), as the Windows loader does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from setup_local.binfmt import coff_rows
from setup_local.binfmt.pe_layout import PeFile

_MOST_LIBRARIES = 1000
_MOST_NAMES = 200_000  # of one file; large DLLs have some thousands
_MOST_BYTES = 1 << 24  # of all names of one file
_RELATIVE = 1  # of delayed imports: their fields are relative to the image


class Imported(NamedTuple):
    """A DLL, and the names imported from it; an import by number is written `#7`."""

    library: str
    names: tuple[str, ...]


class Exported(NamedTuple):
    """The exports: each name with its forwarding target (`dll.name`), empty for a name that is defined here.

    `unnamed` is how many are exported only by number.
    """

    identity: str | None
    names: dict[str, str]
    unnamed: int


NO_EXPORTS = Exported(None, {}, 0)


class _Budget:
    """What may still be read: the limits of names and bytes for all parts of a file together."""

    def __init__(self) -> None:
        self.names, self.bytes = _MOST_NAMES, _MOST_BYTES

    def take(self, name: str) -> str:
        self.names -= 1
        self.bytes -= len(name)
        if self.names < 0 or self.bytes < 0:
            raise ValueError("too many imported or exported names")
        return name


def read_imports(file: PeFile) -> tuple[Imported, ...]:
    """Read the DLLs that are loaded with the image. Raises ValueError, `struct.error`."""
    found, budget = file.directory(coff_rows.IMPORTS), _Budget()
    libraries: list[Imported] = []
    for lookup, _, _, name, thunks in file.rows("IIIII", found.address) if found else ():
        if not name or not thunks:
            return tuple(libraries)
        _append(libraries, Imported(budget.take(file.text(name)), tuple(_names(file, lookup or thunks, budget))))
    if found:
        raise ValueError("the table of imported DLLs is not terminated")
    return ()


def read_delayed(file: PeFile) -> tuple[Imported, ...]:
    """Read the DLLs that are loaded only when something in them is called. Raises ValueError, `struct.error`."""
    found, budget = file.directory(coff_rows.DELAYED), _Budget()
    libraries: list[Imported] = []
    for row in file.rows("IIIIIIII", found.address) if found else ():
        attributes, name, names = row[0], row[1], row[4]
        if not name:
            return tuple(libraries)
        base = 0 if attributes & _RELATIVE else file.optional.image_base
        _append(libraries, Imported(budget.take(file.text(name - base)), tuple(_names(file, names - base, budget))))
    if found:
        raise ValueError("the table of delay-loaded DLLs is not terminated")
    return ()


def _append(libraries: list[Imported], item: Imported) -> None:
    libraries.append(item)
    if len(libraries) > _MOST_LIBRARIES:
        raise ValueError(f"more than {_MOST_LIBRARIES} imported DLLs")


def _names(file: PeFile, address: int, budget: _Budget) -> Iterator[str]:
    by_number = 1 << (63 if file.is_64_bit else 31)
    for (entry,) in file.rows(file.word, address):
        if not entry:
            return
        yield budget.take(f"#{entry & 0xFFFF}" if entry & by_number else file.text(entry + 2))
    raise ValueError("a table of imported names is not terminated")


def read_exports(file: PeFile) -> Exported:
    """Read the exports. Raises ValueError, `struct.error`."""
    found = file.directory(coff_rows.EXPORTS)
    if found is None:
        return NO_EXPORTS
    _, _, _, own, _, count, named, functions, names, ordinals = file.unpack("IIIIIIIIII", found.address)
    if max(count, named) > _MOST_NAMES:
        raise ValueError(f"more than {_MOST_NAMES} exports")
    places = file.unpack(f"{count}I", functions) if count else ()
    budget, exported, used = _Budget(), {}, set()
    rows = zip(file.unpack(f"{named}I", names), file.unpack(f"{named}H", ordinals), strict=True) if named else ()
    for name, number in rows:
        if number >= count:
            raise ValueError("an exported name has no address")
        used.add(number)
        forwarded = found.address <= places[number] < found.address + found.size
        exported[budget.take(file.text(name))] = budget.take(file.text(places[number])) if forwarded else ""
    unnamed = sum(1 for number, place in enumerate(places) if place and number not in used)
    return Exported(file.text(own) if own else None, exported, unnamed)
