"""Applies our patches to an unpacked source tree."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from setup_local.catalog.patches import Edit, Patch, Unmatched
from setup_local.errors import StepError


def apply_patches(tree: Path, patches: Iterable[Patch], *, where: str) -> None:
    """Apply patches to a source tree in this order; raise `StepError` for an edit that does not match exactly once."""
    for patch in patches:
        for edit in patch.edits:
            _apply(tree, edit, where=f"{where}: {patch.name}")


def _apply(tree: Path, edit: Edit, *, where: str) -> None:
    """Replace the only occurrence of the text; all other bytes stay the same."""
    path = tree / edit.file
    try:
        edited = edit.made(path.read_bytes().decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise StepError(f"{edit.file} cannot be read: {error.strerror}", where=where) from error
    except Unmatched as error:
        raise StepError(str(error), where=where) from error
    path.write_bytes(edited.encode("utf-8", "surrogateescape"))
