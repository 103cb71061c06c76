"""Finds and reads the files that a user names: only regular ones, none larger than a binary may be."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from setup_local.catalog.limits import load_limits
from setup_local.errors import RequestError


def regular_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files among paths, and those below the directories among them, sorted. Raises `RequestError`."""
    for path in paths:
        kind = _kind(path)
        if stat.S_ISDIR(kind):
            yield from sorted(_below(path))
        elif stat.S_ISREG(kind):
            yield path
        else:
            raise RequestError("is a device or a pipe", where=path)


def _kind(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        raise RequestError("no such file or directory", where=path) from None
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot be read: {getattr(error, 'strerror', None) or error}", where=path) from error


def _below(directory: Path) -> Iterator[Path]:
    for place, _, names in os.walk(directory, onerror=_refuse):
        for name in names:
            path = Path(place, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def _refuse(error: OSError) -> None:
    raise RequestError(f"cannot be read: {error.strerror}", where=error.filename) from error


def read_bounded(path: Path) -> bytes:
    """Return a file's bytes. Raises `OSError`, and `ValueError` for a file that is too large to read."""
    most = load_limits().member_bytes
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise ValueError(f"has {size} bytes, more than the {most} that are read")
        return stream.read(most)
