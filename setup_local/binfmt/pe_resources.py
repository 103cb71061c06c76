"""Reads the manifests among the resources of a PE image (Microsoft's "PE Format", "The .rsrc Section")."""

from __future__ import annotations

from collections.abc import Iterator

from setup_local.binfmt import coff_rows
from setup_local.binfmt.pe_layout import PeFile

_MANIFEST = 24  # RT_MANIFEST
_TABLE = 1 << 31  # flag of an entry that refers to another table
_MOST_ENTRIES = 4096  # that are read, of all tables together
_MOST_BYTES = 1 << 16  # of one manifest
_HEADER, _ENTRY = 16, 8  # bytes of a table before its entries, and of an entry


def read_manifests(file: PeFile) -> tuple[str, ...]:
    """Return the texts of all manifests. Raises ValueError, `struct.error`."""
    found = file.directory(coff_rows.RESOURCES)
    return tuple(_Tables(file, found.address).manifests()) if found else ()


class _Tables:
    """The resource tables: one of types, below it those of names, below these those of languages."""

    def __init__(self, file: PeFile, start: int) -> None:
        self._file, self._start = file, start
        self._left = _MOST_ENTRIES

    def manifests(self) -> Iterator[str]:
        """Yield the text of every manifest, in whatever language."""
        for kind, names in self._entries(_TABLE):
            if kind == _MANIFEST:
                for _, languages in self._entries(names):
                    for _, place in self._entries(languages):
                        yield self._text(place)

    def _entries(self, place: int) -> Iterator[tuple[int, int]]:
        """Yield the number of each entry of a table, and what the entry refers to."""
        if not place & _TABLE:
            raise ValueError("resources are not in tables of three levels")
        at = self._start + place - _TABLE
        named, numbered = self._file.unpack("12x2H", at)
        for number in range(named + numbered):
            self._left -= 1
            if self._left < 0:
                raise ValueError(f"more than {_MOST_ENTRIES} resources")
            name, leads = self._file.unpack("2I", at + _HEADER + _ENTRY * number)
            yield name, leads

    def _text(self, place: int) -> str:
        address, size = self._file.unpack("2I", self._start + place)
        start, end = self._file.place(address)
        if size > _MOST_BYTES or start + size > end:
            raise ValueError("a manifest is truncated or too long")
        return self._file.data[start : start + size].decode("utf-8", "replace")
