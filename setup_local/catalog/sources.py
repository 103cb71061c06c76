"""Model of `data/sources.toml`: every source, pinned by SHA-256 and size, and where it can come from.

The pins do not decide what is built: each user of a source states which versions are suitable (`Requirement`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import Any

from packaging.version import Version

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.versions import admits, order
from setup_local.errors import CatalogError, RequestError


class ArchiveKind(Enum):
    """Container of a source archive."""

    TAR = "tar"  # any compression that tarfile reads
    DEB = "deb"  # a Debian binary package
    WHEEL = "wheel"  # a Python wheel (a zip file)


class Trust(Enum):
    """What vouches for the bytes of a source, strongest first."""

    PINNED = "pinned"  # the catalog has their hash
    SIGNED = "signed"  # an index whose signature was checked has their hash
    LOCAL = "local"  # the user gave them


class Place(Enum):
    """A kind of place that publishes sources."""

    UPSTREAM = "upstream"
    DISTRIBUTION = "distribution"
    PYPI = "pypi"
    USER = "user"


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A required source and its suitable versions: a PEP 440 specifier set (`>=3.5,<3.6`), empty for all."""

    name: str
    versions: str = ""

    def __str__(self) -> str:
        """Return it in readable form."""
        return f"{self.name} {self.versions}".strip()


def exactly(name: str, version: str) -> Requirement:
    """Return the requirement of one version of a source."""
    return Requirement(name=name, versions=f"=={version}")


class NoCandidate(CatalogError):
    """No source that meets a requirement is known or available."""

    def __init__(self, requirement: Requirement, hint: str | None = None) -> None:
        super().__init__(f"no source matches {requirement}", where=paths.DATA / "sources.toml", hint=hint)
        self.requirement = requirement


@dataclass(frozen=True, kw_only=True)
class AptPlace:
    """A file of a distribution's own package archive, reached through apt.

    `package` is the source package, or the binary package for `ArchiveKind.DEB`; then `source` names the
    source package if that differs.
    """

    package: str
    version: str
    file: str
    suites: tuple[str, ...]
    source: str = ""

    @property
    def architecture(self) -> str:
        """Return the architecture of a binary package (`arm64`) from its name; empty for all, and for sources."""
        name, dot, kind = self.file.rpartition(".")
        processor = name.rpartition("_")[2] if dot and kind == "deb" else ""
        return "" if processor == "all" else processor

    @property
    def directory(self) -> str:
        """Return the directory of the package below that of its component (`libx/libxcb` in `pool/main`)."""
        name = self.source or self.package
        return f"{name[:4] if name.startswith('lib') else name[:1]}/{name}"

    @property
    def pool(self) -> str:
        """Return the directory of the package in the archive (`pool/main/libx/libxcb`)."""
        return f"pool/main/{self.directory}"


