"""Collects the licence texts: one file for CPython and one for each library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup_local.errors import StageError
from setup_local.stage import files

DIRECTORY = "licenses"
CPYTHON = "cpython"


def file_name(name: str) -> str:
    """Return the path, below the staged tree, of the licence text of a library."""
    return f"{DIRECTORY}/LICENSE.{name}.txt"


def collect(root: Path, directory: Path, libraries: Mapping[str, Path], *, text: str = "LICENSE.txt") -> None:
    """Write every licence text, CPython's from `text` in `directory`; raise `StageError` if a library has none."""
    files.write(root / file_name(CPYTHON), files.read(directory / text))
    for name, prefix in libraries.items():
        files.write(root / file_name(name), _text(prefix / DIRECTORY))


def _text(directory: Path) -> str:
    """Return the texts of a library, each under its file's name if there are several."""
    found = [directory / name for name in files.below(directory)]
    texts = [files.read(path).strip() for path in found]
    if not texts or not all(texts):
        raise StageError("contains no licence text, or an empty one", where=directory)
    if len(texts) == 1:
        return f"{texts[0]}\n"
    return "\n\n".join(f"==== {path.name} ====\n\n{text}" for path, text in zip(found, texts, strict=True)) + "\n"
