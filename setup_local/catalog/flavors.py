"""Model of `data/flavors.toml`: the parts of an archive, and the flavours made by leaving parts out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.errors import CatalogError
from setup_local.values import Linkage

FILE = "flavors.toml"
SCHEMA = "flavors"
_WILDCARDS = re.compile(r"(\*\*|\*)")
_MEANINGS = {"**": ".*", "*": "[^/]*"}
_BYTECODE = re.compile(r"(?P<directory>.*/)?__pycache__/(?P<module>[^/.]+)\.[^/]*\.pyc")


@dataclass(frozen=True, kw_only=True)
class Part:
    """Files with one purpose. In `files`, `*` matches within a directory and `**` across directories.

    With `libpython`, it exists only in archives whose interpreter has libpython linked that way.
    """

    name: str
    title: str
    files: tuple[str, ...]
    libpython: Linkage | None = None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(path_expression(pattern) for pattern in self.files))

    def claims(self, path: str, libpython: Linkage) -> bool:
        """Return whether a path of the installation belongs to this part, unless an earlier part has it."""
        return self.libpython in (None, libpython) and self._pattern.fullmatch(path) is not None


@dataclass(frozen=True, kw_only=True)
class Flavor:
    """One way to pack the installation: without some parts, with binaries stripped or not.

    A `detached` one has no installation, but the debug information that the stripped ones lack.
    """

    name: str
    title: str
    stripped: bool = False
    detached: bool = False
    without: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FlavorCatalog:
    """The whole file. `directories` are patterns of those that stay even if they become empty."""

    directories: tuple[str, ...]
    part: tuple[Part, ...]
    flavor: tuple[Flavor, ...]

    def part_of(self, path: str, libpython: Linkage = Linkage.STATIC) -> Part:
        """Return the part that a path of the installation belongs to; bytecode belongs to the part of its source.

        `libpython` says how it is linked into the interpreter.
        """
        source = source_of(path) or path
        return next(part for part in self.part if part.claims(source, libpython))

    def stays(self, directory: str) -> bool:
        """Return whether a directory must exist even if it is empty."""
        return any(re.fullmatch(path_expression(pattern), directory) for pattern in self.directories)

    def lacks(self, flavor: Flavor, path: str, libpython: Linkage = Linkage.STATIC) -> bool:
        """Return whether a flavour leaves a path of the installation out."""
        return self.part_of(path, libpython).name in flavor.without


def source_of(path: str) -> str:
    """Return the path of the source that bytecode was compiled from; empty for other files."""
    match = _BYTECODE.fullmatch(path)
    return f"{match['directory'] or ''}{match['module']}.py" if match else ""


def load_flavors(path: Path | None = None) -> FlavorCatalog:
    """Read parts and flavours; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    catalog = convert(FlavorCatalog, read_toml(file, SCHEMA), where=file)
    known = {part.name for part in catalog.part}
    for flavor in catalog.flavor:
        if unknown := set(flavor.without) - known:
            raise CatalogError(f"{flavor.name} leaves out unknown parts: {', '.join(sorted(unknown))}", where=file)
    if "**" not in catalog.part[-1].files:
        raise CatalogError("the last part must claim every file (**)", where=file)
    return catalog


def path_expression(pattern: str) -> str:
    """Return a regular expression for paths: `*` matches within a directory, `**` across directories."""
    return "".join(_MEANINGS.get(piece, re.escape(piece)) for piece in _WILDCARDS.split(pattern))
