"""Reads tables of zero-terminated strings, as symbol tables refer to them."""

from __future__ import annotations

from itertools import accumulate, chain, count
from operator import add

_LONGEST, _MOST_BYTES = 1 << 16, 1 << 25  # bytes of one name, and of all names of one table
_OTHER_NAMES = 1 << 16  # names in a string table that do not belong to its symbols


class StringTable:
    """A string table, split as a whole if its size is in proportion; strings that begin within another are read singly.

    Everything from `cut` on is left out: `memcpy@GLIBC_2.14` has a version.
    """

    def __init__(self, data: bytes, place: tuple[int, int], *, symbols: int, cut: str = "") -> None:
        self.cut = cut
        self.data, self.start, self.end = data, place[0], min(sum(place), len(data))
        self.left = _MOST_BYTES
        self.known = {0: ""}
        table = data[self.start : self.end]
        if len(table) <= _MOST_BYTES and table.count(0) <= symbols + _OTHER_NAMES:
            self._split(table)

    def _split(self, table: bytes) -> None:
        parts = table.split(b"\0")[:-1]
        if max(map(len, parts), default=0) >= _LONGEST:
            return
        texts = _text(table).split("\0")  # a damaged character ends before the zero
        if self.cut and self.cut.encode() in table:
            texts = [text.partition(self.cut)[0] for text in texts]
        starts = map(add, chain((0,), accumulate(map(len, parts))), count())
        self.known = dict(zip(starts, texts[: len(parts)], strict=False)) | {0: ""}

    def all(self, places: list[int]) -> set[str]:
        """Return the strings at these places; there is none at 0. Raises ValueError."""
        found: set[str | None] = set(map(self.known.get, places))
        if None in found:
            found |= {self.one(place) for place in set(places) - self.known.keys()}
        return {name for name in found if name}

    def one(self, place: int) -> str:
        """Return the string at a place. Raises ValueError."""
        known = self.known.get(place)
        if known is not None:
            return known
        start = self.start + place
        stop = self.data.find(b"\0", start, min(self.end, start + _LONGEST))
        self.left -= stop - start
        if stop < 0:
            raise ValueError("the name of a symbol is not terminated")
        if self.left < 0:
            raise ValueError("the names of the symbols are too long")
        text = _text(self.data[start:stop])
        return text.partition(self.cut)[0] if self.cut else text


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
