"""Reads a packed distribution member by member, from front to back, without unpacking anything to disk.

This is for validation, which reports what is wrong; code that uses an archive's contents reads it with `safe_archive`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import zstandard

from setup_local.audit.streams import Damaged, Refused, unpacked
from setup_local.audit.tar import Member, MemberKind, Reader
from setup_local.catalog.limits import load_limits
from setup_local.errors import ArchiveError

__all__ = ["Member", "MemberKind", "read_members"]
HINT = "download or build it again"


def read_members(path: Path) -> Iterator[tuple[Member, Callable[[], bytes]]]:
    """Yield each member and a function that returns its bytes, to be called before the next member is taken.

    Raises `ArchiveError` for a file that cannot be read to its end as a `.tar.zst` or `.tar.gz` archive, or that
    exceeds a limit of `data/limits.toml`.
    """
    with _errors_named(path), unpacked(path, load_limits()) as stream:
        for member, read in Reader(stream=stream, limits=load_limits()).members():
            yield member, _named_reader(path, read)


def _named_reader(path: Path, read: Callable[[], bytes]) -> Callable[[], bytes]:
    """Also convert the errors of a function that is called outside the generator."""

    def named() -> bytes:
        with _errors_named(path):
            return read()

    return named


@contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    """Turn every error that a damaged archive can cause into an `ArchiveError`."""
    try:
        yield
    except Refused as error:
        raise ArchiveError(str(error), where=path) from error
    except (Damaged, zstandard.ZstdError, zlib.error) as error:
        raise ArchiveError(f"the archive is damaged: {error}", where=path, hint=HINT) from error
    except OSError as error:
        raise ArchiveError(f"cannot be read: {error.strerror or error}", where=path) from error
    except ValueError as error:
        raise ArchiveError(f"cannot be read: {error}", where=path) from error
