"""The C++ standard library for other software: the compiled sources, and the flags and files that a program gets."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sample_target import TARGET

from setup_local.build.cxx import ARCHIVE, build_cxx, sources_of
from setup_local.catalog.cxx import load_cxx
from setup_local.errors import ToolchainError
from setup_local.values import Libc

CATALOG = load_cxx()


class Compiler:
    """Compiles nothing, but writes an object for each source."""

    def __init__(self) -> None:
        self.ran: list[list[str]] = []

    def __call__(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        words = [str(word) for word in argv]
        assert env == {"PATH": "/compilers"}
        self.ran.append(words)
        Path(words[2] if words[0] == "ar" else cwd / words[-1]).write_text("object")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Return a tree with one file for each pattern and every excluded file."""
    tree = tmp_path / "wheel"
    parts = (CATALOG.library, CATALOG.unwinder)
    for name in [*(name for part in parts for name in (*part.sources, *part.leave_out)), CATALOG.license]:
        file = tree / name.replace("*", "any")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text")
    for place in CATALOG.headers:
        (tree / place).mkdir(parents=True, exist_ok=True)
        (tree / place / "vector").write_text("header")
    return tree


def test_everything_is_compiled_alike_for_the_library_and_for_programs(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "work").mkdir()
    run = Compiler()
    build_cxx(CATALOG, wheel, TARGET, tmp_path / "out", tmp_path / "work", run, {"PATH": "/compilers"})
    compiled = [words for words in run.ran if words[0] != "ar"]
    names = [words[words.index("-c") + 1].removeprefix(f"{wheel}/") for words in compiled]
    assert "lib/libcxx/src/any.cpp" in names
    assert not {*CATALOG.library.leave_out} & {*names}
    assert {words[0] for words in compiled if words[-3].endswith(".cpp")} == {"clang++"}
    assert "-D_LIBCPP_HAS_MUSL_LIBC=0" in compiled[0]
    assert set(TARGET.cflags) <= set(compiled[0])
    settings = (tmp_path / "out" / "cxx.cfg").read_text(encoding="utf-8").splitlines()
    assert {f"-D{define}" for define in CATALOG.defines} < set(settings)
    assert settings[:3] == ["-nostdinc++", "-nostdlib++", "-isystem <CFGDIR>/include/libcxx"]
    assert settings[-len(CATALOG.links) - 1 :] == [f"-l:{ARCHIVE}", *CATALOG.links]
    assert (tmp_path / "out" / "include" / "libcxx" / "vector").is_file()
    assert os.access(tmp_path / "out" / "bin" / "clang++", os.X_OK)
    assert "SETUP_LOCAL_COMPILERS" in (tmp_path / "out" / "bin" / "clang++").read_text(encoding="utf-8")
    assert str(tmp_path) not in "".join(settings)


def test_musl_is_told(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "work").mkdir()
    run = Compiler()
    target = dataclasses.replace(TARGET, libc=Libc.MUSL)
    build_cxx(CATALOG, wheel, target, tmp_path / "out", tmp_path / "work", run, {"PATH": "/compilers"})
    assert "-D_LIBCPP_HAS_MUSL_LIBC=1" in run.ran[0]


def test_a_wheel_without_the_sources_is_refused(wheel: Path) -> None:
    (wheel / "lib/libunwind/src/libunwind.cpp").unlink()
    with pytest.raises(ToolchainError, match=r"lib/libunwind/src/libunwind\.cpp: the C\+\+ library's source"):
        list(sources_of(CATALOG.unwinder, wheel))
