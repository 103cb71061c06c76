"""Build options that change the ABI appear in every name: of programs, libraries, modules and headers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from test_describe import FACTS, PLAN, STAGED

from setup_local.catalog.abi import abi_flags, abi_flags_of
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.sysconfig import load_settings
from setup_local.describe.compose import describe
from setup_local.errors import DescribeError, RequestError, StageError
from setup_local.plan.resolve import resolve
from setup_local.stage.installation import find
from setup_local.stage.tree import _one_program
from setup_local.values import BuildOption, Request

FREETHREADED, DEBUG = BuildOption.FREETHREADED, BuildOption.DEBUG


@pytest.mark.parametrize(
    ("options", "flags"),
    [((), ""), ((FREETHREADED,), "t"), ((DEBUG,), "d"), ((DEBUG, FREETHREADED, BuildOption.STATIC), "td")],
)
def test_flags_follow_from_the_options(options: tuple[BuildOption, ...], flags: str) -> None:
    assert abi_flags(options) == abi_flags_of([option.value for option in options]) == flags


@pytest.mark.parametrize(
    ("options", "arguments", "optimized"),
    [
        ("debug", {"--with-pydebug"}, False),
        ("freethreaded", {"--disable-gil"}, True),
        ("freethreaded+debug", {"--disable-gil", "--with-pydebug"}, False),
        ("noopt", set(), True),
    ],
)
def test_configure_is_told(options: str, arguments: set[str], *, optimized: bool) -> None:
    configure = resolve(Request(python="3.13.5", options=options), load_catalogs()).configure
    assert set(configure.args) & {"--with-pydebug", "--disable-gil"} == arguments
    assert ("-O3" in configure.variables["OPT"]) == optimized
    assert configure.promises == ()


@pytest.mark.parametrize(("options", "patched"), [("freethreaded+debug", True), ("noopt", False), ("debug", False)])
def test_only_free_threaded_builds_have_their_locks_patched(options: str, *, patched: bool) -> None:
    plan = resolve(Request(python="3.13.5", options=options), load_catalogs())
    assert ("cpython-own-lock.toml" in {patch.name for patch in plan.python_patches}) == patched


def test_what_python_has_no_word_for_is_refused() -> None:
    with pytest.raises(RequestError, match=r"there is no free-threaded CPython before 3\.13"):
        resolve(Request(python="3.11.2", options="freethreaded"), load_catalogs())
    with pytest.raises(RequestError, match="debug and pgo contradict"):
        resolve(Request(python="3.13.5", options="debug+pgo"), load_catalogs())


def test_users_of_a_debug_build_compile_with_assertions() -> None:
    plain = load_settings()
    assert plain.of([FREETHREADED, BuildOption.LTO]) == plain
    debug = plain.of([DEBUG])
    assert "-DNDEBUG" in plain.set["OPT"].split()
    assert "-DNDEBUG" in plain.inittab.cflags
    assert "-DNDEBUG" not in debug.set["OPT"].split()
    assert "-DNDEBUG" not in debug.inittab.cflags
    assert debug.set.keys() == plain.set.keys()


def test_an_installation_of_another_abi_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lib" / "python3.13t" / "config-3.13td-x86_64-linux-gnu").mkdir(parents=True)
    found = find(tmp_path, "3.13", "td")
    assert found.interpreter == "python3.13td"
    assert found.stdlib.name == "python3.13t"
    with pytest.raises(StageError, match=r"config-3\.13t-"):
        find(tmp_path, "3.13", "t")


def test_the_program_is_there_once(tmp_path: Path) -> None:
    for name in ("python3.13", "python3.13t"):
        (tmp_path / name).write_text("program")
    _one_program(tmp_path, "python3.13", "python3.13t")
    assert (tmp_path / "python3.13").readlink() == Path("python3.13t")
    _one_program(tmp_path, "python3.13t", "python3.13t")
    assert not (tmp_path / "python3.13t").is_symlink()


def test_an_interpreter_of_another_abi_is_not_described() -> None:
    debug = dataclasses.replace(PLAN, build_options=(DEBUG,))
    with pytest.raises(DescribeError, match="ABI flags are ''; those of debug are 'd'"):
        describe(debug, STAGED, FACTS)
    described = describe(debug, STAGED, dataclasses.replace(FACTS, abiflags="d"))
    assert (described.python_tag, described.python_abi_tag, described.build_options) == ("cp313", "cp313d", "debug")
