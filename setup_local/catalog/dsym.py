"""Model of `data/dsym.toml`: the tools that collect the debug information of macOS binaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Requirement, exactly


@dataclass(frozen=True, kw_only=True)
class Bundles:
    """Binaries of an installation that get a bundle (patterns of paths), its path, and its parts to leave out."""

    binaries: tuple[str, ...]
    directory: str
    without: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DsymRecipe:
    """The whole file. `keep` are the required parts of the sources."""

    sources: Mapping[str, str]
    keep: Mapping[str, tuple[str, ...]]
    bundles: Bundles

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Return the sources of the tools, in these exact releases."""
        return tuple(exactly(name, version) for name, version in self.sources.items())


def load_dsym(path: Path | None = None) -> DsymRecipe:
    """Read the tools for debug information; raise `CatalogError`."""
    file = path or paths.DATA / "dsym.toml"
    return convert(DsymRecipe, read_toml(file, "dsym"), where=file)
