"""The variables that make gets when CPython is compiled: the build's own programs have separate link flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from setup_local.build.cpython import KEPT_FILES, Recipe, compile_cpython, install_cpython
from setup_local.catalog.cpython import Companion, Unshipped
from setup_local.errors import OptimizationError
from setup_local.plan.model import PlannedConfigure
from setup_local.values import BuildOption


class Source:
    """A source tree of CPython, and a runner whose `configure` writes a makefile without flags."""

    def __init__(self, top: Path) -> None:
        self.tree = top
        self.ran: list[tuple[str, ...]] = []
        for name in ("Include/patchlevel.h", "Modules/Setup"):
            (top / name).parent.mkdir(parents=True)
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


def test_a_companion_is_linked_after_the_program_and_installed_beside_it(tmp_path: Path) -> None:
    source = Source(tmp_path / "cpython")
    companion = Companion(goal="libpython3.13.so", soname="libpython3.13.so.1.0", ldflags=("-Wl,-x",))
    source.compile(PlannedConfigure(companion=companion))
    flags = "--eval=libpython3.13.so: private LDFLAGS_NODIST += -Wl,-x"
    assert source.ran[1:] == [
        ("make", flags, "build_all"),
        ("make", flags, "INSTSONAME=libpython3.13.so.1.0", "libpython3.13.so"),
    ]
    (source.tree / "libpython3.13.so.1.0").write_bytes(b"library")
    for name in KEPT_FILES:
        (source.tree / name).parent.mkdir(exist_ok=True)
        (source.tree / name).touch()
    (source.tree / "a.o").touch()
    (tmp_path / "root" / "install" / "lib").mkdir(parents=True)
    out = tmp_path / "out"
    (out / "build").mkdir(parents=True)
    install_cpython(source.tree, out=out, run=source.run, env={}, companion=companion)
    assert (out / "install" / "lib" / "libpython3.13.so").readlink() == Path("libpython3.13.so.1.0")
    assert (out / "install" / "lib" / "libpython3.13.so").read_bytes() == b"library"


def test_flags_that_configure_leaves_out_stop_the_build_before_anything_is_compiled(tmp_path: Path) -> None:
    source = Source(tmp_path)
    with pytest.raises(OptimizationError, match="configure ignored the option lto"):
        source.compile(PlannedConfigure(promises=(BuildOption.LTO,)))
    assert source.ran == [("./configure",)]
