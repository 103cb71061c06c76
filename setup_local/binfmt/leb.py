"""Reads variable-length numbers (LEB128, DWARF 5, section 7.6)."""

from __future__ import annotations

_MOST_BITS = 64


def read_uleb(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at an offset, and the next offset. Raises ValueError if it is cut off or too long."""
    value = shift = 0
    while at < len(data) and shift < _MOST_BITS:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
    raise ValueError("a number is truncated or too long")
