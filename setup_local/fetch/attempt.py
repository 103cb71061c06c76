"""The offers of a place: attempts to get one file, each of which can fail with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class PlaceFailed(Exception):
    """A place does not have a file or cannot be reached; the text is the reason."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One way to get the file of a form: `where` for messages, and the function that downloads it.

    `download` gets an empty directory and returns the file that it wrote there.
    """

    where: str
    download: Callable[[Path], Path]
