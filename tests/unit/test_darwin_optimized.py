"""A build for macOS with a profile shows it, or fails."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sample_macho import macho

from setup_local.binfmt.macho import read_slices
from setup_local.build.darwin_optimized import check_objects, check_result
from setup_local.build.optimized import LOOP
from setup_local.errors import OptimizationError
from setup_local.values import BuildOption

PGO = (BuildOption.PGO,)


def _tree(tmp_path: Path, name: str, flags: str = "-fprofile-use=x") -> Path:
    (tmp_path / "Python").mkdir()
    (tmp_path / "Python" / "ceval.o").write_bytes(macho(name))
    (tmp_path / "Makefile").write_text(f"PY_CFLAGS_NODIST= {flags}\n")
    return tmp_path


def test_a_profile_can_be_seen(tmp_path: Path) -> None:
    check_result(_tree(tmp_path, "core-profiled.o"), PGO)
    (image,) = read_slices(macho("core-profiled.o"))
    assert image.cold == {"never"}
    assert not read_slices(macho("core.o"))[0].cold


def test_a_plain_build_is_held_to_nothing(tmp_path: Path) -> None:
    check_result(_tree(tmp_path, "core.o", flags=""), ())


def test_flags_without_a_profile(tmp_path: Path) -> None:
    with pytest.raises(OptimizationError, match="configure ignored the option pgo"):
        check_result(_tree(tmp_path, "core-profiled.o", flags="-O3"), PGO)


def test_objects_without_a_profile(tmp_path: Path) -> None:
    with pytest.raises(OptimizationError, match="no object defines"):
        check_result(_tree(tmp_path, "core.o"), PGO)
    (image,) = read_slices(macho("core-profiled.o"))
    with pytest.raises(OptimizationError, match="compiled without the profile"):
        check_objects({"ceval.o": dataclasses.replace(image, cold=frozenset())})
    with pytest.raises(OptimizationError, match="compiled without the profile"):
        check_objects({"ceval.o": dataclasses.replace(image, cold=image.cold | {LOOP})})


def test_counters_are_refused() -> None:
    images = {name: read_slices(macho(name))[0] for name in ("core-profiled.o", "counting.so")}
    with pytest.raises(OptimizationError, match="contains counters"):
        check_objects(images)
