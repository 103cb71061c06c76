"""Model of `data/patches/*.toml`: our own changes of foreign sources, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, plural, read_toml

PATCHES = paths.DATA / "patches"


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One replacement in one file of a source tree; `find` must occur exactly once."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True, kw_only=True)
class Patch:
    """Edits of a source tree that belong together, and why they are made."""

    why: str
    edits: tuple[Edit, ...]


@cache
def load_patch(name: str) -> Patch:
    """Return the patch `data/patches/<name>`. Raises `CatalogError`."""
    path = PATCHES / name
    return convert(Patch, plural(read_toml(path, "patch"), "edit"), where=path)


def patch_files(names: Iterable[str]) -> tuple[Path, ...]:
    """Return the files of these patches."""
    return tuple(PATCHES / name for name in names)
