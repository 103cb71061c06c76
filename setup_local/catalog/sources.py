"""Model of `data/sources.toml`: every source, pinned by SHA-256 and size, and where it can come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ArchiveKind(Enum):
    """Container of a source archive."""

    TAR = "tar"  # any compression that tarfile reads
    DEB = "deb"  # a Debian binary package (architecture-independent ones only)
    WHEEL = "wheel"  # a Python wheel (a zip file)


@dataclass(frozen=True, kw_only=True)
class AptPlace:
    """A file of a distribution's own package archive, reached through apt."""

    package: str
    version: str
    file: str
    suites: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PypiPlace:
    """A file on the Python package index, reached through pip as it is configured."""

    project: str
    version: str
    platform: str = ""


@dataclass(frozen=True, kw_only=True)
class Form:
    """One exact archive of a source; forms of a source differ in bytes but hold the same version.

    `root` is the directory inside the archive that is the source tree; `size` is in bytes.
    `traits` name what a recipe must do more for this form (e.g. `autoreconf`, `no-amalgamation`).
    `verified` is False for a hash that was published by upstream but never checked against the bytes.
    """

    file: str
    sha256: str
    size: int
    kind: ArchiveKind = ArchiveKind.TAR
    root: str = ""
    urls: tuple[str, ...] = ()
    apt: AptPlace | None = None
    pypi: PypiPlace | None = None
    traits: tuple[str, ...] = ()
    verified: bool = True


@dataclass(frozen=True, kw_only=True)
class Source:
    """One version of one upstream project, with its forms in order of preference."""

    name: str
    version: str
    forms: tuple[Form, ...]

    @property
    def identity(self) -> str:
        """Return `name-version`, as people write it."""
        return f"{self.name}-{self.version}"
