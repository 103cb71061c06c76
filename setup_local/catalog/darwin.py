"""Model of `data/darwin.toml`: the toolchain for macOS apart from the compiler, and the contents of the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Requirement, exactly


@dataclass(frozen=True, kw_only=True)
class Linker:
    """The Mach-O linker: its program, and the links next to its files, which wheels do not contain."""

    program: str
    links: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class DarwinRuntime:
    """The parts of compiler-rt's builtins that are linked, and how they are compiled."""

    sources: tuple[str, ...]
    cflags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """Headers and link-time libraries; `headers` and `library` are paths in the compiler's wheel.

    `aliases` are further names of the library, `unknown_targets` words in its text that the linker does not know.
    """

    headers: str
    without_headers: tuple[str, ...]
    own_headers: tuple[str, ...]
    library: str
    unknown_targets: tuple[str, ...]
    aliases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Framework:
    """One framework, with the only symbols that can be linked."""

    name: str
    symbols: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DarwinCatalog:
    """The whole file.

    `sources` are those in addition to the toolchain's; `keep` are the required parts of all of them.
    """

    linker_version: str
    sdk_version: str
    sources: Mapping[str, str]
    keep: Mapping[str, tuple[str, ...]]
    linker: Linker
    runtime: DarwinRuntime
    sdk: Sdk
    frameworks: tuple[Framework, ...]

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Return the sources of the linker: exact releases, which the rest of the file describes."""
        return tuple(exactly(name, version) for name, version in self.sources.items())


def load_darwin(path: Path | None = None) -> DarwinCatalog:
    """Read the toolchain for macOS; raise `CatalogError`."""
    file = path or paths.DATA / "darwin.toml"
    return convert(DarwinCatalog, read_toml(file, "darwin"), where=file)
