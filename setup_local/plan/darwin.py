"""What a plan for macOS cannot have, whatever else is asked for: what conditions of the catalogs do not know of."""

from __future__ import annotations

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
