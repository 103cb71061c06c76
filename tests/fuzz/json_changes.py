"""Changes a JSON document so that it stays JSON: of random bytes, almost none get past the parser."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

_ODD: tuple[Any, ...] = (None, True, -1, 0, 2**63, 1e308, "", "..", "/etc/passwd", "\0", "\x1b[31m", "\ud800", [], {})
# Inserted into a string, possibly in place of a character.
_BETWEEN = ("", "\x7f", "\n", ".", "/", "../", "-", "9")


def changed(data: bytes, largest: int, seed: int) -> bytes | None:
    """Return a document with up to four values changed; None if the bytes are not JSON or the result is too large."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        document = _change(document, chance)
    text = json.dumps(document).encode()
    return text if len(text) <= largest else None


def _change(document: Any, chance: random.Random) -> Any:
    """Change one value, or the document itself if it contains none."""
    places = _places(document)
    if not places:
        return copy.deepcopy(chance.choice(_ODD))
    holder, key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            holder[key] = copy.deepcopy(chance.choice(_ODD))
        case 1:
            del holder[key]
        case 2:
            other, at = chance.choice(places)
            holder[key] = copy.deepcopy(other[at])
        case 3:
            holder[key] = _near(holder[key], chance)
        case 4 if isinstance(holder, dict):
            holder[str(_near(key, chance))] = copy.deepcopy(holder[key])
        case _:
            holder[key] = [copy.deepcopy(holder[key]), holder[key]]
    return document


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Return every value of a document, as its container and its key there."""
    found: list[tuple[Any, Any]] = []
    left = [document]
    while left:
        holder = left.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        found += ((holder, key) for key in keys)
        left += (holder[key] for key in keys)
    return found


def _near(value: Any, chance: random.Random) -> Any:
    """Return a value similar to another."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, (int, float)):
        return value + chance.choice((-1, 1))
    if isinstance(value, str):
        at = chance.randint(0, len(value))
        return value[:at] + chance.choice(_BETWEEN) + value[at + chance.randint(0, 1) :]
    return list(value)[: chance.randint(0, len(value))]
