"""Reads the dynamic segment of an ELF file (gABI, "Dynamic Linking"; LSB, "Symbol Versioning") as a loader does.

Counts and sizes that a loader ignores are ignored; a file is rejected if a loader would read on without end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from setup_local.binfmt.segments import DYNAMIC, Loaded

NEEDED, STRTAB, SYMTAB, SONAME, RPATH, RUNPATH = 1, 5, 6, 14, 15, 29
FLAGS, FLAGS_1, BIND_NOW, TEXTREL = 30, 0x6FFFFFFB, 24, 22
VERSYM, VERNEED = 0x6FFFFFF0, 0x6FFFFFFE
_HASH, _GNU_HASH = 4, 0x6FFFFEF5
_RELA, _RELA_SIZE, _REL, _REL_SIZE, _JUMPS, _JUMPS_SIZE, _JUMPS_KIND = 7, 8, 17, 18, 23, 2, 20
# R_<processor>_COPY, from the psABI of each.
_COPY = {
    "EM_386": 5,
    "EM_AARCH64": 1024,
    "EM_ARM": 20,
    "EM_LOONGARCH": 4,
    "EM_MIPS": 126,
    "EM_PPC64": 19,
    "EM_RISCV": 4,
    "EM_S390": 9,
    "EM_X86_64": 5,
}
_LONG = 8  # bytes of an address in 64-bit files
_MOST_ENTRIES = 4096  # of a dynamic segment; large programs have a few hundred
_MOST_VERSIONS = 20_000
_MOST_SYMBOLS = 1 << 20
_WIDE_HASH = ("EM_S390", "EM_ALPHA")  # their 64-bit files have hash tables (DT_HASH) of 64-bit words


@dataclass(frozen=True, kw_only=True)
class Dynamic:
    """The entries of a dynamic segment in order; if a tag occurs twice, loaders use the last."""

    image: Loaded
    entries: tuple[tuple[int, int], ...]

    def value(self, tag: int) -> int | None:
        """Return the value of a tag."""
        return next((value for name, value in reversed(self.entries) if name == tag), None)

    def texts(self, tag: int) -> tuple[str, ...]:
        """Return the strings of every entry with a tag."""
        offsets = [value for name, value in self.entries if name == tag]
        table = self.value(STRTAB)
        if offsets and table is None:
            raise ValueError("the dynamic segment names strings, but has no string table")
        return tuple(self.image.text((table or 0) + offset) for offset in offsets)

    def place(self, tag: int) -> int | None:
        """Return the file offset that a tag's address corresponds to; None without that tag."""
        address = self.value(tag)
        return None if address is None else self.image.place(address)[0]

    def version_needs(self) -> Iterator[tuple[str, str, int]]:
        """Yield library, name and index of each required symbol version."""
        address, left = self.value(VERNEED), _MOST_VERSIONS
        strings = self.value(STRTAB) or 0
        while address is not None:
            _, _, file, first, following = self.image.unpack("HHIII", address)
            library = self.image.text(strings + file)
            at = address + first
            while True:
                left -= 1
                if left < 0:
                    raise ValueError(f"more than {_MOST_VERSIONS} symbol versions")
                _, _, other, name, more = self.image.unpack("IHHII", at)
                yield library, self.image.text(strings + name), other
                if not more:
                    break
                at += more
            address = address + following if following else None

    def symbol_count(self) -> int:
        """Return a lower bound for the number of symbols, from hash tables and relocations: no field states it."""
        relocated = max((symbol for symbol, _ in self.relocations), default=-1) + 1
        count = max(self._hashed(), self._gnu_hashed(), relocated)
        if count > _MOST_SYMBOLS:
            raise ValueError(f"more than {_MOST_SYMBOLS} dynamic symbols")
        return count

    def copied(self) -> frozenset[int]:
        """Return the numbers of the symbols whose data are copied from a library."""
        copy = _COPY.get(self.image.machine)
        return frozenset(symbol for symbol, kind in self.relocations if kind == copy)

    def symbol_table(self, count: int) -> tuple[int, int]:
        """Return offset and size of the dynamic symbol table, for this many symbols."""
        address = self.value(SYMTAB)
        if address is None:
            return 0, 0
        start, end = self.image.place(address)
        size = count * self.image.form.symbol.size
        if start + size > end:
            raise ValueError("the table of dynamic symbols is truncated")
        return start, size

    def string_table(self) -> tuple[int, int]:
        """Return offset and size of the strings; they may extend to the end of their segment."""
        address = self.value(STRTAB)
        if address is None:
            return 0, 0
        start, end = self.image.place(address)
        return start, end - start

    def _hashed(self) -> int:
        address = self.value(_HASH)
        if address is None:
            return 0
        if self.image.form.word == _LONG and self.image.machine in _WIDE_HASH:
            buckets, count = self.image.unpack("QQ", address)
            start, end = self.image.place(address)
            if _LONG * (2 + buckets + count) <= end - start:
                return count
        return self.image.unpack("II", address)[1]  # LLD writes 32-bit words for every processor

    def _gnu_hashed(self) -> int:
        address = self.value(_GNU_HASH)
        if address is None:
            return 0
        buckets, first, words, _ = self.image.unpack("IIII", address)
        if buckets > _MOST_SYMBOLS:
            raise ValueError(f"more than {_MOST_SYMBOLS} hash buckets")
        table = address + 16 + words * self.image.form.word
        last = max(self.image.unpack(f"{buckets}I", table), default=0)
        if not last:
            return 0
        if last < first:
            raise ValueError("a damaged hash table of dynamic symbols")
        start, end = self.image.place(table + 4 * (buckets + last - first))
        chain = struct.Struct(f"{self.image.form.order}I")
        for at in range(start, end - 3, 4):
            if chain.unpack_from(self.image.data, at)[0] & 1:
                return last + 1 + (at - start) // 4
        raise ValueError("the hash table of dynamic symbols is not terminated")

    @cached_property
    def relocations(self) -> frozenset[tuple[int, int]]:
        """Return symbol and type of the relocations, each pair once. Raises ValueError if there are too many."""
        found: set[int] = set()
        infos = self._infos()
        while some := set(islice(infos, _MOST_SYMBOLS)):
            found |= some
            if len(found) > _MOST_SYMBOLS:
                raise ValueError(f"relocations for more than {_MOST_SYMBOLS} dynamic symbols")
        return frozenset(map(self.image.form.split_info, found))

    def _infos(self) -> Iterator[int]:
        """Yield `r_info` of every relocation."""
        form = self.image.form
        plain, addend = form.relocation(addend=False), form.relocation(addend=True)
        jumps = addend if self.value(_JUMPS_KIND) == _RELA else plain
        for tag, length, entry in ((_RELA, _RELA_SIZE, addend), (_REL, _REL_SIZE, plain), (_JUMPS, _JUMPS_SIZE, jumps)):
            address, size = self.value(tag), self.value(length) or 0
            if address is None or not size:
                continue
            start, end = self.image.place(address)
            if start + size > end:
                raise ValueError("a table of relocations is truncated")
            raw = memoryview(self.image.data)[start : start + size // entry.size * entry.size]
            yield from (row[1] for row in entry.iter_unpack(raw))


def read_dynamic(image: Loaded) -> Dynamic | None:
    """Read the entries up to the terminating one; None for a file without a dynamic segment. Raises ValueError."""
    segment = next((item for item in reversed(image.segments) if item.kind == DYNAMIC), None)
    if segment is None:
        return None
    start, end = image.place(segment.address)
    layout = image.form.entry
    entries: list[tuple[int, int]] = []
    for at in range(start, end - layout.size + 1, layout.size):
        tag, value = layout.unpack_from(image.data, at)
        if not tag:
            return Dynamic(image=image, entries=tuple(entries))
        entries.append((tag, value))
        if len(entries) > _MOST_ENTRIES:
            raise ValueError(f"a dynamic segment of more than {_MOST_ENTRIES} entries")
    raise ValueError("the dynamic segment is not terminated")
