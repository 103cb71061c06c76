"""Model of `data/targets/*.toml`: what is built for, one file for each triple; levels of processors make more of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from setup_local import paths
from setup_local.catalog.architectures import Architecture, GlibcPort, MuslPort, load_architecture
from setup_local.catalog.load import convert, read_toml
from setup_local.errors import CatalogError
from setup_local.values import Libc

DIRECTORY = "targets"
SCHEMA = "target"
Port = TypeVar("Port", GlibcPort, MuslPort)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One target triple: an architecture, an operating system and a C library.

    `floors` are the glibc versions that can be asked for (`default_floor` among them, empty for musl). `level` is the
    level of the processor that the triple names (`v3`), empty without one, and `system` the triple without it, as
    `configure` scripts know it.
    """

    triple: str
    os: str
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
        """Return what decides about code that is compiled."""
        return dataclasses.replace(self, arch=self.arch.for_compiling)

    @property
    def cflags(self) -> tuple[str, ...]:
        """Return the flags that say what code may be generated."""
        return self.arch.levels[self.level] if self.level else self.arch.cflags

    @property
    def glibc(self) -> GlibcPort:
        """Return what glibc is on this target; raise `CatalogError` if there is nothing about it."""
        return self._port(self.arch.glibc)

    @property
    def musl(self) -> MuslPort:
        """Return what musl is on this target; raise `CatalogError` if there is nothing about it."""
        return self._port(self.arch.musl)

    def _port(self, port: Port | None) -> Port:
        if port is None:
            raise CatalogError(f"data/arch/{self.arch.name}.toml says nothing about {self.libc.value}")
        return port


@dataclass(frozen=True, kw_only=True)
class TargetFile:
    """One file as it is written: the architecture is a name."""

    triple: str
    os: str
    arch: str
    libc: Libc
    default_floor: str = ""
    floors: tuple[str, ...] = ()


def load_targets(directory: Path | None = None) -> tuple[Target, ...]:
    """Read all targets, by triple; raise `CatalogError`."""
    files = sorted((directory or paths.DATA / DIRECTORY).glob("*.toml"))
    return tuple(target for file in files for target in _with_levels(_load(file)))


def _with_levels(target: Target) -> Iterator[Target]:
    """Yield a target, and the ones that differ from it in what they ask of the processor."""
    yield target
    arch, _, system = target.triple.partition("-")
    for level in target.arch.levels:
        yield dataclasses.replace(target, triple=f"{arch}_{level}-{system}", level=level)


def _load(file: Path) -> Target:
    written = convert(TargetFile, read_toml(file, SCHEMA), where=file)
    target = Target(
        triple=written.triple,
        os=written.os,
        arch=load_architecture(written.arch),
        libc=written.libc,
        default_floor=written.default_floor,
        floors=written.floors,
    )
    if target.triple != file.stem:
        raise CatalogError(f"describes {target.triple}, but the file is named {file.stem}", where=file)
    if (target.libc is Libc.GLIBC) != bool(target.floors) or (
        target.floors and target.default_floor not in target.floors
    ):
        raise CatalogError("default-floor is not one of floors", where=file)
    return target
