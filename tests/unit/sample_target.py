"""The target, the host and the recipes shared by the tests of the plan and of later stages."""

from __future__ import annotations

from setup_local.catalog.architectures import load_architecture
from setup_local.catalog.darwin import load_darwin
from setup_local.catalog.dsym import load_dsym
from setup_local.catalog.hosts import BuildHost
from setup_local.catalog.musl import load_musl
from setup_local.catalog.targets import Target
from setup_local.catalog.toolchains import load_sysroot, load_toolchain
from setup_local.catalog.toolkit import ToolkitRecipes
from setup_local.catalog.windows import load_windows
from setup_local.catalog.windows_sdk import load_windows_sdk
from setup_local.catalog.xcode import load_xcode
from setup_local.values import Libc, OperatingSystem, ToolchainChoice

TARGET = Target(
    triple="x86_64-unknown-linux-gnu",
    os=OperatingSystem.LINUX,
    arch=load_architecture("x86_64"),
    libc=Libc.GLIBC,
    default_floor="2.12",
    floors=("2.12", "2.17"),
)
HOST = BuildHost(
    machine="x86_64",
    target=TARGET,
    runs=("x86_64",),
    builds=tuple(OperatingSystem),
    default_toolchain=ToolchainChoice.ZIG,
)
RECIPES = ToolkitRecipes(
    toolchain=load_toolchain(),
    sysroot=load_sysroot(),
    musl=load_musl(),
    darwin=load_darwin(),
    dsym=load_dsym(),
    windows=load_windows(),
    xcode=load_xcode(),
    windows_sdk=load_windows_sdk(),
)
