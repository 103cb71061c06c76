"""Data flows one way: no module imports a later stage, and leaves import nothing of the project's stages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import setup_local

PACKAGE = Path(setup_local.__file__).parent
STAGES = (
    "catalog",
    "plan",
    "render",
    "build",
    "stage",
    "describe",
    "audit",
    "flavors",
    "doctor",
    "index",
    "sourcing",
    "pins",
    "distribution",
    "pipeline",
    "matrix",
    "commands",
    "cli",
)
LEAVES = {"errors", "manifest", "values", "paths", "log", "run", "whole", "printable", "strict_json"}
# What a stage may import besides earlier stages and leaves; the judge must not know the builder.
FORBIDDEN = {"audit": {"plan", "render", "build", "stage", "describe", "fetch"}, "binfmt": set(STAGES)}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("setup_local"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("setup_local.")}
    return found


def _area(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "data" not in path.relative_to(PACKAGE).parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_a_later_stage(path: Path) -> None:
    area, imported = _area(path), _imports(path)
    later = set(STAGES[STAGES.index(area) + 1 :]) if area in STAGES else set()
    if area in LEAVES:
        later = set(STAGES)
    assert imported & (later | FORBIDDEN.get(area, set())) == set()


def test_the_check_sees_an_import() -> None:
    assert "build" in _imports(PACKAGE / "commands" / "store.py")
