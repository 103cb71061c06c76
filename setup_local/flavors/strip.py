"""Removes symbol tables and debug sections from linked files."""

from __future__ import annotations

import struct

from setup_local.binfmt.formats import rewriter
from setup_local.errors import StageError


def strip(data: bytes, *, where: str) -> bytes:
    """Return a linked file without what is not loaded, and any other file as it is.

    Raises `StageError` for a file that is not laid out as linkers do.
    """
    try:
        file = rewriter(data)
        return data if file is None else file.strip()
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise StageError(f"cannot be stripped: {error}", where=where) from error
