"""Sources with C and C++ code build with a moved tree on a machine that has only gcc, or only clang."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import Clients, only, source_distribution
from elftools.elf.elffile import ELFFile
from installed import checked, environment

FAMILIES = {
    "gcc": {"gcc": "gcc", "g++": "g++", "cc": "gcc", "c++": "g++"},
    "clang": {"clang": "clang", "clang++": "clang++", "cc": "clang", "c++": "clang++"},
}
OTHER = {"gcc": "clang", "clang": "gcc"}
# The compiler's name in every object file.
MARKS = {"gcc": b"GCC: ", "clang": b"clang version"}
BUILT = {
    "plain_c": "plain_c._adding",
    "plain_cpp": "plain_cpp",
    "with_pybind11": "with_pybind11",
    "with_meson": "with_meson",
}


@pytest.fixture(scope="session", params=FAMILIES)
def family(request: pytest.FixtureRequest, workshop: Path) -> tuple[str, Path]:
    """Return the name of a compiler family, and a directory of programs without any other compiler."""
    name = str(request.param)
    path = only(FAMILIES[name], workshop / f"{name} only")
    assert shutil.which(OTHER[name], path=str(path)) is None
    return name, path


@pytest.fixture(scope="session", params=BUILT)
def built(request: pytest.FixtureRequest, family: tuple[str, Path], clients: Clients) -> tuple[str, str, Path]:
    """Build and install a project's source distribution with one family; return family, module, and directory."""
    project = str(request.param)
    name, path = family
    here = clients.home / f"{project} with {name}"
    source = source_distribution(project, here / "sources")
    argv = [clients.python, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation"]
    env = environment(here, {"PATH": f"{path}:{clients.programs}"})
    checked([*argv, "--target", here / "packages", source], env=env, cwd=here)
    return name, BUILT[project], here / "packages"


def test_what_was_built_runs(built: tuple[str, str, Path], clients: Clients) -> None:
    _, module, packages = built
    code = f"import importlib; print(importlib.import_module({module!r}).add(40, 2))"
    env = environment(packages.parent, {"PYTHONPATH": str(packages)})
    assert checked([clients.tree / "bin" / "python3", "-c", code], env=env, cwd=packages.parent).strip() == "42"


def test_the_only_compiler_has_built_it(built: tuple[str, str, Path]) -> None:
    name, _, packages = built
    for path in _extensions(packages):
        with path.open("rb") as stream:
            comment = ELFFile(stream).get_section_by_name(".comment").data()
        assert MARKS[name] in comment
        # The system's start files come from GCC, so that name may always be present.
        assert name == "clang" or MARKS["clang"] not in comment


def test_nothing_of_the_tree_is_built_in(built: tuple[str, str, Path], clients: Clients) -> None:
    """No run path, no libpython: the built extension still works after the tree is moved."""
    _, _, packages = built
    for path in _extensions(packages):
        with path.open("rb") as stream:
            tags = list(ELFFile(stream).get_section_by_name(".dynamic").iter_tags())
        assert not [tag for tag in tags if tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH")]
        assert not [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED" and "python" in tag.needed]
        assert str(clients.tree).encode() not in path.read_bytes()


def _extensions(packages: Path) -> Iterator[Path]:
    found = list(packages.rglob("*.so"))
    assert len(found) == 1
    yield from found
