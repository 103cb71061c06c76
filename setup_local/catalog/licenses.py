"""Model of `data/licenses.toml`: licences that apply beyond the library they cover."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml

FILE = "licenses.toml"
SCHEMA = "licenses"
WHOLE_LICENSE = "SETUP_LOCAL_LICENSE"
"""The variable in PYTHON.json's `python_config_vars` that names the licence under which all of it must be conveyed."""


@dataclass(frozen=True, kw_only=True)
class WholeLicense:
    """A licence under which everything that contains such a library must be conveyed; SPDX identifiers."""

    license: str
    contradicts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LicenseCatalog:
    """The whole file."""

    whole: tuple[WholeLicense, ...]


def load_licenses(path: Path | None = None) -> LicenseCatalog:
    """Read what is known about licences; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(LicenseCatalog, read_toml(file, SCHEMA), where=file)
