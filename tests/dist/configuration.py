"""`sysconfig` and what else tells where the installation lies: right after a move, and free of the build machine."""

from __future__ import annotations

import importlib.machinery
import os
import re
import shlex
import site
import sys
import sysconfig
from pathlib import Path

import harness

PREFIX = Path(sys.base_prefix)
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
PATH_VARIABLES = (
    "prefix",
    "exec_prefix",
    "BINDIR",
    "LIBDIR",
    "LIBDEST",
    "INCLUDEPY",
    "CONFINCLUDEPY",
    "LIBPL",
    "SCRIPTDIR",
)
ALLOWED_ROOTS = ("/usr", "/bin", "/dev", "/etc", "/lib", "/tmp/foo")

NOT_OF_THE_BUILD = {"userbase", "XCRESULT"}
"""The user's own directory, and a name that is used on Apple's systems only."""


def test_prefixes_are_where_the_interpreter_lies() -> None:
    executable = Path(sys.executable).resolve()
    harness.equal(executable.parent.parent, PREFIX.resolve())
    harness.equal((sys.prefix, sys.exec_prefix), (str(PREFIX), str(PREFIX)))
    harness.equal(Path(os.__file__).parent, PREFIX / "lib" / f"python{VERSION}")


def test_search_path_lies_inside() -> None:
    outside = [entry for entry in sys.path[1:] if not Path(entry).is_relative_to(PREFIX)]
    harness.equal(outside, [])
    harness.equal([Path(path).is_relative_to(PREFIX) for path in site.getsitepackages()], [True])


def test_paths_of_every_scheme() -> None:
    for name, path in sysconfig.get_paths().items():
        harness.equal((name, Path(path).is_relative_to(PREFIX)), (name, True))
    for name in ("stdlib", "platstdlib", "purelib", "platlib", "include", "scripts"):
        harness.equal((name, Path(sysconfig.get_path(name)).is_dir()), (name, True))
    harness.holds(Path(sysconfig.get_config_h_filename()).is_file())
    harness.holds(Path(sysconfig.get_makefile_filename()).is_file())


def test_variables_follow_the_installation() -> None:
    wrong = {}
    for name in PATH_VARIABLES:
        value = sysconfig.get_config_var(name)
        if value and not Path(value).is_relative_to(PREFIX):
            wrong[name] = value
    harness.equal(wrong, {})


def test_no_variable_names_a_directory_that_is_not_here() -> None:
    wrong: dict[str, list[str]] = {}
    for name, value in sysconfig.get_config_vars().items():
        if name in NOT_OF_THE_BUILD:
            continue
        for path in re.findall(r"(?<![\w.$}{)-])/[\w.+-]+(?:/[\w.+-]+)*", _without_prefix(value)):
            if not path.startswith(ALLOWED_ROOTS):
                wrong.setdefault(name, []).append(path)
    harness.equal(wrong, {})


def _without_prefix(value: object) -> str:
    return str(value).replace(str(PREFIX.resolve()), "PREFIX").replace(str(PREFIX), "PREFIX")


def test_compilers_are_neutral() -> None:
    for name in ("CC", "CXX", "LDSHARED", "AR", "LINKCC", "LDCXXSHARED"):
        words = shlex.split(sysconfig.get_config_var(name) or "")
        harness.equal((name, bool(words) and "/" not in words[0] and "zig" not in " ".join(words)), (name, True))


def test_suffixes_and_names() -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    harness.equal(suffix, f".cpython-{VERSION.replace('.', '')}-x86_64-linux-gnu.so")
    harness.holds(suffix in importlib.machinery.EXTENSION_SUFFIXES)
    harness.equal(sysconfig.get_platform(), "linux-x86_64")
    harness.equal(sys.implementation.cache_tag, f"cpython-{VERSION.replace('.', '')}")
    harness.equal(sysconfig.get_config_var("Py_ENABLE_SHARED"), 0)


def test_version_line_names_no_machine() -> None:
    harness.say(f"     {sys.version!r}")
    harness.equal(re.search(r"/|@", sys.version), None)


def test_files_that_users_read() -> None:
    harness.holds((PREFIX / "include" / f"python{VERSION}" / "Python.h").is_file())
    for path in (PREFIX / "lib/pkgconfig").glob("*.pc"):
        found = re.findall(r"^prefix=(.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
        harness.equal((path.name, found), (path.name, ["${pcfiledir}/../.."]))


def test_scripts_start_their_own_interpreter() -> None:
    for path in sorted((PREFIX / "bin").iterdir()):
        head = path.read_bytes()[:200]
        if head.startswith(b"#!") and not path.is_symlink():
            line = head.splitlines()[0].decode()
            harness.equal((path.name, line in ("#!/bin/sh", "#!/usr/bin/env python3")), (path.name, True))


if __name__ == "__main__":
    harness.main()
