"""Reads CPython's own project files for Windows: sources, defines, directories, libraries of each project.

Resulting paths are relative to CPython's source tree, with `/`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from setup_local.errors import CatalogError
from setup_local.plan.msbuild import Evaluated, Item, evaluate

DIRECTORY = "PCbuild"
_EXPORT = re.compile(r"/EXPORT:(\w+,PRIVATE|\w+)(?=\s|$)")
_PROPERTY_MARK = "$("


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One file to compile, with its compile settings."""

    source: str
    defines: tuple[str, ...]
    includes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """One standard-library module compiled into the interpreter: its name, its source, the generated header."""

    module: str
    source: str
    header: str


@dataclass(frozen=True, kw_only=True)
class Project:
    """One project: what it compiles, the libraries it names, its link. `stack` is in bytes, 0 for the default.

    `exports` are functions that the source does not mark as exported, as the linker's option names them.
    """

    name: str
    target: str
    units: tuple[Unit, ...]
    resources: tuple[str, ...]
    libraries: tuple[str, ...]
    subsystem: str
    stack: int
    exports: tuple[str, ...] = ()
    frozen: tuple[Frozen, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProjectReader:
    """Reads projects; `text` returns the text of a file below `PCbuild`, `properties` override what the files set.

    Of the files that a project imports, only `imports` are read.
    """

    text: Callable[[str], str]
    properties: Mapping[str, str]
    imports: tuple[str, ...]

    def read(self, name: str) -> Project:
        """Read one project. Raises `CatalogError` for what cannot be evaluated."""
        given = {**self.properties, "ProjectName": name}
        found = evaluate(self.text(f"{name}.vcxproj"), given, self._imported)
        units = tuple(_unit(item, found) for item in found.items if item.kind == "ClCompile")
        return Project(
            name=name,
            target=found.properties.get("TargetName", name),
            units=units,
            resources=tuple(_path(item.include) for item in found.items if item.kind == "ResourceCompile"),
            libraries=tuple(word.lower() for word in _words(found.definitions.get("Link.AdditionalDependencies", ""))),
            subsystem=found.definitions.get("Link.SubSystem", "").lower(),
            stack=int(found.definitions.get("Link.StackReserveSize", "0")),
            exports=tuple(_EXPORT.findall(found.definitions.get("Link.AdditionalOptions", ""))),
            frozen=tuple(_frozen(item) for item in found.items if "ModName" in item.metadata),
        )

    def _imported(self, name: str) -> str | None:
        return self.text(name) if name in self.imports else None


def _unit(item: Item, project: Evaluated) -> Unit:
    def values(name: str) -> tuple[str, ...]:
        return _words(item.metadata.get(name, project.definitions.get(f"{item.kind}.{name}", "")))

    source = _path(item.include)
    unknown = [word for word in (source, *values("PreprocessorDefinitions")) if _PROPERTY_MARK in word]
    if unknown:
        raise CatalogError(f"contains something that is not evaluated: {unknown[0]}", where=source)
    includes = (_path(word) for word in values("AdditionalIncludeDirectories"))
    return Unit(source=source, defines=values("PreprocessorDefinitions"), includes=_unique(includes))


def _frozen(item: Item) -> Frozen:
    return Frozen(
        module=item.metadata["ModName"], source=_path(item.include), header=_path(item.metadata.get("OutFile", ""))
    )


def _words(text: str) -> tuple[str, ...]:
    """Return the parts of a semicolon-separated list, each once."""
    return _unique(word.strip() for word in text.split(";") if word.strip())


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _path(text: str) -> str:
    """Return a path relative to `PCbuild`, as in the project files, as one relative to the source tree."""
    path = text.strip().replace("\\", "/")
    if path.startswith("{tree}"):
        return posixpath.normpath(path.removeprefix("{tree}").lstrip("/") or ".")
    return posixpath.normpath(posixpath.join(DIRECTORY, path))
