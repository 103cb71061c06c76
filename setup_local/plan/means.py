"""Decides which sources the tools of a build come from: compilers, linkers, C library, emulator. Pure."""

from __future__ import annotations

from typing import assert_never

from setup_local.catalog.catalogs import Catalogs
from setup_local.catalog.sources import Source
from setup_local.catalog.targets import Target
from setup_local.catalog.when import Facts
from setup_local.values import Libc, OperatingSystem, ToolchainChoice


def plan_toolchain(catalogs: Catalogs, target: Target, facts: Facts, toolchain: ToolchainChoice) -> tuple[Source, ...]:
    """Return the sources of compilers and linkers: for the target, and for programs that run during the build."""
    requirements = list(catalogs.toolchain.requirements)
    if catalogs.host.default_toolchain is ToolchainChoice.XCODE:
        requirements = [item for item in requirements if item.name in catalogs.xcode.keep]
    if target.os is OperatingSystem.DARWIN and toolchain is not ToolchainChoice.XCODE:
        requirements += (*catalogs.darwin.requirements, *catalogs.dsym.requirements)
    if catalogs.lto_linker.when.matches(facts):
        requirements += catalogs.lto_linker.requirements
    return tuple(map(catalogs.sources.best, requirements))


def plan_sysroot(catalogs: Catalogs, target: Target) -> tuple[Source, ...]:
    """Return the sources of the C library; glibc's part of the sysroot is in the toolchain's wheel."""
    match target.libc:
        case Libc.GLIBC:
            return ()
        case Libc.MUSL:
            return (catalogs.sources.best(catalogs.musl.requirement),)
        case Libc.LIBSYSTEM | Libc.UCRT:
            return ()
        case _:
            assert_never(target.libc)


def plan_emulation(catalogs: Catalogs, target: Target) -> tuple[Source, ...]:
    """Return the sources of the emulator for a target on this host, none if it needs none or there is none."""
    both_linux = target.os is catalogs.host.target.os is OperatingSystem.LINUX
    if catalogs.host.runs_programs_of(target) or not both_linux:
        return ()
    return tuple(map(catalogs.sources.best, catalogs.emulation.requirements(target)))
