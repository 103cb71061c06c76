"""What is special in plans for macOS: wishes that mean nothing there, and distributions for several processors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from packaging.version import Version

from setup_local.catalog.sysconfig import Settings
from setup_local.catalog.targets import Target
from setup_local.catalog.universal import Universal
from setup_local.errors import RequestError
from setup_local.plan.options import parse_options
from setup_local.values import APPLE_SDK, BuildOption, OperatingSystem, Request, ToolchainChoice, system_of

_OTHERS = (ToolchainChoice.LLVM, ToolchainChoice.BOOTSTRAP)
_UNIVERSAL = "universal2-apple-darwin"
_XCODE = "--toolchain xcode takes the compiler of Xcode, which a Mac alone runs, and no build runs on a Mac yet"


def refuse_for_darwin(request: Request) -> None:
    """Raise `RequestError` for wishes about macOS that mean nothing there, or elsewhere, or here."""
    darwin = system_of(request.target_triple) is OperatingSystem.DARWIN
    if request.toolchain is ToolchainChoice.XCODE:
        hint = "take an SDK of Apple with --sdk, or leave --toolchain out" if darwin else "leave --toolchain out"
        raise RequestError(_XCODE, where=request.target_triple, hint=hint)
    if request.sdk and not darwin:
        raise RequestError("an SDK of Apple is for macOS", where=request.target_triple, hint="leave --sdk out")
    if request.sdk and request.macos_minimum and Version(request.macos_minimum) > Version(request.sdk.version):
        what = f"the SDK is of macOS {request.sdk.version}, older than the oldest system {request.macos_minimum}"
        raise RequestError(what, where=f"--sdk {request.sdk.path}", hint="take a newer SDK, or another --macos-minimum")
    if request.target_triple == _UNIVERSAL and (request.profile or BuildOption.PGO in parse_options(request.options)):
        what = "a profile is for the build of one processor; this distribution is for two"
        raise RequestError(what, where=request.target_triple, hint="build each processor by itself, or without pgo")
    _refuse_compilers(request)


def _refuse_compilers(request: Request) -> None:
    """Raise `RequestError` for a compiler that comes without the linker and the headers of macOS."""
    if system_of(request.target_triple) is OperatingSystem.DARWIN and request.toolchain in _OTHERS:
        raise RequestError(
            f"--toolchain {request.toolchain.value} has neither a linker nor headers for macOS",
            where=request.target_triple,
            hint="leave --toolchain and --llvm out",
        )


def half_requests(request: Request, universal: Universal, targets: Sequence[Target]) -> Iterator[Request]:
    """Yield what is built for each processor of a universal distribution; none is for an older system than its processor."""
    for target in universal.targets_of(targets):
        minimum = request.macos_minimum if request.macos_minimum in target.floors else None
        yield dataclasses.replace(request, target_triple=target.triple, macos_minimum=minimum)


def for_all_halves(settings: Settings, universal: Universal, target: Target, floor: str) -> Settings:
    """Return what an installation for a target says about compiling extensions."""
    return universal.settings(settings, floor) if target.triple == universal.triple else settings


def sdk_features(request: Request) -> frozenset[str]:
    """Return what conditions of the catalogs ask about an SDK of Apple."""
    return frozenset({APPLE_SDK} if request.sdk else ())
