"""Small closed vocabularies and values shared by all stages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import assert_never


class BinaryFormat(Enum):
    """Format of programs, libraries and object files, by PYTHON.json's name for that of object files."""

    ELF = "elf"
    MACHO = "mach-o"
    PE = "coff"


class OperatingSystem(Enum):
    """Operating system that a target's programs run on."""

    LINUX = "linux"
    DARWIN = "darwin"
    WINDOWS = "windows"

    @property
    def title(self) -> str:
        """Return its common name."""
        match self:
            case OperatingSystem.LINUX:
                return "Linux"
            case OperatingSystem.DARWIN:
                return "macOS"
            case OperatingSystem.WINDOWS:
                return "Windows"
            case _:
                assert_never(self)

    @property
    def command(self) -> str:
        """Return the command that builds for it."""
        return f"./build-{self.title.lower()}.py"

    @property
    def binary_format(self) -> BinaryFormat:
        """Return the format of its programs."""
        match self:
            case OperatingSystem.LINUX:
                return BinaryFormat.ELF
            case OperatingSystem.DARWIN:
                return BinaryFormat.MACHO
            case OperatingSystem.WINDOWS:
                return BinaryFormat.PE
            case _:
                assert_never(self)


class Libc(Enum):
    """C library that a target links against."""

    GLIBC = "glibc"
    MUSL = "musl"
    LIBSYSTEM = "libSystem"
    UCRT = "ucrt"

    @property
    def os(self) -> OperatingSystem:
        """Return the operating system that it belongs to."""
        match self:
            case Libc.GLIBC | Libc.MUSL:
                return OperatingSystem.LINUX
            case Libc.LIBSYSTEM:
                return OperatingSystem.DARWIN
            case Libc.UCRT:
                return OperatingSystem.WINDOWS
            case _:
                assert_never(self)

    @property
    def floor(self) -> str:
        """Return the name of the software whose version is the oldest system (`glibc`), empty if none can be chosen."""
        match self:
            case Libc.GLIBC:
                return "glibc"
            case Libc.LIBSYSTEM:
                return "macOS"
            case Libc.MUSL | Libc.UCRT:
                return ""
            case _:
                assert_never(self)


class ByteOrder(Enum):
    """Which byte of a number comes first in memory."""

    LITTLE = "little"
    BIG = "big"


class LinkMode(Enum):
    """How an extension module reaches the interpreter (a section of `Modules/Setup.local`)."""

    STATIC = "static"
    SHARED = "shared"
    DISABLED = "disabled"


class Linkage(Enum):
    """Linkage of components that support both kinds: libpython, third-party libraries, extension modules."""

    STATIC = "static"
    SHARED = "shared"


class ToolchainChoice(Enum):
    """Where Clang comes from."""

    AUTO = "auto"
    ZIG = "zig"
    LLVM = "llvm"
    BOOTSTRAP = "bootstrap"
    XCODE = "xcode"


# Their programs are files on the host, not in a source of the build.
LLVM_ON_HOST = (ToolchainChoice.LLVM, ToolchainChoice.BOOTSTRAP)


class LlvmToolsChoice(Enum):
    """Where LLVM's tools for optimized builds come from, with the Clang of the wheel."""

    AUTO = "auto"
    PACKAGES = "packages"
    SOURCE = "source"


class LayoutChoice(Enum):
    """Whether an optimized build ends with the post-link layout of the interpreter."""

    AUTO = "auto"
    NONE = "none"


class ArchiveFormat(Enum):
    """The compression of an archive: the end of its name, after `.tar.`."""

    ZST = "zst"
    GZ = "gz"


class SandboxChoice(Enum):
    """How build steps are isolated from the host."""

    AUTO = "auto"
    BWRAP = "bwrap"
    DOCKER = "docker"
    NONE = "none"


class BuildOption(Enum):
    """The differences between builds of a CPython, in the order of archive names."""

    FREETHREADED = "freethreaded"
    DEBUG = "debug"
    PGO = "pgo"
    LTO = "lto"
    STATIC = "static"
    JIT = "jit"


class BuildPhase(Enum):
    """The phase of a CPython build: the instrumented one that counts a workload, or the one that is shipped."""

    INSTRUMENTED = "instrumented"
    FINAL = "final"


class Counters(Enum):
    """Where Clang inserts the counters of a profile: into its intermediate code, or into the source's syntax tree.

    Counters of the intermediate code fit the final code better. Those of the syntax tree are at the same places on every
    system whose preprocessor leaves the same source.
    """

    INTERMEDIATE = "intermediate"
    SOURCE = "source"


