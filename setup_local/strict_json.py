"""Parses untrusted JSON: UTF-8 without a byte order mark, bounded size and depth, unique keys, encodable text."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn


def parse(data: bytes, *, limit: int) -> Any:
    """Return the document in these bytes. Raises `ValueError` with the reason if it is invalid."""
    if len(data) > limit:
        raise ValueError(f"larger than {limit} bytes")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte {error.start}") from error
    except UnicodeEncodeError as error:
        raise ValueError("contains half of a surrogate pair, which is not valid text") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"has the key {name!r} more than once")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
