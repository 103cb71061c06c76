"""Model of `data/lto-linker.toml`: the linker for builds whose own linker cannot optimize while linking."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.llvm_tools import LlvmTools, ToolPackages
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Requirement, exactly
from setup_local.catalog.when import When


@dataclass(frozen=True, kw_only=True)
class LtoLinker:
    """The whole file. `programs` maps the linker's names to its files below the packages' common directory."""

    when: When
    programs: Mapping[str, str]
    packages: ToolPackages

    def as_tools(self, tools: LlvmTools) -> LlvmTools:
        """Return how it is made: as LLVM's other tools are from packages."""
        return dataclasses.replace(tools, programs=self.programs, packages=self.packages)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Return the packages, in these exact versions."""
        return tuple(exactly(name, version) for name, version in self.packages.sources.items())


def load_lto_linker(path: Path | None = None) -> LtoLinker:
    """Read the linker for link-time optimization; raise `CatalogError`."""
    file = path or paths.DATA / "lto-linker.toml"
    return convert(LtoLinker, read_toml(file, "lto-linker"), where=file)
