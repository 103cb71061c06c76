"""Distributions for several processors of macOS: the build for each, the merged result, and refused requests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sample_macho import MACHO, macho
from sample_steps import sources_of

from setup_local import render, universal
from setup_local.binfmt.macho import read_slices, static_libraries
from setup_local.binfmt.macho_join import joined
from setup_local.build.code_digests import CodeDigests
from setup_local.build.graph import build_steps
from setup_local.build.step_parts import GraphInputs
from setup_local.build.steps import Step, step_keys
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.universal import load_universal
from setup_local.distribution import AUDIT, STAGE
from setup_local.errors import CatalogError, RequestError, StageError
from setup_local.plan.darwin import half_requests
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.stage.universal import header, join_trees
from setup_local.values import Request, ToolchainChoice

RECIPE = load_universal()
ASKED = Request(python="3.13.5", target_triple=RECIPE.triple)
FINISHING = ("stage", "describe", "documents", "pack", "audit")
MACROS = tuple(RECIPE.halves.values())


def _plan(request: Request = ASKED) -> Plan:
    return resolve(request, load_catalogs())


def test_a_universal_plan_is_for_both_processors() -> None:
    plan = _plan()
    assert plan.archive_name == "cpython-3.13.5-universal2-apple-darwin-noopt-full.tar.zst"
    assert (plan.floor, plan.target.darwin.machine) == ("10.15", "universal2")
    assert plan.is_cross
    assert plan.sysconfig.set["MACOSX_DEPLOYMENT_TARGET"] == "10.15"
    for name in RECIPE.variables:
        assert plan.sysconfig.set[name].endswith("-arch x86_64 -arch arm64")
    thin = _plan(Request(python="3.13.5", target_triple="x86_64-apple-darwin"))
    assert "-arch" not in " ".join(thin.sysconfig.set.values())


def test_a_minimum_is_in_the_name() -> None:
    plan = _plan(Request(python="3.13.5", target_triple=RECIPE.triple, macos_minimum="12.0"))
    assert plan.archive_stem.endswith("-noopt+macos12.0")
    with pytest.raises(RequestError, match=r"macOS '10\.9' is not available"):
        _plan(Request(python="3.13.5", target_triple=RECIPE.triple, macos_minimum="10.9"))


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"glibc": "2.17"}, "has no glibc"),
        ({"options": "pgo"}, "a profile is for one processor"),
        ({"options": "pgo", "profile": Path("/of/one/processor")}, "a profile is for one processor"),
        ({"profile": Path("/of/one/processor")}, "a profile is for one processor"),
        ({"with_features": ("tkinter",)}, "Cocoa"),
        ({"toolchain": ToolchainChoice.LLVM}, "neither a linker nor headers"),
    ],
)
def test_requests_impossible_for_both_are_refused_with_one_line(wish: dict[str, Any], problem: str) -> None:
    with pytest.raises(RequestError, match=problem) as refusal:
        _plan(Request(python="3.13.5", target_triple=RECIPE.triple, **wish))
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("asked", "minimums"), [(None, (None, None)), ("10.15", ("10.15", None)), ("12.0", ("12.0",) * 2)]
)
def test_no_half_is_for_a_system_older_than_its_processor(
    asked: str | None, minimums: tuple[str | None, str | None]
) -> None:
    request = Request(python="3.13.5", target_triple=RECIPE.triple, macos_minimum=asked)
    halves = list(half_requests(request, RECIPE, load_catalogs().targets))
    assert [item.target_triple for item in halves] == list(RECIPE.halves)
    assert tuple(item.macos_minimum for item in halves) == minimums
    assert all(_plan(half).libraries for half in halves)


def test_a_half_that_is_not_a_target_is_an_error_in_the_catalog() -> None:
    with pytest.raises(CatalogError, match="which is not a target"):
        RECIPE.targets_of(())


def test_steps_lead_from_both_halves_to_an_audited_archive(tmp_path: Path) -> None:
    plan = _plan(Request(python="3.13.5", target_triple=next(iter(RECIPE.halves))))
    inputs = GraphInputs(sources=sources_of(plan), setup_local=render.render_setup_local(plan))
    toolkit, steps = build_steps(plan, inputs)
    half = universal.half_step(plan, tuple(step.name for step in steps), toolkit)
    assert set(half.needs) == {step.name for step in steps}

    def more(first: str) -> list[Step]:
        halves = {triple: tmp_path / f"{first}{triple}-half" / "result" for triple in RECIPE.halves}
        return universal.joining_steps(_plan(), RECIPE, halves, toolkit, jobs=2)

    every = [*steps, *more("a")]
    names = {step.name for step in every}
    assert [step.name for step in more("a")[:2]] == [universal.JOIN, STAGE]
    assert every[-1].name == AUDIT
    assert all(set(step.needs) <= names for step in every)
    keys, others = (step_keys([*steps, *more(first)], code=CodeDigests(), environment={}) for first in "ab")
    assert {name for name in keys if keys[name] != others[name]} == {universal.JOIN, *FINISHING}


@pytest.fixture
def trees(tmp_path: Path) -> dict[str, Path]:
    """Return a tree for each processor, with a file of each kind."""
    found = {macro: tmp_path / macro for macro in MACROS}
    for tree, module, library in zip(
        found.values(), ("good-x86_64.so", "good.so"), ("libdebug-x86_64.a", "libdebug-arm64.a"), strict=True
    ):
        for place in ("cpython/build", "cpython/install/lib/python3.13", "libraries/z/lib"):
            (tree / place).mkdir(parents=True)
        shutil.copyfile(MACHO / module, tree / "cpython/install/lib/module.so")
        (tree / "cpython/install/lib/module.so").chmod(0o755)
        shutil.copyfile(MACHO / library, tree / "libraries/z/lib/libz.a")
        (tree / "cpython/install/lib/same.py").write_text("x = 1\n")
        (tree / "cpython/install/lib/link.py").symlink_to("same.py")
        (tree / "cpython/build/Makefile").write_text(f"for = {tree.name}\n")
        (tree / "cpython/build/pyconfig.h").write_text(f"#define A 1\n#define B {len(tree.name)}\n")
    return found


def test_files_of_two_processors_become_one(trees: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    join_trees(RECIPE, trees, out)
    library = out / "cpython/install/lib"
    images = read_slices((library / "module.so").read_bytes())
    assert [image.machine for image in images] == ["CPU_TYPE_X86_64", "CPU_TYPE_ARM64"]
    assert all(image.signature is None or not image.signature.problems for image in images)
    assert (library / "module.so").stat().st_mode & 0o111
    machines = [machine for machine, _ in static_libraries((out / "libraries/z/lib/libz.a").read_bytes())]
    assert machines == [image.machine for image in images]
    assert (library / "same.py").read_text() == "x = 1\n"
    assert (library / "link.py").readlink() == Path("same.py")
    assert (out / "cpython/build/Makefile").read_text() == f"for = {MACROS[0]}\n"
    lines = (out / "cpython/build/pyconfig.h").read_text().splitlines()
    assert lines == [
        "#define A 1",
        f"#if defined({MACROS[0]})",
        f"#define B {len(MACROS[0])}",
        f"#elif defined({MACROS[1]})",
        f"#define B {len(MACROS[1])}",
        "#endif",
    ]


def test_a_header_keeps_what_only_one_processor_has() -> None:
    text = header({"A": "#define X 1\n#define Y 1\n", "B": "#define Y 1\n"})
    assert text == "#if defined(A)\n#define X 1\n#elif defined(B)\n#endif\n#define Y 1\n"
    assert header({"A": text, "B": text}) == text


def test_a_file_for_only_one_processor_is_refused(trees: dict[str, Path], tmp_path: Path) -> None:
    (trees[MACROS[0]] / "cpython/build/only.o").write_bytes(macho("core.o"))
    with pytest.raises(StageError, match="for only one of the processors") as refusal:
        join_trees(RECIPE, trees, tmp_path / "out")
    assert "cpython/build/only.o" in str(refusal.value)


def test_texts_that_differ_but_must_not_are_refused(trees: dict[str, Path], tmp_path: Path) -> None:
    (trees[MACROS[0]] / "cpython/install/lib/same.py").write_text("x = 2\n")
    with pytest.raises(StageError, match="differs between processors"):
        join_trees(RECIPE, trees, tmp_path / "out")


def test_files_that_are_not_for_one_processor_are_refused(trees: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a macOS file for one processor"):
        joined([b"!<arch>\n", macho("good.so")])
    (trees[MACROS[1]] / "cpython/install/lib/module.so").write_bytes(macho("good-universal.so"))
    with pytest.raises(StageError, match="cannot be joined into one file"):
        join_trees(RECIPE, trees, tmp_path / "out")
