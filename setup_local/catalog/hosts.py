"""Model of `data/hosts/*.toml`: build hosts, as opposed to targets."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.targets import Target
from setup_local.errors import CatalogError, HostError
from setup_local.values import OperatingSystem, ToolchainChoice

DIRECTORY = "hosts"
SCHEMA = "host"


@dataclass(frozen=True, kw_only=True)
class BuildHost:
    """One kind of build host: `machine` as printed by uname(1), and the target that its own programs are built for.

    `runs` are the architectures whose programs its processor runs, `builds` the systems that distributions are built for
    on it, and `default_toolchain` is its compiler if none is requested.
    """

    machine: str
    target: Target
    runs: tuple[str, ...]
    builds: tuple[OperatingSystem, ...]
    default_toolchain: ToolchainChoice

    def builds_natively(self, target: Target) -> bool:
        """Return whether programs for a target are programs of this machine."""
        return target.os is self.target.os and target.arch.name == self.target.arch.name

    def runs_programs_of(self, target: Target) -> bool:
        """Return whether this machine's kernel and processor run programs for a target."""
        return target.os is self.target.os and target.arch.name in self.runs


@dataclass(frozen=True, kw_only=True)
class HostFile:
    """One file as written: the target is a triple."""

    machine: str
    triple: str
    runs: tuple[str, ...]
    builds: tuple[OperatingSystem, ...]
    default_toolchain: ToolchainChoice


def load_hosts(targets: Iterable[Target], directory: Path | None = None) -> tuple[BuildHost, ...]:
    """Read all build hosts; raise `CatalogError`."""
    known = {target.triple: target for target in targets}
    return tuple(_load(file, known) for file in sorted((directory or paths.DATA / DIRECTORY).glob("*.toml")))


def host_of(system: str, machine: str, hosts: Iterable[BuildHost]) -> BuildHost:
    """Return the build host for uname(1)'s values; raise `HostError` if there is none for such machines."""
    known = {(host.target.os.value, host.machine): host for host in hosts}
    found = known.get((system.lower(), machine))
    if found is None:
        hint = ", ".join(f"{host.target.os.title} {host.machine}" for host in known.values())
        raise HostError(f"distributions cannot be built on {system} {machine} yet", hint=f"use one of: {hint}")
    return found


def this_host(targets: Iterable[Target]) -> BuildHost:
    """Return the build host that this machine is; raise `HostError` if distributions cannot be built on it."""
    return host_of(platform.system(), platform.machine(), load_hosts(targets))


def _load(file: Path, targets: dict[str, Target]) -> BuildHost:
    written = convert(HostFile, read_toml(file, SCHEMA), where=file)
    if written.triple not in targets:
        raise CatalogError(f"there is no target {written.triple}", where=file)
    target = targets[written.triple]
    name = f"{target.os.value}-{written.machine}"
    if name != file.stem:
        raise CatalogError(f"describes {name}, but the file is named {file.stem}", where=file)
    return BuildHost(
        machine=written.machine,
        target=target,
        runs=written.runs,
        builds=written.builds,
        default_toolchain=written.default_toolchain,
    )
