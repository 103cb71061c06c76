"""Model of `data/targets/*.toml`: targets, one file for each triple; levels of processors add more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, assert_never

from setup_local import paths
from setup_local.catalog.architectures import Architecture, DarwinPort, GlibcPort, MuslPort, load_architecture
from setup_local.catalog.load import convert, read_toml
from setup_local.errors import CatalogError
from setup_local.values import Libc, OperatingSystem

DIRECTORY = "targets"
SCHEMA = "target"
Port = TypeVar("Port", GlibcPort, MuslPort, DarwinPort)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One target triple: an architecture, an operating system and a C library.

    `floors` are the oldest systems that can be requested (`default_floor` among them): versions of glibc or of macOS,
    none for C libraries whose versions do not matter (`Libc.floor`). `level` is the level of the processor in the
    triple (`v3`), empty without one, and `system` the triple without it, as `configure` scripts know it.
    """

    triple: str
    os: OperatingSystem
    arch: Architecture
    libc: Libc
    default_floor: str = ""
    floors: tuple[str, ...] = ()
    level: str = ""

    @property
    def system(self) -> str:
        """Return the triple of the same system on any processor of its architecture."""
        return self.triple.replace(f"{self.arch.name}_{self.level}-", f"{self.arch.name}-", 1)

    @property
    def for_compiling(self) -> Target:
        """Return the properties that affect compiled code."""
        return dataclasses.replace(self, arch=self.arch.for_compiling)

    @property
    def cflags(self) -> tuple[str, ...]:
        """Return the flags that select the instruction set."""
        if self.os is OperatingSystem.DARWIN:
            return self.darwin.cflags
        return self.arch.levels[self.level] if self.level else self.arch.cflags

    @property
    def configure(self) -> Mapping[str, str]:
        """Return answers for checks in CPython's `configure` that would have to run a program on the target."""
        if self.os is OperatingSystem.DARWIN:
            return {**self.arch.configure, **self.darwin.configure}
        return self.arch.configure

    @property
    def recipes(self) -> Mapping[str, tuple[str, ...]]:
        """Return the words for recipes of libraries, by name."""
        if self.os is OperatingSystem.DARWIN:
            return {**self.arch.recipes, **self.darwin.recipes}
        return self.arch.recipes

    @property
    def glibc(self) -> GlibcPort:
        """Return the properties of glibc on this target; raise `CatalogError` if there are none."""
        return self._port(self.arch.glibc)

    @property
    def musl(self) -> MuslPort:
        """Return the properties of musl on this target; raise `CatalogError` if there are none."""
        return self._port(self.arch.musl)

    @property
    def darwin(self) -> DarwinPort:
        """Return the properties of Darwin on this target; raise `CatalogError` if there are none."""
        return self._port(self.arch.darwin)

    def _port(self, port: Port | None) -> Port:
        if port is None:
            raise CatalogError(f"data/arch/{self.arch.name}.toml does not define {self.libc.value}")
        return port


@dataclass(frozen=True, kw_only=True)
class TargetFile:
    """One file as written: the architecture is a name."""

    triple: str
    os: OperatingSystem
    arch: str
    libc: Libc
    default_floor: str = ""
    floors: tuple[str, ...] = ()


def load_targets(directory: Path | None = None) -> tuple[Target, ...]:
    """Read all targets, by triple; raise `CatalogError`."""
    files = sorted((directory or paths.DATA / DIRECTORY).glob("*.toml"))
    return tuple(target for file in files for target in _with_levels(_load(file)))


def _with_levels(target: Target) -> Iterator[Target]:
    """Yield a target, and its variants for newer levels of the processor."""
    yield target
    if target.os is not OperatingSystem.LINUX:
        return
    arch, _, system = target.triple.partition("-")
    for level in target.arch.levels:
        yield dataclasses.replace(target, triple=f"{arch}_{level}-{system}", level=level)


def _of_system(arch: Architecture, system: OperatingSystem) -> Architecture:
    """Return an architecture's properties without those for other operating systems."""
    match system:
        case OperatingSystem.LINUX:
            return dataclasses.replace(arch, darwin=None)
        case OperatingSystem.DARWIN:
            return dataclasses.replace(arch, glibc=None, musl=None)
        case OperatingSystem.WINDOWS:
            return dataclasses.replace(arch, glibc=None, musl=None, darwin=None)
        case _:
            assert_never(system)


def _load(file: Path) -> Target:
    written = convert(TargetFile, read_toml(file, SCHEMA), where=file)
    target = Target(
        triple=written.triple,
        os=written.os,
        arch=_of_system(load_architecture(written.arch), written.os),
        libc=written.libc,
        default_floor=written.default_floor,
        floors=written.floors,
    )
    if target.triple != file.stem:
        raise CatalogError(f"describes {target.triple}, but the file is named {file.stem}", where=file)
    if target.libc.os is not target.os:
        raise CatalogError(f"{target.libc.value} is not a C library for {target.os.title}", where=file)
    if bool(target.libc.floor) != bool(target.floors) or (target.floors and target.default_floor not in target.floors):
        raise CatalogError("default-floor is not one of floors", where=file)
    return target
