"""Data flows one way: no module imports a later layer, and there are no import cycles."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import setup_local

PACKAGE = Path(setup_local.__file__).parent
NAME = PACKAGE.name
# Every package and every top-level module; each may import those before it. The audit comes before fetching, planning
# and building, so that it cannot depend on the builder, and file formats come before the catalog.
LAYERS = (
    "__init__",
    "printable",
    "errors",
    "log",
    "values",
    "archive_name",
    "atomic_write",
    "own_sdk",
    "manifest",
    "strict_json",
    "run",
    "paths",
    "binfmt",
    "catalog",
    "audit",
    "fetch",
    "plan",
    "render",
    "sourcing",
    "build",
    "stage",
    "describe",
    "flavors",
    "doctor",
    "index",
    "pins",
    "distribution",
    "universal",
    "pipeline",
    "buildenv",
    "toolmaking",
    "matrix",
    "commands",
    "cli",
    "__main__",
    "wsl",
    "bootstrap",
)
# What these may import instead: they run before dependencies are installed, or on Windows.
INSTEAD: dict[str, set[str]] = {"__init__": set(), "wsl": set(), "bootstrap": {"wsl"}}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "data" not in path.relative_to(PACKAGE).parts)


def imported(source: str) -> set[str]:
    """Return the dotted names below the package that a module's source imports, at its top level or in functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports are not read"
            if node.module and node.module.split(".")[0] == NAME:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith(f"{NAME}.")}
    return found


def area(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def too_late(own: str, names: Iterable[str]) -> set[str]:
    """Return the imports that are forbidden for a module of a layer."""
    before = INSTEAD.get(own, set(LAYERS[: LAYERS.index(own)]) | {own})
    return {name for name in names if name.split(".")[1] not in before}


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of an import cycle, or an empty list."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def module(path: Path) -> str:
    return ".".join((NAME, *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_every_package_has_a_layer_and_every_layer_a_package() -> None:
    assert {area(path) for path in MODULES} == set(LAYERS)
    assert len(LAYERS) == len(set(LAYERS))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_a_later_layer(path: Path) -> None:
    names, own = imported(path.read_text(encoding="utf-8")), area(path)
    assert too_late(own, names) == set()
    # The same module with one more import: of the next layer, or of anything where nothing is allowed.
    later = LAYERS[(LAYERS.index(own) + 1) % len(LAYERS)]
    assert too_late(own, names | imported(f"from {NAME}.{later} import x")) == {f"{NAME}.{later}.x"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = {module(path): path for path in MODULES}
    imports = {name: imported(path.read_text(encoding="utf-8")) for name, path in known.items()}
    graph = {
        name: {item if item in known else item.rpartition(".")[0] for item in found} - {NAME}
        for name, found in imports.items()
    }
    assert all(item in known for found in graph.values() for item in found)
    assert circle(graph) == []
    target = f"{NAME}.audit.validate"
    assert target in circle(graph | {f"{NAME}.binfmt.ar": {target}})


@pytest.mark.parametrize(
    "text",
    [
        f"from {NAME}.build import engine",
        f"from {NAME}.build.engine import Engine",
        f"import {NAME}.build.engine",
        f"def f() -> None:\n    from {NAME} import build\n",
    ],
)
def test_an_import_is_seen_in_every_form(text: str) -> None:
    assert len(imported(text)) == 1
    assert too_late("audit", imported(text))
    assert not too_late("stage", imported(text))
