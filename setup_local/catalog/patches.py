"""Model of `data/patches/*.toml`: our own changes of third-party sources, each with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, plural, read_toml
from setup_local.catalog.versions import admits

PATCHES = paths.DATA / "patches"
PIP_LAUNCHERS = "pip-launchers.toml"
"""The patch of the pip that comes with CPython."""


class Unmatched(Exception):
    """An edit does not match exactly once in a text; the message shows the searched text and the number of matches."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One replacement in one file of a source tree; `find` must occur exactly once."""

    file: str
    find: str
    replace: str

    def made(self, text: str) -> str:
        """Return the text with the edit applied; raise `Unmatched` unless it matches exactly once."""
        if (count := text.count(self.find)) != 1:
            line = next(line.strip() for line in self.find.splitlines() if line.strip())
            raise Unmatched(f"searches for {line!r} in {self.file}, which contains it {count} times")
        return text.replace(self.find, self.replace)


@dataclass(frozen=True, kw_only=True)
class PatchText:
    """Edits of a source tree that belong together, and their reason, as in the file.

    `versions` are those of a library's source that need them, a PEP 440 specifier set; empty for all. CPython's patches
    have conditions in the catalog instead.
    """

    why: str
    edits: tuple[Edit, ...]
    versions: str = ""


@dataclass(frozen=True, kw_only=True)
class Patch(PatchText):
    """A patch, with the name of its file and the file's hash."""

    name: str
    sha256: str


@cache
def load_patch(name: str) -> Patch:
    """Return the patch `data/patches/<name>`. Raises `CatalogError`."""
    path = PATCHES / name
    text = convert(PatchText, plural(read_toml(path, "patch"), "edit"), where=path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Patch(name=name, sha256=digest, why=text.why, edits=text.edits, versions=text.versions)


def load_patches(names: Iterable[str]) -> tuple[Patch, ...]:
    """Return these patches. Raises `CatalogError`."""
    return tuple(map(load_patch, names))


def patches_for(names: Iterable[str], version: str) -> tuple[Patch, ...]:
    """Return the patches that a version of their source needs."""
    return tuple(patch for patch in load_patches(names) if admits(patch.versions, version))


def patch_files(names: Iterable[str]) -> tuple[Path, ...]:
    """Return the files of these patches."""
    return tuple(PATCHES / name for name in names)
