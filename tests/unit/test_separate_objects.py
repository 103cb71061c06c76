"""Objects that are shipped replace those that were linked, where one object cannot be both."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sample_macho import macho

from setup_local.build.cpython import Recipe
from setup_local.build.separate_objects import compile_plain, plain_tree, replace_objects
from setup_local.errors import OptimizationError
from setup_local.plan.model import PlannedConfigure

DIRECTORY = "lto"
LATER = 1_700_000_000_000_000_000
FILES = {"Python/core.o": ("core-bitcode.o", "core.o"), "libpython3.13.a": ("libbitcode.a", "libbundled.a")}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a built tree, next to its plain compilation."""
    top = tmp_path / "cpython"
    for name, pair in FILES.items():
        for root, file in zip((top, plain_tree(top)), pair, strict=True):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(macho(file))
        os.utime(top / name, ns=(LATER, LATER))
    return top


def test_machine_code_takes_the_place_of_bitcode_and_make_sees_no_change(tree: Path) -> None:
    (tree / DIRECTORY / "python").mkdir(parents=True)
    (tree / DIRECTORY / "python" / "1.arm64.lto.o").write_bytes(b"the linker's own")
    replace_objects(tree, DIRECTORY)
    for name, (_, plain) in FILES.items():
        assert (tree / name).read_bytes() == macho(plain)
        assert (tree / name).stat().st_mtime_ns == LATER
    assert (tree / DIRECTORY / "python" / "1.arm64.lto.o").read_bytes() == b"the linker's own"


@pytest.mark.parametrize("more", ["cpython", "plain-cpython"])
def test_both_compilations_must_have_the_same_objects(tree: Path, more: str) -> None:
    (tree.with_name(more) / "Python" / "only.o").write_bytes(b"")
    with pytest.raises(OptimizationError, match=r"differ in 1 files: Python/only\.o"):
        replace_objects(tree, DIRECTORY)


def test_an_object_without_code_for_the_optimizer_is_refused(tree: Path) -> None:
    (tree / "Python" / "core.o").write_bytes(macho("core.o"))
    with pytest.raises(OptimizationError, match="without code for the link-time optimizer"):
        replace_objects(tree, DIRECTORY)
    (tree / "Python" / "core.S").touch()  # assembly is machine code in both
    replace_objects(tree, DIRECTORY)


def test_an_object_to_be_shipped_that_is_no_machine_code_is_refused(tree: Path) -> None:
    (plain_tree(tree) / "Python" / "core.o").write_bytes(macho("core-bitcode.o"))
    with pytest.raises(OptimizationError, match="without machine code"):
        replace_objects(tree, DIRECTORY)


def test_the_second_compilation_is_of_a_copy_beside_the_tree(tmp_path: Path) -> None:
    tree, ran = tmp_path / "cpython", []
    for name in ("Include/patchlevel.h", "Modules/Setup"):
        (tree / name).parent.mkdir(parents=True)
        (tree / name).touch()

    def run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        del env
        ran.append((str(argv[0]), cwd))
        (cwd / "Makefile").touch()

    compile_plain(tree, Recipe(setup_local="*static*\n", configure=PlannedConfigure(), env={}), run)
    assert ran == [("./configure", plain_tree(tree)), ("make", plain_tree(tree))]
    assert plain_tree(tree).parent == tree.parent
    assert not (tree / "Makefile").exists()
