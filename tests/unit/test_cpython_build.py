"""What make is told when CPython is compiled: the programs of the build itself have link flags of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from setup_local.build.cpython import Recipe, compile_cpython
from setup_local.catalog.cpython import Unshipped
from setup_local.errors import OptimizationError
from setup_local.plan.model import PlannedConfigure
from setup_local.values import BuildOption


class Source:
    """A source tree of CPython, and a runner whose `configure` writes a makefile without any flags."""

    def __init__(self, top: Path) -> None:
        self.tree = top
        self.ran: list[tuple[str, ...]] = []
        for name in ("Include/patchlevel.h", "Modules/Setup"):
            (top / name).parent.mkdir()
            (top / name).touch()

    def run(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        del env
        self.ran.append(tuple(map(str, argv)))
        (cwd / "Makefile").write_text("PY_CFLAGS_NODIST=-fPIC\n")

    def compile(self, configure: PlannedConfigure) -> None:
        compile_cpython(self.tree, Recipe(setup_local="", configure=configure, env={}), self.run)


def test_programs_that_are_not_shipped_have_link_flags_of_their_own(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.compile(PlannedConfigure(unshipped=Unshipped(programs=("a", "b/c"), ldflags=("-fno-lto", "-g0"))))
    assert source.ran == [("./configure",), ("make", "--eval=a b/c: LDFLAGS_NODIST += -fno-lto -g0", "build_all")]


def test_single_links_have_flags_of_their_own_which_neither_make_nor_a_shell_changes(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.compile(PlannedConfigure(links=(("python", ("-Wl,-z,x", "-Wl,-rpath,$ORIGIN/../lib")),)))
    flags = "-Wl,-z,x '-Wl,-rpath,$$ORIGIN/../lib'"
    assert source.ran[1] == ("make", f"--eval=python: private LDFLAGS_NODIST += {flags}", "build_all")


def test_flags_that_configure_leaves_out_stop_the_build_before_anything_is_compiled(tmp_path: Path) -> None:
    source = Source(tmp_path)
    with pytest.raises(OptimizationError, match="configure has ignored the option lto"):
        source.compile(PlannedConfigure(promises=(BuildOption.LTO,)))
    assert source.ran == [("./configure",)]
