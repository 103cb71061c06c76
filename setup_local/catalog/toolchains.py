"""Models of `data/toolchain.toml` and `data/sysroot.toml`: the contents of compilers and of the C library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from setup_local import paths
from setup_local.catalog.architectures import Architecture
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Requirement, exactly

_WRAPPED = "__wrap_"  # the linker's prefix for references to a wrapped function


def is_older(floor: str, version: str) -> bool:
    """Return whether a glibc version (`2.12`) precedes another; an empty version sorts last."""
    return not version or _numbers(floor) < _numbers(version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@dataclass(frozen=True, kw_only=True)
class Builtins:
    """compiler-rt's builtins: files below `lib/builtins`, and how they are compiled.

    `sources` are for every architecture, `quad_sources` for those with 128-bit floating-point numbers, `float16_cflags`
    for those with 16-bit ones; `crt_sources` are the files that become `clang_rt.<name>-<arch>.o`.
    """

    cflags: tuple[str, ...]
    crt_cflags: tuple[str, ...]
    crt_sources: Mapping[str, str]
    sources: tuple[str, ...]
    quad_sources: tuple[str, ...]
    float16_cflags: tuple[str, ...]

    def sources_for(self, arch: Architecture) -> tuple[str, ...]:
        """Return the files for an architecture: its own replace generic ones of the same name."""
        own = {PurePath(name).stem for name in arch.builtins}
        general = (*self.sources, *(self.quad_sources if arch.quad else ()))
        return (*(name for name in general if PurePath(name).stem not in own), *arch.builtins)

    def cflags_for(self, arch: Architecture) -> tuple[str, ...]:
        """Return how they are compiled for an architecture."""
        return (*self.cflags, *(self.float16_cflags if arch.float16 else ()))


@dataclass(frozen=True, kw_only=True)
class ProfileRuntime:
    """compiler-rt's profile runtime: files below `lib/profile`, their flags, the directory of its headers."""

    cflags: tuple[str, ...]
    includes: str
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LlvmSearch:
    """How the host's Clang is found: versions from `newest` down to `minimum` (the major number).

    `programs` maps the name of a wrapper to the names of the host's program, without version; each is
    looked for in `directories` (with `{version}`), then on PATH with and without `-<version>`. `packages`
    maps a package manager's program to the command that installs what is missing, written for `minimum`.
    """

    minimum: int
    newest: int
    programs: Mapping[str, str]
    directories: tuple[str, ...]
    packages: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ToolchainCatalog:
    """The whole of `toolchain.toml`.

    `sources` are the names and versions of its sources, `keep` the parts of each tree that are needed.
    """

    resource_version: str
    sources: Mapping[str, str]
    keep: Mapping[str, tuple[str, ...]]
    builtins: Builtins
    profile: ProfileRuntime
    llvm: LlvmSearch

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Return the sources of the toolchain: exact releases, which the rest of the file describes."""
        return tuple(exactly(name, version) for name, version in self.sources.items())

    @property
    def llvm_release(self) -> str:
        """Return the LLVM release of the wheel's Clang, from which its libraries are built."""
        return self.sources.get("compiler-rt", "")


@dataclass(frozen=True, kw_only=True)
class SystemLibrary:
    """A library of the C library itself: its file, and its name for `-l`. It no longer exists from `until` on."""

    link: str
    file: str
    until: str = ""


@dataclass(frozen=True, kw_only=True)
class StubLibrary:
    """A shared library that defines only names, for linking against a library that the host may have."""

    link: str
    file: str
    functions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Header:
    """One of our headers, below `data/sysroot/include`, for floors before `until`."""

    path: str
    until: str = ""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A text in one of the wheel's headers that is replaced, for floors before `until`.

    The text occurs exactly `times`; `{minor}` in the replacement is the floor's minor version.
    """

    path: str
    find: str
    replace: str
    times: int = 1
    until: str = ""


@dataclass(frozen=True, kw_only=True)
class PolyfillFlags:
    """How the functions of the polyfill are compiled."""

    cflags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Polyfill:
    """Functions in one file of `data/polyfill` that the C library has from version `since` on.

    `arch` are the architectures that they are for; empty for all.
    """

    source: str
    since: str
    functions: tuple[str, ...]
    arch: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SysrootCatalog:
    """The whole of `sysroot.toml`.

    `one_variable` lists the names of each variable of the C library that has several, the library's own name first.
    """

    one_variable: tuple[tuple[str, ...], ...]
    libraries: tuple[SystemLibrary, ...]
    stubs: tuple[StubLibrary, ...]
    headers: tuple[Header, ...]
    edits: tuple[Edit, ...]
    polyfill: PolyfillFlags
    polyfills: tuple[Polyfill, ...]

    def polyfills_for(self, floor: str, arch: Architecture) -> tuple[tuple[str, str], ...]:
        """Return the functions that a floor lacks on an architecture, each with its file."""
        return tuple(
            (name, item.source)
            for item in self.polyfills
            if is_older(floor, item.since) and (not item.arch or arch.name in item.arch)
            for name in item.functions
        )

    def wrapped_for(self, floor: str, arch: Architecture) -> tuple[str, ...]:
        """Return the functions that a floor has, but in a form that must be replaced (ld(1), `--wrap`)."""
        names = (name for name, _ in self.polyfills_for(floor, arch))
        return tuple(name.removeprefix(_WRAPPED) for name in names if name.startswith(_WRAPPED))


def load_toolchain(path: Path | None = None) -> ToolchainCatalog:
    """Read the contents of a toolchain; raise `CatalogError`."""
    file = path or paths.DATA / "toolchain.toml"
    return convert(ToolchainCatalog, read_toml(file, "toolchain"), where=file)


def load_sysroot(path: Path | None = None) -> SysrootCatalog:
    """Read the contents of a sysroot; raise `CatalogError`."""
    file = path or paths.DATA / "sysroot.toml"
    return convert(SysrootCatalog, read_toml(file, "sysroot"), where=file)
