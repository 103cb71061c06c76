"""Reads the smaller tables of a PE image: debug directory, TLS, load configuration, base relocations.

Source: Microsoft's "PE Format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from setup_local.binfmt import coff_rows
from setup_local.binfmt.pe_layout import PeFile

_CODEVIEW, _REPRODUCIBLE = 2, 16  # IMAGE_DEBUG_TYPE_*
_PDB = b"RSDS"
ENTRY_SIZE = 28  # of the debug directory
_MOST_ENTRIES = 64
_MOST_CALLBACKS = 256
_MOST_BLOCKS = 1 << 20
_MOST_BYTES = 1 << 26  # of base relocations
_FIRST_KIND = 16  # the kind of a relocation is in the upper half of a byte; kind 0 is for alignment
_LONGEST = 4096
# Offset of GuardFlags in IMAGE_LOAD_CONFIG_DIRECTORY, by the size of an address.
_GUARD_FLAGS = {True: 0x90, False: 0x58}
_INSTRUMENTED = 0x100  # IMAGE_GUARD_CF_INSTRUMENTED
_BLOCK = struct.Struct("<II")


class DebugEntry(NamedTuple):
    """An entry of the debug directory: its type, its time, and id and path of a PDB, both empty for other types."""

    kind: int
    time: int
    identity: str
    pdb: str

    @property
    def reproducible(self) -> bool:
        """Return whether it declares that times in the file are hashes of its content."""
        return self.kind == _REPRODUCIBLE


def read_debug(file: PeFile) -> tuple[DebugEntry, ...]:
    """Read the debug directory. Raises ValueError, `struct.error`."""
    found = file.directory(coff_rows.DEBUG)
    if found is None:
        return ()
    count = found.size // ENTRY_SIZE
    if count > _MOST_ENTRIES:
        raise ValueError(f"more than {_MOST_ENTRIES} entries for debuggers")
    return tuple(_entry(file, *file.unpack("IIIIIII", found.address + ENTRY_SIZE * number)) for number in range(count))


def _entry(file: PeFile, _: int, time: int, __: int, kind: int, size: int, address: int, offset: int) -> DebugEntry:
    if kind != _CODEVIEW:
        return DebugEntry(kind, time, "", "")
    start = file.place(address)[0] if address else offset
    data = file.data[start : start + min(size, _LONGEST)]
    if not data.startswith(_PDB):
        return DebugEntry(kind, time, "", "")
    return DebugEntry(kind, time, data[4:20].hex(), data[24:].partition(b"\0")[0].decode("utf-8", "replace"))


def count_callbacks(file: PeFile) -> int:
    """Return how many functions the loader calls for each thread, before the entry point. Raises ValueError."""
    found = file.directory(coff_rows.TLS)
    if found is None:
        return 0
    callbacks = file.unpack(f"4{file.word}", found.address)[3]
    if not callbacks:
        return 0
    for count, (address,) in enumerate(file.rows(file.word, callbacks - file.optional.image_base)):
        if not address:
            return count
        if count >= _MOST_CALLBACKS:
            break
    raise ValueError("the table of TLS callbacks is not terminated")


def is_guarded(file: PeFile) -> bool:
    """Return whether calls are checked against a table of functions (Control Flow Guard). Raises ValueError."""
    found = file.directory(coff_rows.CONFIGURATION)
    if found is None or not file.optional.characteristics & coff_rows.GUARDED:
        return False
    at = _GUARD_FLAGS[file.is_64_bit]
    (size,) = file.unpack("I", found.address)
    return size >= at + 4 and bool(file.unpack("I", found.address + at)[0] & _INSTRUMENTED)


def count_relocations(file: PeFile) -> int:
    """Return how many places are changed when the image is loaded elsewhere. Raises ValueError."""
    found = file.directory(coff_rows.RELOCATIONS)
    if found is None or not found.size:
        return 0
    start, end = file.place(found.address)
    if found.size > _MOST_BYTES or start + found.size > end:
        raise ValueError("the base relocations are truncated or too many")
    return sum(_entries(file.data, start, start + found.size))


def _entries(data: bytes, at: int, end: int) -> Iterator[int]:
    """Yield how many relocations each block has, without those that are only for alignment."""
    for _ in range(_MOST_BLOCKS):
        if at + _BLOCK.size > end:
            return
        _, size = _BLOCK.unpack_from(data, at)
        if size < _BLOCK.size or at + size > end:
            raise ValueError("a block of base relocations is damaged")
        kinds = data[at + _BLOCK.size + 1 : at + size : 2]
        yield len(kinds) - sum(map(kinds.count, range(_FIRST_KIND)))
        at += size
    raise ValueError(f"more than {_MOST_BLOCKS} blocks of base relocations")
