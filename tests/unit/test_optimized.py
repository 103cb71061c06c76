"""An option that `configure` or a compiler silently ignores stops the build."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sample_distribution import ELF

from setup_local.build.optimized import check_flags, check_result
from setup_local.errors import OptimizationError
from setup_local.values import BuildOption

BOTH = (BuildOption.PGO, BuildOption.LTO)

# A makefile in the form in which CPython's configure writes it.
MAKEFILE = """\
BUILDPYTHON=\tpython$(BUILDEXE)
BUILDEXE=
CONFIG_ARGS=\t '--enable-optimizations' '--with-lto=thin' 'CC={compiler}'
CONFIGURE_CFLAGS_NODIST=-fPIC {compile} -std=c11
CFLAGS_NODIST=
PY_CFLAGS_NODIST=$(CONFIGURE_CFLAGS_NODIST) $(CFLAGS_NODIST) -I$(srcdir)/Include/internal
CONFIGURE_LDFLAGS_NODIST=-no-pie {link}
PY_LDFLAGS_NODIST=$(CONFIGURE_LDFLAGS_NODIST)
OBJECT_OBJS=\tdemo.o \\
\t\tstart.o
LIBRARY_OBJS=\tcore.o \\
\t\t$(OBJECT_OBJS)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a built tree in miniature, with all signs of optimization; `start.o` comes from assembly code."""
    configured(tmp_path, compiler="clang", compile="-flto=thin -fprofile-use=../cpython.profdata", link="-flto=thin")
    (tmp_path / "start.S").touch()
    files = {"python": "python-optimized", "core.o": "core-fat.o", "demo.o": "demo-fat.o", "start.o": "bundled.o"}
    for name, source in files.items():
        shutil.copyfile(ELF / source, tmp_path / name)
    return tmp_path


def configured(tree: Path, **words: str) -> None:
    (tree / "Makefile").write_text(MAKEFILE.format(**words))


def test_a_tree_with_all_signs_passes(tree: Path) -> None:
    check_flags(tree, BOTH)
    check_result(tree, BOTH)


def test_a_shared_libpython_is_looked_into_instead_of_the_program(tree: Path) -> None:
    makefile = (tree / "Makefile").read_text()
    (tree / "Makefile").write_text(f"{makefile}PY_ENABLE_SHARED=\t1\nINSTSONAME=\tlibpython.so.1.0\n")
    (tree / "python").rename(tree / "libpython.so.1.0")
    check_result(tree, BOTH)
    shutil.copyfile(ELF / "python-no-lto", tree / "libpython.so.1.0")
    with pytest.raises(OptimizationError, match="link-time optimizer"):
        check_result(tree, BOTH)


def test_a_compiler_that_configure_does_not_know_by_its_name_is_caught(tree: Path) -> None:
    configured(tree, compiler="/opt/bin/wrapped-cc", compile="", link="")
    check_flags(tree, ())
    with pytest.raises(OptimizationError, match=r"PY_CFLAGS_NODIST has no -fprofile-use= or .* ignored the option pgo"):
        check_flags(tree, BOTH)
    with pytest.raises(OptimizationError, match="PY_CFLAGS_NODIST has no -flto: configure ignored the option lto"):
        check_flags(tree, (BuildOption.LTO,))


def test_an_optimizer_that_only_the_link_leaves_out_is_caught(tree: Path) -> None:
    configured(tree, compiler="clang", compile="-flto=thin", link="")
    with pytest.raises(OptimizationError, match="PY_LDFLAGS_NODIST has no -flto"):
        check_flags(tree, (BuildOption.LTO,))


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("python", "python-not-profiled", "python: was compiled without the profile: _PyEval_EvalFrameDefault is not"),
        ("python", "python-no-lto", "python: was linked without the link-time optimizer"),
        ("python", "python-counting", "python: still contains counters, in __llvm_prf_cnts"),
        ("demo.o", "demo.o", "demo.o: was compiled without code for the link-time optimizer"),
    ],
)
def test_a_compiler_that_leaves_something_out_is_caught(tree: Path, name: str, source: str, message: str) -> None:
    shutil.copyfile(ELF / source, tree / name)
    with pytest.raises(OptimizationError, match=message):
        check_result(tree, BOTH)


@pytest.mark.parametrize("program", ["python", "python-counting"])
def test_nothing_is_held_against_a_build_that_promises_nothing(tree: Path, program: str) -> None:
    shutil.copyfile(ELF / program, tree / "python")
    shutil.copyfile(ELF / "demo.o", tree / "demo.o")
    check_result(tree, ())
