"""Model of `data/llvm-tools.toml`: LLVM's tools that the compiler's wheel lacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml

FILE = paths.DATA / "llvm-tools.toml"


@dataclass(frozen=True, kw_only=True)
class LayoutTools:
    """Programs and files that only the layout needs, and the sources that only they need."""

    programs: tuple[str, ...]
    files: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ToolStub:
    """A shared library that defines only versioned names, in place of one that a program links but never calls here."""

    file: str
    version: str
    functions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ToolPackages:
    """Packages with the programs and all that they load; `loader` and `libraries` are below their common directory.

    `sources` are the names and versions of the pinned packages, `keep` the parts used of some (of others: the
    libraries), `files` are files that tools read, by their name in `lib/`.
    """

    loader: str
    libraries: str
    keep: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str]
    sources: Mapping[str, str]
    stubs: tuple[ToolStub, ...]


@dataclass(frozen=True, kw_only=True)
class ToolSource:
    """How tools are built from LLVM's source: static programs for `target`.

    `files` are files that tools read, by their name in `lib/`, and `goals` the goals that make each of them. `sources`
    are the names and versions of all sources, `keep` the required parts of each tree (none: all), `zlib` the files of
    zlib that are linked, `settings` variables of CMake's cache. Sources with one of `optimized` in their path are
    compiled with the additional flags `optimizing`.
    """

    programs: tuple[str, ...]
    target: str
    optimizing: tuple[str, ...]
    optimized: tuple[str, ...]
    zlib: tuple[str, ...]
    files: Mapping[str, str]
    goals: Mapping[str, str]
    sources: Mapping[str, str]
    keep: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class LlvmTools:
    """The whole file. `programs` maps each tool to its file below the packages' common directory."""

    programs: Mapping[str, str]
    layout: LayoutTools
    packages: ToolPackages
    source: ToolSource

    def without_layout(self) -> LlvmTools:
        """Return the tools for a build whose interpreter has no post-link layout."""
        dropped = self.layout
        return dataclasses.replace(
            self,
            programs=_without(self.programs, dropped.programs),
            packages=dataclasses.replace(
                self.packages,
                files=_without(self.packages.files, dropped.files),
                sources=_without(self.packages.sources, dropped.sources),
            ),
            source=dataclasses.replace(
                self.source,
                programs=tuple(name for name in self.source.programs if name not in dropped.programs),
                files=_without(self.source.files, dropped.files),
                goals=_without(self.source.goals, dropped.files),
                sources=_without(self.source.sources, dropped.sources),
            ),
        )


def _without(mapping: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in mapping.items() if name not in names}


@cache
def load_llvm_tools(path: Path = FILE) -> LlvmTools:
    """Read the tools and their sources; raise `CatalogError`."""
    return convert(LlvmTools, read_toml(path, "llvm-tools"), where=path)
