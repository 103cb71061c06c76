"""Small closed vocabularies and values that every stage shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Libc(Enum):
    """C library that a target links against."""

    GLIBC = "glibc"
    MUSL = "musl"


class LinkMode(Enum):
    """How an extension module reaches the interpreter (a section of `Modules/Setup.local`)."""

    STATIC = "static"
    SHARED = "shared"
    DISABLED = "disabled"


class ToolchainChoice(Enum):
    """Where Clang comes from."""

    AUTO = "auto"
    ZIG = "zig"
    LLVM = "llvm"


class SandboxChoice(Enum):
    """How build steps are kept apart from the host."""

    AUTO = "auto"
    BWRAP = "bwrap"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for, as plain values; nothing in it has been looked up yet."""

    python: str
    target_triple: str
    glibc: str | None
    toolchain: ToolchainChoice


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """How the work is done; none of it may change a byte of the result."""

    output: Path
    jobs: int
    sandbox: SandboxChoice
    mirrors: tuple[str, ...]
    offline: bool
    keep_build: bool
