"""Model of `data/musl.toml`: the contents of the sysroot of musl."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Requirement


@dataclass(frozen=True, kw_only=True)
class Newer:
    """Functions added in version `since`; those with a `source` are polyfilled from it."""

    since: str
    functions: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class UnwindTables:
    """The flags that give musl unwind tables, and the architectures `without` any."""

    cflags: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MuslCatalog:
    """The whole file: musl's pinned source, how it is compiled, and the parts for dynamically linked programs."""

    source: str
    versions: str
    oldest: str
    cflags: tuple[str, ...]
    unwind_tables: UnwindTables
    headers: tuple[str, ...]
    newer: tuple[Newer, ...]

    @property
    def requirement(self) -> Requirement:
        """Return the source that musl is compiled from."""
        return Requirement(name=self.source, versions=self.versions)

    def cflags_for(self, arch: str) -> tuple[str, ...]:
        """Return the flags that musl is compiled with on an architecture."""
        return (*self.cflags, *(() if arch in self.unwind_tables.without else self.unwind_tables.cflags))

    @property
    def too_new(self) -> tuple[str, ...]:
        """Return every function that the oldest supported musl lacks, sorted."""
        return tuple(sorted(name for item in self.newer for name in item.functions))

    @property
    def polyfills(self) -> tuple[tuple[str, str], ...]:
        """Return the functions among them that are polyfilled, each with its file."""
        return tuple((name, item.source) for item in self.newer if item.source for name in item.functions)


def load_musl(path: Path | None = None) -> MuslCatalog:
    """Read the contents of the sysroot of musl; raise `CatalogError`."""
    file = path or paths.DATA / "musl.toml"
    return convert(MuslCatalog, read_toml(file, "musl"), where=file)
