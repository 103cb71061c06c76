"""Model of `data/emulation.toml`: how programs of other processors run on the build host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Requirement
from setup_local.catalog.targets import Target
from setup_local.values import Libc

SCHEMA = "emulation"


@dataclass(frozen=True, kw_only=True)
class Emulation:
    """The whole file: the source of QEMU's user-mode emulators, and sources `installed` on machines that run tests."""

    source: str
    versions: str
    installed: tuple[str, ...] = ()

    def requirements(self, target: Target) -> tuple[Requirement, ...]:
        """Return the sources for running programs of a target: the emulator, and a glibc if they need one."""
        runtime = target.glibc.runtime if target.libc is Libc.GLIBC else ()
        return (Requirement(name=self.source, versions=self.versions), *(Requirement(name=name) for name in runtime))


def load_emulation(path: Path | None = None) -> Emulation:
    """Read how programs of other processors run; raise `CatalogError`."""
    file = path or paths.DATA / "emulation.toml"
    return convert(Emulation, read_toml(file, SCHEMA), where=file)
