"""Model of `data/llvm-tools.toml`: LLVM's tools that the compiler's wheel lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml

FILE = paths.DATA / "llvm-tools.toml"


@dataclass(frozen=True, kw_only=True)
class ToolStub:
    """A shared library with nothing but versioned names, for one that a program links but never calls here."""

    file: str
    version: str
    functions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ToolPackages:
    """Packages with the programs and all that they load; `loader` and `libraries` lie below their common directory.

    `sources` are the names and versions of the pinned packages, `keep` what is taken of some (of others: the
    libraries), `files` what tools read, by the name that it gets in `lib/`.
    """

    loader: str
    libraries: str
    keep: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str]
    sources: Mapping[str, str]
    stubs: tuple[ToolStub, ...]


@dataclass(frozen=True, kw_only=True)
class ToolSource:
    """How tools are made from LLVM's source: static programs for `target`.

    `sources` are the names and versions of what that takes, `keep` the parts of each tree that are needed (none: all),
    `zlib` the files of zlib that are linked, `settings` variables of CMake's cache.
    """

    programs: tuple[str, ...]
    target: str
    zlib: tuple[str, ...]
    sources: Mapping[str, str]
    keep: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class LlvmTools:
    """The whole file. `programs` maps each tool to its file below the packages' common directory."""

    programs: Mapping[str, str]
    packages: ToolPackages
    source: ToolSource


@cache
def load_llvm_tools(path: Path = FILE) -> LlvmTools:
    """Read which tools there are and where they come from; raise `CatalogError`."""
    return convert(LlvmTools, read_toml(path, "llvm-tools"), where=path)
