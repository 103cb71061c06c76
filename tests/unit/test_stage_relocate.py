from __future__ import annotations

import dataclasses
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from setup_local.catalog.cpython import Companion
from setup_local.catalog.sysconfig import load_settings
from setup_local.errors import StageError
from setup_local.stage.embedding import write_pkg_config
from setup_local.stage.installation import find
from setup_local.stage.relocate import relocate

MAKEFILE = """\
CC=\t\t/build/sdk/bin/clang
abs_srcdir=\t/build/cpython
abs_builddir=\t/build/cpython
LIBS=\t\t-lpthread -ldl
LIBM=\t\t-lm
SYSLIBS=\t$(LIBM)
LDLIBRARY=\tlibpython3.13.a
INSTSONAME=\t$(LDLIBRARY)
prefix=\t\t/install
exec_prefix=\t${prefix}
"""
PC = "prefix=/install\nlibdir=${prefix}/lib\nLibs.private: -lpthread -ldl \nLibs: -L${libdir}\n"
VALUES = {
    "LDVERSION": "3.13",
    "ABIFLAGS": "",
    "EXT_SUFFIX": ".cpython-313-x86_64-linux-gnu.so",
    "BASECFLAGS": "-fno-strict-overflow",
    "OPT": "-O3",
    "LINKFORSHARED": "-Xlinker -export-dynamic",
    "CC": "/build/sdk/bin/clang",
    "LDLIBRARY": "libpython3.13.a",
    "INSTSONAME": "libpython3.13.a",
    "Py_ENABLE_SHARED": 0,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    stdlib = tmp_path / "install" / "lib" / "python3.13"
    config = stdlib / "config-3.13-x86_64-linux-gnu"
    packages = tmp_path / "install" / "lib" / "pkgconfig"
    for directory in (config, packages, stdlib / "site-packages", tmp_path / "install" / "bin"):
        directory.mkdir(parents=True)
    (config / "Makefile").write_text(MAKEFILE)
    (config / "python-config.py").write_text("#!/install/bin/python3.13\n")
    (stdlib / "_sysconfigdata__linux_.py").write_text(f"build_time_vars = {VALUES!r}\n")
    for name in ("python-3.13", "python-3.13-embed"):
        (packages / f"{name}.pc").write_text(PC)
    (packages / "python3.pc").symlink_to("python-3.13.pc")
    (tmp_path / "install" / "bin" / "python3.13-config").write_text("#!/bin/sh\nprefix=/install\n")
    return tmp_path / "install"


def relocated(root: Path) -> None:
    relocate(find(root, "3.13"), load_settings(), ("libssl.a", "libz.a"))


def test_no_file_names_the_configured_prefix_but_the_dictionary_that_is_replaced(root: Path) -> None:
    relocated(root)
    named = [path.name for path in root.rglob("*") if path.is_file() and "/install" in path.read_text()]
    assert named == ["_sysconfigdata__linux_.py"]
    assert not any("/build/" in path.read_text().replace("../build/", "") for path in root.rglob("*") if path.is_file())


def test_pkg_config_files_begin_at_their_own_place(root: Path) -> None:
    relocated(root)
    packages = root / "lib" / "pkgconfig"
    assert (packages / "python-3.13.pc").read_text().startswith("prefix=${pcfiledir}/../..\n")
    assert "Libs.private: -lpthread -ldl \n" in (packages / "python-3.13.pc").read_text()
    assert (packages / "python3.pc").is_symlink()


def test_a_static_libpython_is_told_with_all_that_it_needs(root: Path) -> None:
    relocated(root)
    packages = root / "lib" / "pkgconfig"
    text = (packages / "python-3.13-embed-static.pc").read_text()
    config = "${prefix}/lib/python3.13/config-3.13-x86_64-linux-gnu"
    exported = "-Wl,--export-dynamic -Wl,--exclude-libs,libssl.a:libz.a"
    libraries = "-L${prefix}/../build/lib -lssl -lz -lpthread -ldl -lm"
    assert f"\nLibs: {exported} -L{config} -l:libpython3.13.a {libraries}\n" in text
    assert "\nLibs.private:\n" in text
    assert (packages / "python3-embed-static.pc").readlink() == Path("python-3.13-embed-static.pc")
    assert not (packages / "python-3.13-embed.pc").exists(), "there is no shared libpython"


def test_a_static_libpython_without_its_libraries_is_refused(root: Path) -> None:
    relocated(root)
    command = [root / "bin" / "python3.13-config", "--embed", "--static", "--ldflags"]
    alone = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (alone.returncode, alone.stdout) == (1, "")
    assert "full archives" in alone.stderr
    libraries = root.parent / "build" / "lib"
    libraries.mkdir(parents=True)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert told[-6:] == [
        f"{root}/lib/python3.13/config-3.13-x86_64-linux-gnu/libpython3.13.a",
        *(f"{root}/../build/lib/{name}" for name in ("libssl.a", "libz.a")),
        "-lpthread",
        "-ldl",
        "-lm",
    ]


def test_a_companion_is_what_build_systems_are_told_of(root: Path) -> None:
    header = root / "include" / "python3.13" / "pyconfig.h"
    header.parent.mkdir(parents=True)
    header.write_text("/* #undef Py_ENABLE_SHARED */\n")
    companion = Companion(goal="libpython3.13.so", soname="libpython3.13.so.1.0", ldflags=())
    relocate(find(root, "3.13"), load_settings().of((), companion), ("libz.a",), companion)
    assert header.read_text() == "#define Py_ENABLE_SHARED 1\n"
    packages = root / "lib" / "pkgconfig"
    assert "\nLibs: -L${libdir} -Wl,-rpath,${libdir}\n" in (packages / "python-3.13-embed.pc").read_text()
    assert "libz.a" in (packages / "python-3.13-embed-static.pc").read_text()
    makefile = (root / "lib" / "python3.13" / "config-3.13-x86_64-linux-gnu" / "Makefile").read_text()
    assert "LDLIBRARY=\tlibpython3.13.so\n" in makefile
    assert "INSTSONAME=\tlibpython3.13.so.1.0\n" in makefile
    data = runpy.run_path(str(root / "lib" / "python3.13" / "_sysconfigdata__linux_.py"))["build_time_vars"]
    assert (data["Py_ENABLE_SHARED"], data["LDLIBRARY"]) == (1, "libpython3.13.so")


@pytest.mark.parametrize("shared", [True, False])
def test_a_pkg_config_file_with_abi_flags_has_a_link_without_them(*, shared: bool, root: Path) -> None:
    """`make install` of a debug or free-threaded build writes both names; one of them is a link."""
    packages = root / "lib" / "pkgconfig"
    usual = packages / "python-3.13-embed.pc"
    own = usual.rename(packages / "python-3.13d-embed.pc")
    usual.symlink_to(own.name)
    installation = dataclasses.replace(find(root, "3.13"), abi_flags="d")
    write_pkg_config(installation, load_settings().embedding, ("libz.a",), (), shared=shared)
    assert "-lz" in (packages / "python-3.13d-embed-static.pc").read_text()
    assert usual.is_symlink() == own.exists() == shared
    assert not shared or "rpath" in usual.read_text()


def test_sysconfig_says_that_the_tree_can_be_moved(root: Path) -> None:
    relocated(root)
    data = runpy.run_path(str(root / "lib" / "python3.13" / "_sysconfigdata__linux_.py"))["build_time_vars"]
    assert data["PYTHON_BUILD_STANDALONE"] == 1


def test_the_makefile_computes_its_prefix(root: Path) -> None:
    relocated(root)
    text = (root / "lib" / "python3.13" / "config-3.13-x86_64-linux-gnu" / "Makefile").read_text()
    assert "\nprefix:=\t$(abspath $(dir $(lastword $(MAKEFILE_LIST)))../../..)\n" in text
    assert text.startswith("CC=\tcc\n")


def test_python_config_is_the_projects_own(root: Path) -> None:
    relocated(root)
    program = root / "bin" / "python3.13-config"
    text = program.read_text()
    assert program.stat().st_mode & 0o111
    assert "for name in libssl.a libz.a; do" in text
    assert 'libs="-Wl,--export-dynamic -Wl,--exclude-libs,libssl.a:libz.a $static $libs"' in text
    assert 'libs="-lpthread -ldl -lm"' in text
    assert not list(root.rglob("python-config.py"))


def test_a_program_that_embeds_a_shared_libpython_finds_it_by_its_run_path(root: Path) -> None:
    data = root / "lib" / "python3.13" / "_sysconfigdata__linux_.py"
    data.write_text(f"build_time_vars = {VALUES | {'Py_ENABLE_SHARED': 1}!r}\n")
    relocated(root)
    packages = root / "lib" / "pkgconfig"
    embedding = (packages / "python-3.13-embed.pc").read_text()
    assert "Libs.private: -lpthread -ldl -lm\n" in embedding
    assert "Libs: -L${libdir} -Wl,-rpath,${libdir}\n" in embedding
    assert "rpath" not in (packages / "python-3.13.pc").read_text()
    command = [root / "bin" / "python3.13-config", "--embed", "--ldflags"]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    flags = f"-L{root}/lib -Xlinker -export-dynamic -lpython3.13 -Wl,-rpath,{root}/lib -lpthread -ldl -lm"
    assert told.stdout.strip() == flags


@pytest.mark.parametrize("text", ["", "prefix=/usr\nLibs.private:\n", PC + PC])
def test_a_pkg_config_file_of_another_form_is_refused(root: Path, text: str) -> None:
    (root / "lib" / "pkgconfig" / "python-3.13.pc").write_text(text)
    with pytest.raises(StageError, match="once"):
        relocated(root)


def test_a_directory_of_the_build_machine_that_stays_is_refused(root: Path) -> None:
    config = root / "lib" / "python3.13" / "config-3.13-x86_64-linux-gnu"
    (config / "Makefile").write_text(f"{MAKEFILE}OTHER=\t/build/cpython/x\n")
    with pytest.raises(StageError, match="still names /build/cpython"):
        relocated(root)


def test_what_is_no_installation_is_refused(root: Path) -> None:
    shutil.rmtree(root / "lib" / "python3.13" / "config-3.13-x86_64-linux-gnu")
    with pytest.raises(StageError, match="found 0"):
        relocated(root)
