"""Model of `data/sysconfig.toml`: what an installed distribution says about compiling extensions."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from setup_local import paths
from setup_local.catalog.load import convert, read_toml


@dataclass(frozen=True, kw_only=True)
class Clear:
    """Makefile variables, as shell patterns, that become empty."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Inittab:
    """How the table of built-in modules is compiled again by whoever relinks."""

    cflags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bytecode:
    """Source files, as shell patterns below the installation, whose bytecode is checked at each import."""

    checked: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole file. `prefix` is what CPython is configured with."""

    prefix: str
    set: dict[str, str]
    clear: Clear
    inittab: Inittab
    bytecode: Bytecode

    def replacement(self, name: str) -> str | None:
        """Return the value that a Makefile variable gets, None if it keeps its own."""
        if name in self.set:
            return self.set[name]
        return "" if any(fnmatchcase(name, pattern) for pattern in self.clear.names) else None


def load_settings() -> Settings:
    """Read the file; raise `CatalogError`."""
    file = paths.DATA / "sysconfig.toml"
    return convert(Settings, read_toml(file, "sysconfig"), where=file)
