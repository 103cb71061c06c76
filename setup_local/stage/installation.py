"""The locations in an installation of CPython."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from setup_local.stage import files


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The locations in an installation; `stdlib` and `config` are below `root`.

    `abi_flags` follow the version in most names (`python3.13t`).
    """

    root: Path
    version: str
    stdlib: Path
    config: Path
    abi_flags: str = ""

    @property
    def packages(self) -> Path:
        """Return the directory of the pkg-config files."""
        return self.root / "lib" / "pkgconfig"

    @property
    def libpython(self) -> Path:
        """Return the static libpython in the directory for embedding."""
        return self.config / f"lib{self.interpreter}.a"

    @property
    def header(self) -> Path:
        """Return the header with CPython's configuration."""
        return self.root / "include" / self.interpreter / "pyconfig.h"

    @property
    def interpreter(self) -> str:
        """Return the interpreter's file name in `bin/`."""
        return f"python{self.version}{self.abi_flags}"


def find(root: Path, version: str, abi_flags: str = "") -> Installation:
    """Return an installation's locations; raise `StageError` if it is not one, or has another ABI."""
    stdlib = files.only(root / "lib", f"python{version}*")
    config = files.only(stdlib, f"config-{version}{abi_flags}-*")
    return Installation(root=root, version=version, abi_flags=abi_flags, stdlib=stdlib, config=config)
