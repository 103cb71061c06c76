"""The data of `sysconfig` and the version: neutral compilers, correct names, no traces of the build machine."""

from __future__ import annotations

import importlib.machinery
import platform
import re
import shlex
import sys
import sysconfig
from pathlib import Path

import harness

PREFIX = Path(sys.base_prefix)
# Where the processor's name in the distribution's "multiarch tuples" differs from uname(2).
MULTIARCH = {"i686": "i386", "armv7l": "arm", "armv8l": "arm", "ppc64le": "powerpc64le"}
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_compilers_are_neutral() -> None:
    for name in ("CC", "CXX", "LDSHARED", "AR", "LINKCC", "LDCXXSHARED"):
        words = shlex.split(sysconfig.get_config_var(name) or "")
        harness.equal((name, bool(words) and "/" not in words[0] and "zig" not in " ".join(words)), (name, True))


def test_suffixes_and_names() -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    machine = MULTIARCH.get(platform.machine(), platform.machine())
    libc = ("gnu" if harness.c_library() == "glibc" else "musl") + ("eabihf" if machine == "arm" else "")
    harness.equal(suffix, f".cpython-{VERSION.replace('.', '')}{sys.abiflags}-{machine}-linux-{libc}.so")
    harness.equal(suffix in importlib.machinery.EXTENSION_SUFFIXES, harness.c_library() != "static")
    harness.equal(sysconfig.get_platform(), f"linux-{platform.machine()}")
    harness.equal(sys.implementation.cache_tag, f"cpython-{VERSION.replace('.', '')}")


def test_libpython_is_what_its_names_say() -> None:
    shared = bool(sysconfig.get_config_var("Py_ENABLE_SHARED"))
    stem = f"libpython{VERSION}{sys.abiflags}"
    harness.equal(sysconfig.get_config_var("LDLIBRARY"), f"{stem}.so" if shared else f"{stem}.a")
    harness.equal(sysconfig.get_config_var("INSTSONAME"), f"{stem}.so.1.0" if shared else f"{stem}.a")
    harness.equal(bool(list(PREFIX.glob("lib/libpython*.so.*"))), shared)
    harness.equal(shlex.split(sysconfig.get_config_var("LDSHARED"))[1:], ["-shared"])
    harness.equal(sysconfig.get_config_var("RUNSHARED") or "", "")
    harness.equal(sysconfig.get_config_var("LIBPYTHON") or "", "")


def test_abi_is_what_its_flags_say() -> None:
    harness.say(f"     ABI flags {sys.abiflags!r}")
    harness.equal(bool(sysconfig.get_config_var("Py_DEBUG")), "d" in sys.abiflags)
    harness.equal(hasattr(sys, "gettotalrefcount"), "d" in sys.abiflags)
    harness.equal(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), "t" in sys.abiflags)
    harness.equal("-DNDEBUG" in shlex.split(sysconfig.get_config_var("CFLAGS")), "d" not in sys.abiflags)
    compiled = Path(sysconfig.get_path("include"), "pyconfig.h").read_text(encoding="utf-8")
    for macro, flag in (("Py_DEBUG", "d"), ("Py_GIL_DISABLED", "t")):
        harness.equal((macro, f"#define {macro} 1\n" in compiled), (macro, flag in sys.abiflags))


def test_version_line_names_no_machine() -> None:
    harness.say(f"     {sys.version!r}")
    harness.equal(re.search(r"/|@", sys.version), None)


def test_scripts_start_their_own_interpreter() -> None:
    for path in sorted((PREFIX / "bin").iterdir()):
        head = path.read_bytes()[:200]
        if head.startswith(b"#!") and not path.is_symlink():
            line = head.splitlines()[0].decode()
            harness.equal((path.name, line in ("#!/bin/sh", "#!/usr/bin/env python3")), (path.name, True))


if __name__ == "__main__":
    harness.main()
