"""What a place offers: attempts to get one file, each of which can fail for a reason that is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class PlaceFailed(Exception):
    """A place does not have a file or cannot be reached; the text is the reason."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One way to get the file of a form: `where` as people read it, and what writes it.

    `download` gets an empty directory and returns the file that it wrote there.
    """

    where: str
    download: Callable[[Path], Path]
