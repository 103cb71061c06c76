"""Model of `data/dsym.toml`: what collects the debug information of binaries for macOS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Requirement, exactly


@dataclass(frozen=True, kw_only=True)
class Bundles:
    """Which binaries of an installation get a bundle (patterns of paths), where it goes, and which parts of it are left out."""

    binaries: tuple[str, ...]
    directory: str
    without: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DsymRecipe:
    """The whole file. `keep` are the parts of the sources that are needed."""

    sources: Mapping[str, str]
    keep: Mapping[str, tuple[str, ...]]
    bundles: Bundles

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Return the sources of the tools, in these exact releases."""
        return tuple(exactly(name, version) for name, version in self.sources.items())


def load_dsym(path: Path | None = None) -> DsymRecipe:
    """Read what collects debug information; raise `CatalogError`."""
    file = path or paths.DATA / "dsym.toml"
    return convert(DsymRecipe, read_toml(file, "dsym"), where=file)
