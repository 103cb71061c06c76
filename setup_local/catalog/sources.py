"""Model of `data/sources.toml`: every source, pinned by SHA-256 and size, and where it can come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from functools import cache

from packaging.version import InvalidVersion, Version

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.errors import CatalogError, RequestError


class ArchiveKind(Enum):
    """Container of a source archive."""

    TAR = "tar"  # any compression that tarfile reads
    DEB = "deb"  # a Debian binary package
    WHEEL = "wheel"  # a Python wheel (a zip file)


@dataclass(frozen=True, kw_only=True)
class AptPlace:
    """A file of a distribution's own package archive, reached through apt.

    `package` is the source package, or the binary package for `ArchiveKind.DEB`; then `source` names the
    source package where that differs.
    """

    package: str
    version: str
    file: str
    suites: tuple[str, ...]
    source: str = ""

    @property
    def pool(self) -> str:
        """Return the directory of the package in the archive (`pool/main/libx/libxcb`)."""
        name = self.source or self.package
        return f"pool/main/{name[:4] if name.startswith('lib') else name[:1]}/{name}"


@dataclass(frozen=True, kw_only=True)
class PypiPlace:
    """A file on the Python package index, reached through pip as it is configured."""

    project: str
    version: str
    platform: str = ""


@dataclass(frozen=True, kw_only=True)
class Form:
    """One exact archive of a source; forms of a source differ in bytes but hold the same version.

    `root` is the directory inside the archive that is the source tree. `size` is in bytes; 0 means that it was
    not published, which only an unverified form may have.
    `traits` name what a recipe must do more for this form (e.g. `no-configure`, `no-amalgamation`).
    `extent` says where in a large `.tar.xz` the members below `root` lie together (offset and length in bytes of
    the tar archive), so that nothing before them needs to be decompressed.
    `verified` is False for a hash that was published by upstream but never checked against the bytes.
    """

    file: str
    sha256: str
    size: int = 0
    kind: ArchiveKind = ArchiveKind.TAR
    root: str = ""
    urls: tuple[str, ...] = ()
    apt: AptPlace | None = None
    pypi: PypiPlace | None = None
    traits: tuple[str, ...] = ()
    extent: tuple[int, int] | None = None
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

    @property
    def verified(self) -> bool:
        """Tell whether the bytes of at least one form were checked against its pin."""
        return any(form.verified for form in self.forms)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """All pinned sources, in the order of the catalog."""

    sources: tuple[Source, ...]

    def find(self, name: str, version: str) -> Source:
        """Return one source; raise `CatalogError` with the nearest pins when it is not pinned."""
        for source in self.sources:
            if (source.name, source.version) == (name, version):
                return source
        pinned = [source.identity for source in self.sources]
        near = [source.identity for source in self.sources if source.name == name]
        near = near or get_close_matches(f"{name}-{version}", pinned)
        raise CatalogError(
            f"no source {name}-{version} is pinned",
            where=paths.DATA / "sources.toml",
            hint=f"pinned: {', '.join(near)}" if near else None,
        )

    def select(self, names: Iterable[str]) -> tuple[Source, ...]:
        """Return what names mean, in catalog order: one version (`zlib-1.3.1`) or all of a source (`zlib`).

        Raises `RequestError` for a name that nothing has.
        """
        asked = set(names)
        known = {word for source in self.sources for word in (source.name, source.identity)}
        for name in sorted(asked - known):
            close = get_close_matches(name, known, n=1)
            raise RequestError(
                f"no source {name} is pinned",
                hint=f"did you mean {close[0]}?" if close else "`setup-local sources list` shows all",
            )
        return tuple(source for source in self.sources if asked & {source.name, source.identity})

    def versions(self, name: str) -> tuple[str, ...]:
        """Return the pinned versions of a source, newest first."""
        found = [source.version for source in self.sources if source.name == name]
        return tuple(sorted(found, key=_order, reverse=True))


def _order(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


@cache
def load_sources() -> Sources:
    """Read `data/sources.toml`; raise `CatalogError` when it or its pins are wrong."""
    path = paths.DATA / "sources.toml"
    sources = convert(Sources, read_toml(path, "sources"), where=path)
    identities = [source.identity for source in sources.sources]
    for identity in identities:
        if identities.count(identity) > 1:
            raise CatalogError(f"{identity} is pinned twice", where=path)
    return sources
