"""Model of `data/cxx.toml`: the C++ standard library that other software is compiled with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from setup_local import paths
from setup_local.catalog.load import convert, read_toml

_FILE = paths.DATA / "cxx.toml"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Sources with the same flags: patterns below the tree of the wheel, without those that are left out."""

    sources: tuple[str, ...]
    leave_out: tuple[str, ...]
    includes: tuple[str, ...]
    cflags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CxxCatalog:
    """The library's sources, and what programs using it need: headers, definitions, system libraries."""

    keep: tuple[str, ...]
    headers: tuple[str, ...]
    license: str
    defines: tuple[str, ...]
    links: tuple[str, ...]
    library: Part
    unwinder: Part


@cache
def load_cxx() -> CxxCatalog:
    """Read the catalog; raise `CatalogError`."""
    return convert(CxxCatalog, read_toml(_FILE, "cxx"), where=_FILE)
