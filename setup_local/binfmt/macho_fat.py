"""Splits and joins universal files, which contain the same program for several processors (<mach-o/fat.h>)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from setup_local.binfmt import ar

MAGIC, MAGIC_64 = b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"
_COUNT = struct.Struct(">I")
_ROWS = {MAGIC: struct.Struct(">5I"), MAGIC_64: struct.Struct(">2I2Q2I")}
_ALIGNMENT = 14  # as a power of two: the largest pages of macOS
_MOST = 32  # slices; there are not that many processors


class Slice(NamedTuple):
    """One of the files in a universal one: its processor (`cputype`, `cpusubtype`) and its bytes."""

    cpu: int
    subtype: int
    data: bytes


def slices(data: bytes) -> tuple[Slice, ...]:
    """Return the files in a universal one; nothing for any other file. Raises ValueError, `struct.error`."""
    row = _ROWS.get(data[: len(MAGIC)])
    if row is None:
        return ()
    (count,) = _COUNT.unpack_from(data, len(MAGIC))
    if count > _MOST:
        raise ValueError(f"a universal file with {count} slices")
    found, end = [], len(MAGIC) + _COUNT.size + count * row.size
    for index in range(count):
        cpu, subtype, offset, size, *_ = row.unpack_from(data, len(MAGIC) + _COUNT.size + index * row.size)
        if offset < end or offset + size > len(data):
            raise ValueError("the slices of a universal file overlap or are truncated")
        found.append(Slice(cpu, subtype, data[offset : offset + size]))
        end = offset + size
    return tuple(found)


def holds_libraries(data: bytes) -> bool:
    """Return whether the first file in a universal one is a static library. Raises ValueError, `struct.error`."""
    return any(item.data.startswith(ar.MAGIC) for item in slices(data)[:1])


def join(files: Sequence[Slice]) -> bytes:
    """Return a universal file built from files for several processors, each at a page boundary."""
    row = _ROWS[MAGIC]
    head = MAGIC + _COUNT.pack(len(files))
    body, end = b"", len(head) + len(files) * row.size
    for item in files:
        start = end + -end % (1 << _ALIGNMENT)
        body += bytes(start - end) + item.data
        head += row.pack(item.cpu, item.subtype, start, len(item.data), _ALIGNMENT)
        end = start + len(item.data)
    return head + body
