"""Remembers which files follow their schemas, so that each is checked once and not at every start.

The cache has one line for each pair of a file's bytes and its schema's: if either is edited, the file is checked again.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path

from setup_local import paths

FILE = "valid-documents.txt"


def mark(content: bytes, schema: Path) -> str:
    """Return an identifier of a document and its schema; an unreadable schema counts as empty here."""
    with suppress(OSError):
        return f"{hashlib.sha256(content).hexdigest()} {hashlib.sha256(schema.read_bytes()).hexdigest()}"
    return ""


def is_known(marked: str) -> bool:
    """Return whether this document was found to follow this schema."""
    return bool(marked) and marked in _known(paths.cache_root() / FILE)


def remember(marked: str) -> None:
    """Record that a document follows a schema; if nothing can be written, it is checked again the next time."""
    file = paths.cache_root() / FILE
    _known(file).add(marked)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="ascii") as stream:
            stream.write(f"{marked}\n")


@cache
def _known(file: Path) -> set[str]:
    try:
        return set(file.read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return set()
