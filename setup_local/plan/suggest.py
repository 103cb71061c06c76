"""Hints for users who named something that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MOST_SHOWN = 30


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a hint: the name that was probably meant, and all known names unless there are too many."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, names, n=1)
    meant = f"did you mean {close[0]}?" if close else ""
    listed = f"known: {', '.join(names)}" if len(names) <= _MOST_SHOWN or not close else ""
    return " ".join(part for part in (meant, listed) if part)
