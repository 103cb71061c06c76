"""What the doctor searches for: models and loaders of `data/doctor/*.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from setup_local import paths
from setup_local.catalog import load

DIRECTORY = paths.DATA / "doctor"


@dataclass(frozen=True, kw_only=True)
class CpuLevel:
    """One level of the x86-64 psABI, and what it requires beyond the level below."""

    name: str
    flags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CertificatePlace:
    """A file or directory where some systems keep trusted certificates."""

    path: str
    systems: str


@dataclass(frozen=True, kw_only=True)
class HostTables:
    """Everything that the doctor searches for on a host; `fixes` says by topic what to do if it is missing."""

    terms: tuple[str, ...]
    terminfo_directories: tuple[str, ...]
    zoneinfo_directories: tuple[str, ...]
    zone: str
    font_directories: tuple[str, ...]
    c_compilers: tuple[str, ...]
    cxx_compilers: tuple[str, ...]
    musl_loaders: tuple[str, ...]
    variables: tuple[str, ...]
    cpu_levels: tuple[CpuLevel, ...]
    certificates: tuple[CertificatePlace, ...]
    fixes: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class CheckTables:
    """What `check` accepts in addition to the policy: system libraries that wheels may use, system programs."""

    wheel_libraries: tuple[str, ...]
    system_programs: tuple[str, ...]
    path_files: tuple[str, ...]


@cache
def host_tables() -> HostTables:
    """Read `host.toml`. Raises `CatalogError`."""
    path = DIRECTORY / "host.toml"
    return load.convert(HostTables, load.read_toml(path, "doctor"), where=path)


@cache
def check_tables() -> CheckTables:
    """Read `check.toml`. Raises `CatalogError`."""
    path = DIRECTORY / "check.toml"
    return load.convert(CheckTables, load.read_toml(path, "check"), where=path)