DEFAULT_TRIPLE = "x86_64-unknown-linux-gnu"
NATIVE = "native"
"""What can be asked for instead of a target triple: the target of the machine that builds."""
DEFAULT_TRIPLES = {
    OperatingSystem.LINUX: DEFAULT_TRIPLE,
    OperatingSystem.DARWIN: "aarch64-apple-darwin",
    OperatingSystem.WINDOWS: "x86_64-pc-windows-msvc",
}
_LEVEL = re.compile(r"^(?P<arch>[a-z0-9_]+)_(?P<level>v[0-9]+)-")


def processor_level(triple: str) -> str:
    """Return the processor level in a triple (`v3` of `x86_64_v3-unknown-linux-gnu`), empty without one.

    Levels of x86-64 are defined by its psABI (section "Micro-Architecture Levels").
    """
    match = _LEVEL.match(triple)
    return match["level"] if match else ""


def system_of(triple: str) -> OperatingSystem | None:
    """Return the operating system that a target triple names, None if it names none of those known here."""
    parts = triple.split("-")
    return next((system for system in OperatingSystem if system.value in parts), None)


def without_level(triple: str) -> str:
    """Return the triple of the same system on any processor, as `configure` scripts know it."""
    return _LEVEL.sub(r"\g<arch>-", triple)


NO_OPTIONS = "noopt"
OPTIMIZED = "pgo+lto"
WITHOUT_LAYOUT_WORD = "without_layout"
"""What names of optimized archives say whose interpreter could have been laid out, and was not."""
WITHOUT_LAYOUT = f"do without it: --options {OPTIMIZED} --no-layout"
"""The way out where an optimized build cannot be laid out, as hints of errors name it."""
OPTIMIZATIONS = (BuildOption.PGO, BuildOption.LTO)
"""What makes a Python faster and changes nothing else that its users see."""
OPTIMIZATION_WORDS = ("bolt", *(item.value for item in OPTIMIZATIONS))
"""The same as archive names have it; `bolt` is in those of others, whose archives an index can list as well."""


# The name of an Apple SDK in the catalogs' conditions, like that of a feature of `--with`.
APPLE_SDK = "apple-sdk"


@dataclass(frozen=True, kw_only=True)
class OwnSdk:
    """An SDK that the user has: Apple's for macOS, or Microsoft's for Windows, with its version.

    That of Microsoft's is the version of its C runtime for programs (`14.40.33807`).
    """

    path: Path
    version: str
    os: OperatingSystem


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for, as plain values; nothing in it has been looked up yet.

    `options` are build options as in an archive's name (`pgo+lto`, `noopt`); `tls` is a TLS library by its full name
    (`openssl-3.5`) or without its version (`libressl`), empty for the default. `glibc` and `macos_minimum` are the oldest
    versions to run on, None for the target's default. `profile` is an existing profile to use instead of a new one.
    `llvm` is the directory of the host's LLVM, if it is not to be searched for. `sources` are the user's own, each as
    `NAME=PATH`, `sdk` is the user's SDK for the target's system. `counters` are those of the profile, if it is made for
    another target; a target's own catalog entry takes precedence. `layout` applies only to builds with pgo and lto: their interpreter gets
    a post-link layout unless it is disabled here.
    """

    python: str
    target_triple: str = DEFAULT_TRIPLE
    glibc: str | None = None
    macos_minimum: str | None = None
    options: str = NO_OPTIONS
    tls: str = ""
    libpython: Linkage = Linkage.STATIC
    dependencies: Linkage = Linkage.STATIC
    extensions: Linkage = Linkage.STATIC
    with_features: tuple[str, ...] = ()
    without_features: tuple[str, ...] = ()
    without_modules: tuple[str, ...] = ()
    toolchain: ToolchainChoice = ToolchainChoice.AUTO
    profile: Path | None = None
    counters: Counters = Counters.INTERMEDIATE
    llvm: Path | None = None
    llvm_tools: LlvmToolsChoice = LlvmToolsChoice.AUTO
    sdk: OwnSdk | None = None
    sources: tuple[str, ...] = ()
    layout: LayoutChoice = LayoutChoice.AUTO
    archive_format: ArchiveFormat = ArchiveFormat.ZST


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """How the work is done; none of it may change a byte of the result for the same sources.

    `locked` admits only pinned sources. `environment` is the distribution that steps run in, empty for the host's own.
    """

    output: Path
    jobs: int
    sandbox: SandboxChoice
    mirrors: tuple[str, ...]
    offline: bool
    keep_build: bool
    locked: bool
    environment: str = ""
