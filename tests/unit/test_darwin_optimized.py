"""Optimized builds for macOS: the optimization is visible in the result, or the build fails."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sample_macho import macho

from setup_local.binfmt.macho import read_slices
from setup_local.build.darwin_optimized import check_objects, check_program, check_result
from setup_local.build.optimized import LOOP
from setup_local.errors import OptimizationError
from setup_local.values import BuildOption

PGO = (BuildOption.PGO,)
BOTH = (*PGO, BuildOption.LTO)
PROGRAM = "python3.13"


def _tree(tmp_path: Path, name: str, flags: str = "-fprofile-use=x", program: str = "python") -> Path:
    for file, data in ((Path("build/Python/ceval.o"), macho(name)), (Path("install/bin") / PROGRAM, macho(program))):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_bytes(data)
    text = f"PY_CFLAGS_NODIST= {flags}\nPY_LDFLAGS_NODIST= -flto=thin\n"
    (tmp_path / "build" / "Makefile").write_text(text)
    return tmp_path


def test_a_profile_is_visible_in_objects(tmp_path: Path) -> None:
    check_result(_tree(tmp_path, "core-profiled.o"), PROGRAM, PGO)
    (image,) = read_slices(macho("core-profiled.o"))
    assert image.cold == {"never"}
    assert not read_slices(macho("core.o"))[0].cold


def test_a_plain_build_has_no_requirements(tmp_path: Path) -> None:
    check_result(_tree(tmp_path, "core.o", flags=""), PROGRAM, ())


def test_flags_without_a_profile(tmp_path: Path) -> None:
    with pytest.raises(OptimizationError, match="configure ignored the option pgo"):
        check_result(_tree(tmp_path, "core-profiled.o", flags="-O3"), PROGRAM, PGO)


def test_objects_without_a_profile(tmp_path: Path) -> None:
    with pytest.raises(OptimizationError, match="no object defines"):
        check_result(_tree(tmp_path, "core.o"), PROGRAM, PGO)
    (image,) = read_slices(macho("core-profiled.o"))
    with pytest.raises(OptimizationError, match="compiled without the profile"):
        check_objects({"ceval.o": dataclasses.replace(image, cold=frozenset())})
    with pytest.raises(OptimizationError, match="compiled without the profile"):
        check_objects({"ceval.o": dataclasses.replace(image, cold=image.cold | {LOOP})})


def test_counters_are_refused() -> None:
    images = {name: read_slices(macho(name))[0] for name in ("core-profiled.o", "counting.so")}
    with pytest.raises(OptimizationError, match="contains counters"):
        check_objects(images)


def test_link_time_optimization_is_visible_in_flags_and_program(tmp_path: Path) -> None:
    flags = "-fprofile-use=x -flto=thin"
    check_result(_tree(tmp_path, "core-profiled.o", flags, "python-optimized"), PROGRAM, BOTH)
    (tmp_path / "install" / "bin" / PROGRAM).write_bytes(macho("python"))
    with pytest.raises(OptimizationError, match="linked without the link-time optimizer"):
        check_result(tmp_path, PROGRAM, BOTH)


def test_flags_without_lto(tmp_path: Path) -> None:
    with pytest.raises(OptimizationError, match="configure ignored the option lto"):
        check_result(_tree(tmp_path, "core-profiled.o", program="python-optimized"), PROGRAM, BOTH)


def test_a_plain_program_has_no_names_from_the_link_time_optimizer() -> None:
    (image,) = read_slices(macho("python"))
    with pytest.raises(OptimizationError):
        check_program(image, where=PROGRAM)
