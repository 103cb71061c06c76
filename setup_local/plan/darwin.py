"""What is special in plans for macOS: wishes that mean nothing there, and distributions for several processors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from setup_local.catalog.sysconfig import Settings
from setup_local.catalog.targets import Target
from setup_local.catalog.universal import Universal
from setup_local.errors import RequestError
from setup_local.values import OperatingSystem, Request, ToolchainChoice, system_of

_OTHERS = (ToolchainChoice.LLVM, ToolchainChoice.BOOTSTRAP)


def refuse_for_darwin(request: Request) -> None:
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
