"""Removes symbol tables and debug sections from linked files."""

from __future__ import annotations

import struct

from setup_local.binfmt.formats import rewriter
from setup_local.errors import StageError


def strip(data: bytes, *, where: str) -> bytes:
    """Return a linked file without the parts that are not loaded, and any other file unchanged.

    Raises `StageError` for a file with a layout that linkers do not produce.
    """
    try:
        file = rewriter(data)
        return data if file is None else file.strip()
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise StageError(f"cannot be stripped: {error}", where=where) from error
