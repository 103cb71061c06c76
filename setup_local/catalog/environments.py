"""Model of `data/environments/*.toml`: distributions in which steps can run, each pinned package by package.

Old suites are signed with keys that have expired, so no signature is checked: trust rests on the pinned hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import AptPlace, ArchiveKind, Form, Source
from setup_local.errors import CatalogError, RequestError

DIRECTORY = paths.DATA / "environments"
SCHEMA = "environment"
_UNSIGNED = "package"


@dataclass(frozen=True, kw_only=True)
class Package:
    """One binary package; `file` is its path in the archive; all but `version` is empty until it is resolved."""

    version: str
    file: str = ""
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment: a suite at a point in time of a snapshot archive, and the contents of its root file system.

    `archive` is the URL of the package archive with `{snapshot}` in it. `roots` are the packages required by name,
    `provided` names the package that replaces a virtual one, or none. `links` and `files` are what maintainer
    scripts would have created: no script of a package is ever run. `leave_out` are directories that no build needs.
    `programs` are those that builds require, with their versions.
    """

    name: str
    title: str
    suite: str
    snapshot: str
    architecture: str
    libc_version: str
    programs: dict[str, str]
    archive: str
    merged_usr: bool
    roots: tuple[str, ...]
    links: dict[str, str]
    files: dict[str, str]
    leave_out: tuple[str, ...]
    packages: dict[str, Package]
    provided: dict[str, str] | None = None

    @property
    def archive_url(self) -> str:
        """Return the URL of the package archive at the time of the snapshot."""
        return self.archive.replace("{snapshot}", self.snapshot)

    @property
    def unresolved(self) -> tuple[str, ...]:
        """Return the packages without a pinned hash, and the required ones that are not listed."""
        listed = [name for name, package in self.packages.items() if not package.sha256]
        return tuple(sorted({*listed, *(name for name in self.roots if name not in self.packages)}))

    def refuse_unresolved(self) -> None:
        """Raise `RequestError` while hashes are missing."""
        if self.unresolved:
            raise RequestError(
                f"{len(self.unresolved)} packages have no pinned hash, among them {self.unresolved[0]}",
                where=f"environment {self.name}",
                hint=f"run `setup-local environments resolve {self.name}` where {self.archive_url} can be reached",
            )

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return the packages as sources, in the order of their names. Raises `RequestError` while hashes are missing."""
        self.refuse_unresolved()
        return tuple(self._source(name, self.packages[name]) for name in sorted(self.packages))

    @property
    def contents(self) -> dict[str, object]:
        """Return the properties that affect the root file system."""
        hashes = {name: package.sha256 for name, package in self.packages.items()}
        return {
            "packages": hashes,
            "merged-usr": self.merged_usr,
            "links": self.links,
            "files": self.files,
            "leave-out": self.leave_out,
        }

    def _source(self, name: str, package: Package) -> Source:
        path = PurePosixPath(package.file)
        place = AptPlace(
            package=name, version=package.version, file=path.name, suites=(self.suite,), source=path.parent.name
        )
        form = Form(
            file=path.name,
            sha256=package.sha256,
            size=package.size,
            kind=ArchiveKind.DEB,
            urls=(f"{self.archive_url}/{package.file}",),
            apt=place,
            unsigned=_UNSIGNED,
        )
        return Source(name=name, version=package.version, forms=(form,))


def environment_file(name: str, directory: Path = DIRECTORY) -> Path:
    """Return the file that describes an environment. Raises `RequestError` if there is none."""
    known = environment_names(directory)
    if name not in known:
        raise RequestError(f"unknown environment {name}", hint=f"one of: {', '.join(known)}")
    return directory / f"{name}.toml"


def environment_names(directory: Path = DIRECTORY) -> tuple[str, ...]:
    """Return the names of all environments."""
    return tuple(sorted(path.stem for path in directory.glob("*.toml")))


def load_environment(name: str, directory: Path = DIRECTORY) -> Environment:
    """Read one environment; raise `RequestError` for an unknown name, `CatalogError` for an invalid file."""
    file = environment_file(name, directory)
    found = convert(Environment, read_toml(file, SCHEMA), where=file)
    if found.name != name:
        raise CatalogError(f"describes {found.name}, but the file is named {name}", where=file)
    return found
