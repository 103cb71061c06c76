"""Writes the packages of an environment into its file; everything else in it keeps its bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from setup_local.catalog.environments import Package
from setup_local.errors import CatalogError

_TABLE = "\n[packages]\n"


def with_packages(text: str, packages: Mapping[str, Package], *, where: object) -> str:
    """Return an environment's file with its last table replaced. Raises `CatalogError` if there is none."""
    head, table, _ = text.partition(_TABLE)
    if not table:
        raise CatalogError("has no table [packages] at its end", where=where)
    return f"{head}{_TABLE}{''.join(_line(name, packages[name]) for name in sorted(packages))}"


def _line(name: str, package: Package) -> str:
    values = {"version": package.version, "file": package.file, "size": package.size, "sha256": package.sha256}
    fields = ", ".join(f"{key} = {json.dumps(value)}" for key, value in values.items() if value)
    return f"{_key(name)} = {{ {fields} }}\n"


def _key(name: str) -> str:
    return name if name.replace("-", "").isalnum() else json.dumps(name)
