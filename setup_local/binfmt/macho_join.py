"""Joins the files of several processors: programs, libraries, object files, static libraries."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from setup_local.binfmt import ar
from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_fat import Slice, join

_PROCESSOR = struct.Struct("<II")  # cputype, cpusubtype; they follow the magic


def joined(files: Sequence[bytes]) -> bytes:
    """Return a universal file of Mach-O files or libraries for one processor each. Raises ValueError for others."""
    return join([_slice(data) for data in files])


def _slice(data: bytes) -> Slice:
    first = next((item.data for item in ar.members(data)), b"") if data.startswith(ar.MAGIC) else data
    if not first.startswith(rows.MAGIC) or len(first) < len(rows.MAGIC) + _PROCESSOR.size:
        raise ValueError("it is not a macOS file for one processor")
    cpu, subtype = _PROCESSOR.unpack_from(first, len(rows.MAGIC))
    return Slice(cpu, subtype, data)
