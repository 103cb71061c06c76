"""All catalogs together, as the planner uses them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from setup_local import paths
from setup_local.catalog.check import conditions_of, cross_check
from setup_local.catalog.cpython import CPythonCatalog, load_cpython
from setup_local.catalog.darwin import DarwinCatalog, load_darwin
from setup_local.catalog.dsym import DsymRecipe, load_dsym
from setup_local.catalog.emulation import Emulation, load_emulation
from setup_local.catalog.extensions import Extension, load_extensions
from setup_local.catalog.features import FeatureCatalog, feature_problems, load_features
from setup_local.catalog.hosts import BuildHost, this_host
from setup_local.catalog.keys import Keys, load_keys
from setup_local.catalog.libraries import Library, load_libraries
from setup_local.catalog.licenses import LicenseCatalog, load_licenses
from setup_local.catalog.llvm_tools import LlvmTools, load_llvm_tools
from setup_local.catalog.lto_linker import LtoLinker, load_lto_linker
from setup_local.catalog.musl import MuslCatalog, load_musl
from setup_local.catalog.patches import PIP_LAUNCHERS, Patch, load_patch
from setup_local.catalog.sources import Sources, load_sources
from setup_local.catalog.sysconfig import Settings, load_settings
from setup_local.catalog.targets import Target, load_targets
from setup_local.catalog.toolchains import SysrootCatalog, ToolchainCatalog, load_sysroot, load_toolchain
from setup_local.catalog.toolkit import ToolkitRecipes
from setup_local.catalog.universal import Universal, load_universal
from setup_local.catalog.variants import VariantCatalog, load_variants
from setup_local.catalog.when import Facts
from setup_local.catalog.windows import WindowsCatalog, load_windows
from setup_local.catalog.windows_sdk import WindowsSdkCatalog, load_windows_sdk
from setup_local.catalog.xcode import XcodeCatalog, load_xcode
from setup_local.errors import CatalogError

PYTHON = "cpython"
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Catalogs:
    """All catalogs; `host` is the build host."""

    sources: Sources
    libraries: tuple[Library, ...]
    extensions: tuple[Extension, ...]
    targets: tuple[Target, ...]
    host: BuildHost
    emulation: Emulation
    cpython: CPythonCatalog
    toolchain: ToolchainCatalog
    llvm_tools: LlvmTools
    lto_linker: LtoLinker
    musl: MuslCatalog
    darwin: DarwinCatalog
    dsym: DsymRecipe
    sysroot: SysrootCatalog
    universal: Universal
    windows: WindowsCatalog
    windows_sdk: WindowsSdkCatalog
    xcode: XcodeCatalog
    variants: VariantCatalog
    features: FeatureCatalog
    licenses: LicenseCatalog
    sysconfig: Settings
    pip_patch: Patch
    keys: Keys

    @property
    def recipes(self) -> ToolkitRecipes:
        """Return how compilers and C libraries are made."""
        return ToolkitRecipes(
            toolchain=self.toolchain,
            sysroot=self.sysroot,
            musl=self.musl,
            darwin=self.darwin,
            dsym=self.dsym,
            windows=self.windows,
            windows_sdk=self.windows_sdk,
            xcode=self.xcode,
        )


def load_catalogs() -> Catalogs:
    """Read all catalogs for this machine; raise `CatalogError`. `refuse_contradictions` checks that they agree."""
    thin, universal = load_targets(), load_universal()
    targets = (*thin, universal.target(thin))
    host = this_host(targets)
    return Catalogs(
        sources=load_sources().usable_on(host.machine),
        libraries=load_libraries(),
        extensions=load_extensions(),
        targets=targets,
        host=host,
        emulation=load_emulation(),
        cpython=load_cpython(),
        toolchain=load_toolchain(),
        llvm_tools=load_llvm_tools(),
        lto_linker=load_lto_linker(),
        musl=load_musl(),
        darwin=load_darwin(),
        dsym=load_dsym(),
        sysroot=load_sysroot(),
        universal=universal,
        windows=load_windows(),
        windows_sdk=load_windows_sdk(),
        xcode=load_xcode(),
        variants=load_variants(),
        features=load_features(),
        licenses=load_licenses(),
        sysconfig=load_settings(),
        pip_patch=load_patch(PIP_LAUNCHERS),
        keys=load_keys(),
    )


def all_conditions(catalogs: Catalogs) -> tuple[Facts, ...]:
    """Return the facts of everything that can be requested."""
    return conditions_of(catalogs.sources.versions(PYTHON), catalogs.targets, catalogs.variants, catalogs.features)


def refuse_contradictions(catalogs: Catalogs, conditions: Iterable[Facts]) -> None:
    """Raise `CatalogError` if one catalog refers to an entry that another lacks, under any of these facts.

    A request is checked for its own facts; `make lint` and the tests check all of them.
    """
    problems = [
        *cross_check(catalogs.extensions, catalogs.libraries, conditions),
        *feature_problems(catalogs.features, catalogs.extensions),
    ]
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise CatalogError("; ".join(problems[:_SHOWN]) + more, where=paths.DATA)
