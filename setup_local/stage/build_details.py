"""Makes `build-details.json` (PEP 739, since CPython 3.14) correct wherever the installation is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from setup_local.catalog.cpython import Companion
from setup_local.errors import StageError
from setup_local.stage import files

FILE = "build-details.json"
"""Its name in the directory of the standard library."""


def relocate(stdlib: Path, root: Path, prefix: str, companion: Companion | None = None) -> None:
    """Make every directory in the file relative, if the file exists; raise `StageError` for one that cannot be.

    `root` is the directory of the installation that was configured for `prefix`. PEP 739: `base_prefix` is relative to
    the file's own directory, everything else to `base_prefix`. With a companion, that is the library to link: linking
    the static one requires files that only a full archive has.
    """
    path = stdlib / FILE
    if not path.exists():
        return
    details = _relative(_read(path), prefix)
    details["base_prefix"] = os.path.relpath(root, stdlib)
    if (left := _first(details, prefix)) is not None:
        raise StageError(f"names {left}, which is not relocatable", where=path)
    if companion:
        details["libpython"] = {"dynamic": f"lib/{companion.soname}"}
    _point_at_static_library(details, stdlib, root)
    files.write(path, json.dumps(details, indent=2) + "\n")


def _read(path: Path) -> dict[str, Any]:
    try:
        details = json.loads(files.read(path))
    except ValueError as error:
        raise StageError(f"is not JSON: {error}", where=path) from error
    if not isinstance(details, dict) or not str(details.get("schema_version")).startswith("1."):
        raise StageError("is not a description of version 1", where=path)
    return details


def _relative(value: Any, prefix: str) -> Any:
    """Return a value with every path below the prefix made relative to it."""
    match value:
        case dict():
            return {name: _relative(inner, prefix) for name, inner in value.items()}
        case str() if value.startswith(f"{prefix}/"):
            return value.removeprefix(f"{prefix}/")
        case _:
            return value


def _first(value: Any, text: str) -> str | None:
    """Return the first string in a JSON value that contains a text."""
    match value:
        case dict():
            return next((found for inner in value.values() if (found := _first(inner, text))), None)
        case list():
            return next((found for inner in value if (found := _first(inner, text))), None)
        case str() if text in value:
            return value
        case _:
            return None


def _point_at_static_library(details: dict[str, Any], stdlib: Path, root: Path) -> None:
    """Name the library where it is installed: some releases name `lib` for one in the configuration directory."""
    named = details.get("libpython", {}).get("static")
    if named and not (root / named).exists():
        found = files.only(stdlib, f"config-*/{Path(named).name}")
        details["libpython"]["static"] = found.relative_to(root).as_posix()
