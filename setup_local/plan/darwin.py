"""The parts of plans that are specific to macOS: refused options and universal distributions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from packaging.version import Version

from setup_local.catalog.hosts import BuildHost
from setup_local.catalog.sysconfig import Settings
from setup_local.catalog.targets import Target
from setup_local.catalog.universal import Universal
from setup_local.errors import RequestError
from setup_local.plan.options import parse_options
from setup_local.values import (
    APPLE_SDK,
    LLVM_ON_HOST,
    NATIVE,
    BuildOption,
    OperatingSystem,
    Request,
    ToolchainChoice,
    system_of,
)

_UNIVERSAL = "universal2-apple-darwin"


def refuse_for_darwin(request: Request) -> None:
    """Raise `RequestError` for options about macOS that do not apply to the target or are not supported here."""
    if request.toolchain is ToolchainChoice.XCODE:
        _refuse_for_xcode(request, darwin=system_of(request.target_triple) is OperatingSystem.DARWIN)
    if request.sdk and request.macos_minimum and Version(request.macos_minimum) > Version(request.sdk.version):
        what = (
            f"the SDK is for macOS {request.sdk.version}, which is older than the oldest system {request.macos_minimum}"
        )
        raise RequestError(what, where=f"--sdk {request.sdk.path}", hint="use a newer SDK, or another --macos-minimum")
    if request.target_triple == _UNIVERSAL and (request.profile or BuildOption.PGO in parse_options(request.options)):
        what = "a profile is for one processor; this distribution is for two"
        raise RequestError(
            what, where=request.target_triple, hint="build for each processor separately, or without pgo"
        )
    _refuse_compilers(request)


def _refuse_for_xcode(request: Request, *, darwin: bool) -> None:
    """Raise `RequestError` for what Xcode's compiler does not do."""
    if not darwin:
        what = "--toolchain xcode uses the compiler of Xcode, which has headers only for macOS"
        raise RequestError(what, where=request.target_triple, hint="leave --toolchain out")
    if request.profile or BuildOption.PGO in parse_options(request.options):
        what = "--toolchain xcode does not build with a profile yet: LLVM's profiles are for its own release"
        raise RequestError(what, where=request.target_triple, hint="build on Linux, or without pgo")
    if BuildOption.LTO in parse_options(request.options):
        what = "--toolchain xcode does not build with link-time optimization yet"
        raise RequestError(what, where=request.target_triple, hint="leave lto out of the options")


def _refuse_compilers(request: Request) -> None:
    """Raise `RequestError` for a compiler that lacks the linker and the headers for macOS."""
    if system_of(request.target_triple) is OperatingSystem.DARWIN and request.toolchain in LLVM_ON_HOST:
        raise RequestError(
            f"--toolchain {request.toolchain.value} has neither a linker nor headers for macOS",
            where=request.target_triple,
            hint="leave --toolchain and --llvm out",
        )


def refuse_for_host(request: Request, target: Target, host: BuildHost) -> None:
    """Raise `RequestError` for a target that is not built on this kind of machine, or with a compiler that it lacks."""
    here = host.target.os.title
    if target.os not in host.builds:
        built = " and ".join(system.title for system in host.builds)
        what = f"distributions for {target.os.title} are not built on {here}, only those for {built}"
        raise RequestError(what, where=target.triple, hint="build it on Linux")
    toolchain = request.toolchain
    if toolchain is ToolchainChoice.ZIG and host.default_toolchain is not ToolchainChoice.ZIG:
        what = f"--toolchain zig does not link on {here}: no wheel for it contains LLVM's linker for macOS"
        raise RequestError(
            what, where=target.triple, hint=f"leave --toolchain out: it is {host.default_toolchain.value} here"
        )
    if toolchain is ToolchainChoice.XCODE and request.sdk is None:
        raise RequestError("--toolchain xcode needs Xcode's SDK", where=target.triple, hint="name it with --sdk")


def on_host(request: Request, host: BuildHost) -> Request:
    """Return a request with the target and the toolchain that a build host has for `native` and `auto`."""
    if request.target_triple == NATIVE:
        request = dataclasses.replace(request, target_triple=host.target.triple)
    if request.toolchain is ToolchainChoice.AUTO and system_of(request.target_triple) in (None, *host.builds):
        request = dataclasses.replace(request, toolchain=host.default_toolchain)
    return request


def half_requests(request: Request, universal: Universal, targets: Sequence[Target]) -> Iterator[Request]:
    """Yield a request for each processor of a universal distribution; never for a system older than it supports."""
    for target in universal.targets_of(targets):
        minimum = request.macos_minimum if request.macos_minimum in target.floors else None
        yield dataclasses.replace(request, target_triple=target.triple, macos_minimum=minimum)


def for_all_halves(settings: Settings, universal: Universal, target: Target, floor: str) -> Settings:
    """Return an installation's settings for compiling extensions; for a universal target, they cover all halves."""
    return universal.settings(settings, floor) if target.triple == universal.triple else settings


def sdk_features(request: Request) -> frozenset[str]:
    """Return the features that conditions in the catalogs see for an Apple SDK."""
    is_apples = request.sdk is not None and request.sdk.os is OperatingSystem.DARWIN
    return frozenset({APPLE_SDK} if is_apples else ())
