"""Model of `data/arch/*.toml`: processors, one file each, with their names for compilers, C libraries and recipes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.errors import CatalogError
from setup_local.values import ByteOrder

DIRECTORY = paths.DATA / "arch"
SCHEMA = "architecture"


@dataclass(frozen=True, kw_only=True)
class GlibcPort:
    """The properties of glibc on one architecture.

    `triple` is the name for Clang's `--target`, `wheel_triple` the wheel's name if that differs. `oldest` is the first
    version with this port, `base_version` the oldest symbol version. `prologue` and `epilogue` are the first and last
    instructions of the functions in the sections .init and .fini. `runtime` are the sources of a C library for running
    programs on other machines.
    """

    triple: str
    headers: tuple[str, ...]
    loader: str
    oldest: str
    base_version: str
    prologue: tuple[str, ...]
    epilogue: tuple[str, ...]
    runtime: tuple[str, ...] = ()
    wheel_triple: str = ""


@dataclass(frozen=True, kw_only=True)
class MuslPort:
    """The properties of musl on one architecture: the name for Clang's `--target`, and the file name of its loader.

    `oldest` is the oldest musl that programs run on, if that differs from the common one.
    """

    triple: str
    loader: str
    oldest: str = ""


@dataclass(frozen=True, kw_only=True)
class DarwinPort:
    """The properties of Darwin on one architecture: `triple` is the name for Clang's `--target`, without the version.

    `cflags`, `configure` and `recipes` override the architecture's own; in the latter two, entries of the same name.
    """

    triple: str
    cflags: tuple[str, ...]
    configure: Mapping[str, str] = dataclasses.field(default_factory=dict)
    recipes: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def machine(self) -> str:
        """Return the name that uname(1) prints."""
        return self.triple.partition("-")[0]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One kind of processor.

    `name` is the first part of target triples, `machine` the value in ELF headers (`EM_AARCH64`). `cflags` are for the
    oldest processor, `levels` replaces them for newer ones that a triple can name. `runtime` is Clang's name in its own
    libraries for it, `backend` LLVM's name of the code generator. `quad` says that `long double` is a 128-bit IEEE number or that Clang has `__float128`, `float16`
    that it has `_Float16`; `builtins` are files of compiler-rt that replace or complete the generic ones. `emulator` is
    QEMU's program for it, `uname` the name that uname(1) prints if it differs. `configure` are answers for checks in
    CPython's `configure` that would have to run a program on the target. `recipes` are words for recipes of libraries.
    """

    name: str
    machine: str
    bits: int
    byte_order: ByteOrder
    cflags: tuple[str, ...]
    kernel_headers: tuple[str, ...]
    runtime: str
    backend: str
    emulator: str
    configure: Mapping[str, str]
    recipes: Mapping[str, tuple[str, ...]]
    glibc: GlibcPort | None = None
    musl: MuslPort | None = None
    darwin: DarwinPort | None = None
    quad: bool = True
    float16: bool = True
    builtins: tuple[str, ...] = ()
    uname: str = ""
    levels: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def machine_name(self) -> str:
        """Return the kernel's name of the processor (uname(1)), which names of wheels contain."""
        return self.uname or self.name

    @property
    def for_compiling(self) -> Architecture:
        """Return the properties that affect compiled code, not those for single recipes, configure or emulation."""
        darwin = self.darwin and dataclasses.replace(self.darwin, configure={}, recipes={})
        return dataclasses.replace(self, backend="", emulator="", uname="", configure={}, recipes={}, darwin=darwin)


@cache
def load_architecture(name: str, directory: Path = DIRECTORY) -> Architecture:
    """Read one architecture; raise `CatalogError` if there is none with that name."""
    file = directory / f"{name}.toml"
    if not file.is_file():
        raise CatalogError(
            f"unknown architecture {name}", where=directory, hint="known: " + ", ".join(names(directory))
        )
    found = convert(Architecture, read_toml(file, SCHEMA), where=file)
    if found.name != name:
        raise CatalogError(f"describes {found.name}, but the file is named {name}", where=file)
    return found


def names(directory: Path = DIRECTORY) -> tuple[str, ...]:
    """Return the names of all architectures."""
    return tuple(sorted(file.stem for file in directory.glob("*.toml")))
