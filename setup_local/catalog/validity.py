"""Remembers which files follow their schemas, so that each is checked once and not at every start.

What is kept in the cache is one line for each pair of a file's bytes and its schema's: whoever edits either gets it checked.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path

from setup_local import paths

FILE = "valid-documents.txt"


def mark(content: bytes, schema: Path) -> str:
    """Return what stands for a document and its schema; a schema that cannot be read is as good as empty here."""
    with suppress(OSError):
        return f"{hashlib.sha256(content).hexdigest()} {hashlib.sha256(schema.read_bytes()).hexdigest()}"
    return ""


def is_known(marked: str) -> bool:
    """Return whether that document was seen to follow that schema."""
    return bool(marked) and marked in _known(paths.cache_root() / FILE)


def remember(marked: str) -> None:
    """Keep that a document follows a schema; where nothing can be written, it is checked again the next time."""
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
