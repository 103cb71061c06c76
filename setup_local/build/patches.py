"""Applies our patches to an unpacked source tree."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from setup_local.catalog.patches import Edit, load_patch
from setup_local.errors import StepError


def apply_patches(tree: Path, names: Iterable[str], *, where: str) -> None:
    """Apply patches to a source tree in this order; raise `StepError` for an edit that does not match once."""
    for name in names:
        for edit in load_patch(name).edits:
            _apply(tree, edit, where=f"{where}: {name}")


def _apply(tree: Path, edit: Edit, *, where: str) -> None:
    """Replace the one place where the text occurs; all other bytes stay as they are."""
    path = tree / edit.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StepError(f"{edit.file} cannot be read: {error.strerror}", where=where) from error
    old, new = edit.find.encode(), edit.replace.encode()
    found = content.count(old)
    if found != 1:
        raise StepError(f"an edit of {edit.file} must match once, but matches {found} times", where=where)
    path.write_bytes(content.replace(old, new))
