import runpy
import sys
from pathlib import Path

import pytest

from setup_local import paths
from setup_local.catalog.sysconfig import Settings, load_settings
from setup_local.errors import CatalogError, StageError
from setup_local.stage import sysconfigdata
from setup_local.stage.sysconfigdata import Neutral

MAKEFILE = """\
CC=\t\t/build/sdk/bin/cc --sysroot=/build/sysroot
CXX=\t\t/build/sdk/bin/c++
abs_srcdir=\t/build/work/cpython
abs_builddir=\t/build/work/cpython
DEPS=../deps
prefix=\t\t/install
LIBDIR=\t\t$(prefix)/lib
CONFIG_ARGS=\t'--prefix=/install' 'CC=/build/sdk/bin/cc'
CONFIGURE_CFLAGS=\t-ffile-prefix-map=/build/work=.
BASECFLAGS=\t -fno-strict-overflow -Wunreachable-code
OPT=\t\t-DNDEBUG -g
PY_CFLAGS=\t$(BASECFLAGS) $(OPT) $(CONFIGURE_CFLAGS)
LDSHARED=\t$(CC) -shared
MODULE__SSL_LDFLAGS=$(DEPS)/lib/libssl.a
LOCALMODLIBS=$(DEPS)/lib/libssl.a
INSTALL=\t/usr/bin/install -c
"""
DATA = {
    "CC": "/build/sdk/bin/cc --sysroot=/build/sysroot",
    "CXX": "/build/sdk/bin/c++",
    "CFLAGS": "-fno-strict-overflow -Wunreachable-code -DNDEBUG -g -ffile-prefix-map=/build/work=.",
    "PY_CFLAGS": "-fno-strict-overflow -Wunreachable-code -DNDEBUG -g -ffile-prefix-map=/build/work=.",
    "LDSHARED": "/build/sdk/bin/cc --sysroot=/build/sysroot -shared",
    "abs_srcdir": "/build/work/cpython",
    "abs_builddir": "/build/work/cpython",
    "CONFIG_ARGS": "'--prefix=/install' 'CC=/build/sdk/bin/cc'",
    "CONFIGURE_CFLAGS": "-ffile-prefix-map=/build/work=.",
    "LOCALMODLIBS": "../deps/lib/libssl.a",
    "INSTALL": "/usr/bin/install -c",
    "LIBDIR": "/install/lib",
    "FLAGS": "-I/install/include -L/install/lib",
    "SIZEOF_LONG": 8,
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings()


@pytest.fixture
def changed(settings: Settings) -> Neutral:
    return sysconfigdata.neutral(MAKEFILE, settings)


def write(tmp_path: Path, values: dict[str, object]) -> Path:
    stdlib = tmp_path / "install" / "lib" / "python3.13"
    stdlib.mkdir(parents=True)
    path = stdlib / "_sysconfigdata__linux_x86_64-linux-gnu.py"
    path.write_text(f"# header\nbuild_time_vars = {values!r}\n")
    return path


def test_nothing_of_the_build_is_left(tmp_path: Path, settings: Settings, changed: Neutral) -> None:
    path = write(tmp_path, DATA)
    values = sysconfigdata.relocate(path, changed, settings)
    assert "/build" not in path.read_text()
    assert "deps" not in path.read_text()
    assert values["CC"] == "cc"
    assert values["LDSHARED"] == "cc -shared"
    assert values["CFLAGS"] == values["PY_CFLAGS"] == "-fno-strict-overflow -Wsign-compare -DNDEBUG -O3 -Wall"
    assert values["SIZEOF_LONG"] == 8


def test_the_directory_follows_the_tree(tmp_path: Path, settings: Settings, changed: Neutral) -> None:
    path = write(tmp_path, DATA)
    sysconfigdata.relocate(path, changed, settings)
    moved = tmp_path / "an other place"
    (tmp_path / "install").rename(moved)
    found = runpy.run_path(str(moved / "lib" / "python3.13" / path.name))["build_time_vars"]
    assert found["LIBDIR"] == f"{moved}/lib"
    assert found["FLAGS"] == f"-I{moved}/include -L{moved}/lib"
    assert found["INSTALL"] == "install -c"


def test_the_prefix_is_that_of_the_interpreter_if_the_module_has_no_file(
    tmp_path: Path, settings: Settings, changed: Neutral
) -> None:
    path = write(tmp_path, DATA)
    sysconfigdata.relocate(path, changed, settings)
    names = {}
    exec(compile(path.read_text(), "frozen", "exec"), names)
    assert names["build_time_vars"]["LIBDIR"] == f"{sys.base_prefix}/lib"


def test_the_dictionary_stays_a_literal_for_tools_that_read_text(
    tmp_path: Path, settings: Settings, changed: Neutral
) -> None:
    path = write(tmp_path, DATA)
    sysconfigdata.relocate(path, changed, settings)
    text = path.read_text()
    assert text.startswith("# system configuration generated and used by the sysconfig module\nbuild_time_vars = {")
    assert "'LIBDIR': '/install/lib'" in text


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"OTHER": "-I/build/sdk/bin/cc"}, "OTHER names /build/sdk/bin/cc"),
        ({"OTHER": "/installed/lib"}, "part of another word"),
        ({"OTHER": "./install"}, "part of another word"),
    ],
)
def test_refuses_what_would_be_wrong_elsewhere(
    tmp_path: Path, settings: Settings, changed: Neutral, extra: dict[str, str], message: str
) -> None:
    with pytest.raises(StageError, match=message):
        sysconfigdata.relocate(write(tmp_path, DATA | extra), changed, settings)


@pytest.mark.parametrize(
    "text", ["build_time_vars = {", "import os\nbuild_time_vars = {}\n", "a = open('x')\n", "a = 1\n"]
)
def test_refuses_a_module_of_another_form(tmp_path: Path, text: str) -> None:
    with pytest.raises(StageError):
        sysconfigdata.parse(text, tmp_path)


def test_directories_of_the_machine_are_found_in_the_makefile(settings: Settings, changed: Neutral) -> None:
    assert set(sysconfigdata.leaks(changed.before, settings)) == {
        "/build/sdk/bin/cc",
        "/build/sdk/bin/c++",
        "/build/sysroot",
        "/build/work/cpython",
    }


def test_an_unknown_key_in_the_settings_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (paths.DATA / "sysconfig.toml").read_text()
    (tmp_path / "sysconfig.toml").write_text(f"unknown = 1\n{text}")
    monkeypatch.setattr(paths, "DATA", tmp_path)
    with pytest.raises(CatalogError, match="unknown"):
        load_settings()
