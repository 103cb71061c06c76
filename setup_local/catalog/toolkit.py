"""The recipes of a toolkit, from several catalogs, as one value that a plan can hold."""

from __future__ import annotations

from dataclasses import dataclass

from setup_local.catalog.darwin import DarwinCatalog
from setup_local.catalog.dsym import DsymRecipe
from setup_local.catalog.musl import MuslCatalog
from setup_local.catalog.toolchains import SysrootCatalog, ToolchainCatalog
from setup_local.catalog.windows import WindowsCatalog
from setup_local.catalog.windows_sdk import WindowsSdkCatalog
from setup_local.catalog.xcode import XcodeCatalog


@dataclass(frozen=True, kw_only=True)
class ToolkitRecipes:
    """How compilers and C libraries are made: everything that the steps of a toolkit use from catalogs."""

    toolchain: ToolchainCatalog
    sysroot: SysrootCatalog
    musl: MuslCatalog
    darwin: DarwinCatalog
    dsym: DsymRecipe
    windows: WindowsCatalog
    windows_sdk: WindowsSdkCatalog
    xcode: XcodeCatalog