@dataclass(frozen=True, kw_only=True)
class PypiPlace:
    """A file on the Python package index, downloaded with pip as it is configured."""

    project: str
    version: str
    platform: str = ""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A detached OpenPGP signature of a form, and its location.

    `key` is a name in `keys.toml`. Without `sha256` any signature made with the key is accepted. `size` is in bytes; 0
    means unknown.
    """

    key: str
    file: str
    sha256: str = ""
    size: int = 0
    urls: tuple[str, ...] = ()
    apt: AptPlace | None = None


@dataclass(frozen=True, kw_only=True)
class Sigstore:
    """A sigstore bundle of a form: the required signer (an account at an OpenID issuer), and the bundle's location."""

    identity: str
    issuer: str
    file: str
    sha256: str = ""
    size: int = 0
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Form:
    """One exact archive of a source; forms of a source differ in bytes but hold the same version.

    `root` is the directory inside the archive that is the source tree; it begins with `*` for a tarball that was never
    seen, whose only top directory may have any name. `size` is in bytes; 0 means that it was not published, which only
    an unverified or unpinned form may have.
    `extent` says where in a large `.tar.xz` the members below `root` are contiguous (offset and length in bytes of
    the tar archive), so that nothing before them needs to be decompressed.
    `machines` are the machines (uname(1)) that programs in it run on, none if the content is the same for all.
    `verified` is False for a hash that was published by upstream but never checked against the bytes.
    `signature` or `sigstore` was checked when the source was pinned, unless `unsigned` gives the reason why not (a name
    in `keys.toml`); then it is checked if it is available.
    """

    file: str
    sha256: str
    size: int = 0
    kind: ArchiveKind = ArchiveKind.TAR
    root: str = ""
    urls: tuple[str, ...] = ()
    apt: AptPlace | None = None
    pypi: PypiPlace | None = None
    extent: tuple[int, int] | None = None
    machines: tuple[str, ...] = ()
    verified: bool = True
    signature: Signature | None = None
    sigstore: Sigstore | None = None
    unsigned: str = ""

    @property
    def places(self) -> tuple[Place, ...]:
        """Return the kinds of places that publish exactly these bytes; none for the user's own."""
        known = ((Place.UPSTREAM, self.urls), (Place.DISTRIBUTION, self.apt), (Place.PYPI, self.pypi))
        return tuple(place for place, there in known if there)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One version of one upstream project, with its forms in order of preference.

    `trust` is never in the catalog: everything in it is pinned.
    """

    name: str
    version: str
    forms: tuple[Form, ...]
    trust: Trust = Trust.PINNED

    @property
    def identity(self) -> str:
        """Return `name-version`."""
        return f"{self.name}-{self.version}"

    @property
    def verified(self) -> bool:
        """Return whether the bytes of at least one form were checked against its pin."""
        return any(form.verified for form in self.forms)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """All pinned sources, in the order of the catalog.

    `missing` are the identities of unavailable ones: the catalog knows none, a build discovers them.
    """

    sources: tuple[Source, ...]
    missing: frozenset[str] = frozenset()

    def find(self, name: str, version: str) -> Source:
        """Return one source; raise `CatalogError` with the nearest pins if it is not pinned."""
        for source in self.sources:
            if (source.name, source.version) == (name, version):
                return source
        raise CatalogError(
            f"no source {name}-{version} is pinned",
            where=paths.DATA / "sources.toml",
            hint=self._near(name, version),
        )

    def candidates(self, requirement: Requirement) -> tuple[Source, ...]:
        """Return the sources that meet a requirement and are not missing, best first.

        A source given by the user is used whatever its version, and no other. Versions whose bytes were never checked
        come after the others, and those that only an index vouches for come last, in the index's order; of the pinned
        ones the newest is the best.
        """
        there = [source for source in self.sources if source.identity not in self.missing]
        named = [source for source in there if source.name == requirement.name]
        given = tuple(source for source in named if source.trust is Trust.LOCAL)
        fitting = [source for source in named if admits(requirement.versions, source.version)]
        return given or tuple(sorted(fitting, key=_rank, reverse=True))

    def best(self, requirement: Requirement) -> Source:
        """Return the best source that meets a requirement; raise `NoCandidate` if none does."""
        for source in self.candidates(requirement):
            return source
        raise NoCandidate(requirement, self._near(requirement.name, requirement.versions))

    def usable_on(self, machine: str) -> Sources:
        """Return the same sources without forms that contain only programs of other machines."""
        usable = [
            replace(source, forms=tuple(form for form in source.forms if machine in (form.machines or (machine,))))
            for source in self.sources
        ]
        return replace(self, sources=tuple(source for source in usable if source.forms))

    def without(self, identities: Iterable[str]) -> Sources:
        """Return the same sources with some marked as missing."""
        return replace(self, missing=self.missing | frozenset(identities))

    def with_more(self, found: Iterable[Source]) -> Sources:
        """Return these sources and others; for the same name and version, the others count."""
        added = {source.identity: source for source in found}
        kept = (source for source in self.sources if source.identity not in added)
        return Sources(sources=(*added.values(), *kept), missing=self.missing - set(added))

    def _near(self, name: str, version: str) -> str | None:
        """Return a hint that names the pins that may have been meant."""
        near = [source.identity for source in self.sources if source.name == name]
        near = near or get_close_matches(f"{name}-{version}", [source.identity for source in self.sources])
        return f"pinned: {', '.join(near)}" if near else None

    def select(self, names: Iterable[str]) -> tuple[Source, ...]:
        """Return the sources for names, in catalog order: one version (`zlib-1.3.1`) or all of a source (`zlib`).

        Raises `RequestError` for an unknown name.
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
        return tuple(sorted(found, key=order, reverse=True))


def _rank(source: Source) -> tuple[bool, bool, Version]:
    pinned = source.trust is Trust.PINNED
    return pinned, source.verified, order(source.version if pinned else "0")


def filled(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a source from the file with its version substituted for the placeholders."""
    version = raw["version"]

    def fill(value: Any) -> Any:
        match value:
            case str():
                return value.replace("{version}", version).replace("{underscored}", version.replace(".", "_"))
            case list():
                return [fill(item) for item in value]
            case dict():
                return {key: fill(item) for key, item in value.items()}
            case _:
                return value

    return {key: fill(item) for key, item in raw.items()}


@cache
def load_sources() -> Sources:
    """Read `data/sources.toml`; raise `CatalogError` if it or its pins are invalid."""
    path = paths.DATA / "sources.toml"
    raw = [filled(source) for source in read_toml(path, "sources")["sources"]]
    sources = convert(Sources, {"sources": raw}, where=path)
    identities = [source.identity for source in sources.sources]
    for identity in identities:
        if identities.count(identity) > 1:
            raise CatalogError(f"{identity} is pinned twice", where=path)
    return sources
