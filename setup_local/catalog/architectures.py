"""Model of `data/arch/*.toml`: processors, one file each, with what compilers, C libraries and recipes call them."""

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
    """What glibc is on one architecture.

    `triple` is what Clang's `--target` calls it, `wheel_triple` what the wheel does where that is another name. `oldest` is the first
    version with this port, `base_version` the oldest symbol version. `prologue` and `epilogue` are the instructions with which the functions of the sections
    .init and .fini begin and end. `runtime` are the sources of a C library with which programs run on other machines.
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
    """What musl is on one architecture: what Clang's `--target` calls it, and the file name of its loader.

    `oldest` is the oldest musl that programs run on, where that is not the same as elsewhere.
    """

    triple: str
    loader: str
    oldest: str = ""


@dataclass(frozen=True, kw_only=True)
class DarwinPort:
    """What Darwin is on one architecture: `triple` is what Clang's `--target` calls it, without the version.

    `cflags`, `configure` and `recipes` are taken instead of the architecture's own; of the latter two, those of the same name.
    """

    triple: str
    cflags: tuple[str, ...]
    configure: Mapping[str, str] = dataclasses.field(default_factory=dict)
    recipes: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def machine(self) -> str:
        """Return what uname(1) calls it."""
        return self.triple.partition("-")[0]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One kind of processor.

    `name` is the first part of target triples, `machine` what ELF headers say (`EM_AARCH64`). `cflags` are for the
    oldest processor, `levels` what is taken instead for newer ones that a triple can name. `runtime` is what Clang calls its own libraries for it. `quad` tells that `long double` is an IEEE number of
    128 bits or that Clang has `__float128`, `float16` that it has `_Float16`; `builtins` are files of compiler-rt that
    replace or complete the general ones. `emulator` is QEMU's program for it, `uname` what uname(1) says where that is not the name. `configure` are
    answers to questions of CPython's `configure` that only a program for the target can find out. `recipes` are words that recipes of
    libraries take.
    """

    name: str
    machine: str
    bits: int
    byte_order: ByteOrder
    cflags: tuple[str, ...]
    kernel_headers: tuple[str, ...]
    runtime: str
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
        """Return what the kernel calls the processor (uname(1)), and names of wheels with it."""
        return self.uname or self.name

    @property
    def for_compiling(self) -> Architecture:
        """Return what decides about code that is compiled: not what single recipes or CPython's configure take, or how it is run."""
        darwin = self.darwin and dataclasses.replace(self.darwin, configure={}, recipes={})
        return dataclasses.replace(self, emulator="", uname="", configure={}, recipes={}, darwin=darwin)


@cache
def load_architecture(name: str, directory: Path = DIRECTORY) -> Architecture:
    """Read one architecture; raise `CatalogError` if there is none of that name."""
    file = directory / f"{name}.toml"
    if not file.is_file():
        raise CatalogError(f"no architecture {name}", where=directory, hint="there are " + ", ".join(names(directory)))
    found = convert(Architecture, read_toml(file, SCHEMA), where=file)
    if found.name != name:
        raise CatalogError(f"describes {found.name}, but the file is named {name}", where=file)
    return found


def names(directory: Path = DIRECTORY) -> tuple[str, ...]:
    """Return the names of all architectures."""
    return tuple(sorted(file.stem for file in directory.glob("*.toml")))
