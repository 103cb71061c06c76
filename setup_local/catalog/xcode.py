"""Model of `data/xcode.toml`: what a build for macOS takes of Xcode, and what it makes itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml


@dataclass(frozen=True, kw_only=True)
class XcodeCatalog:
    """The whole file.

    `minimum` is the oldest Clang (the major number, as Apple counts), `make_minimum` the oldest GNU make. `programs` and
    `dsym` map the names that steps use to those that xcrun(1) knows; `keep` are the required parts of the sources.
    """

    minimum: int
    make_minimum: str
    programs: Mapping[str, str]
    dsym: Mapping[str, str]
    keep: Mapping[str, tuple[str, ...]]


def load_xcode(path: Path | None = None) -> XcodeCatalog:
    """Read what is taken of Xcode; raise `CatalogError`."""
    file = path or paths.DATA / "xcode.toml"
    return convert(XcodeCatalog, read_toml(file, "xcode"), where=file)
