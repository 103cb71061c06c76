"""Facts of a Windows interpreter, which does not run where it is built: read from its files or computed as by CPython.

Paths and variables are those that `sysconfig` computes on Windows (its scheme `nt`). Tests query an interpreter that
runs, here in Wine, and it must agree.
"""

from __future__ import annotations

import re
from pathlib import Path

from setup_local.catalog.abi import abi_flags
from setup_local.catalog.windows import WindowsNames
from setup_local.describe.probe import ROOT, Facts, probed_test_packages
from setup_local.describe.read import read_version
from setup_local.plan.model import Plan
from setup_local.plan.windows import windows_names
from setup_local.stage import files
from setup_local.stage.staged import StagedTree
from setup_local.values import BuildOption

_ABSTRACT = {
    "stdlib": "{installed_base}/Lib",
    "platstdlib": "{base}/Lib",
    "purelib": "{base}/Lib/site-packages",
    "platlib": "{base}/Lib/site-packages",
    "include": "{installed_base}/Include",
    "platinclude": "{installed_base}/Include",
    "scripts": "{base}/Scripts",
    "data": "{base}",
}
_PLACES = {"{installed_base}": ROOT, "{base}": ROOT}
_WITHOUT_GIL = re.compile(r"(?m)^#define Py_GIL_DISABLED 1$")


def windows_facts(plan: Plan, staged: StagedTree, magic: str) -> Facts:
    """Return the facts of a staged tree; `magic` is the number at the start of its bytecode, in hexadecimal.

    Raises `DescribeError` if a file lacks the expected contents.
    """
    install = staged.root / "install"
    header = install / "Include" / "patchlevel.h"
    version = read_version(files.read(header), header)
    names = windows_names(plan)
    flags = read_abi_flags(files.read(install / "Include" / "pyconfig.h"))
    return Facts(
        version=version.text,
        implementation_name="cpython",
        implementation_version=version.parts,
        implementation_hex_version=version.number,
        implementation_cache_tag=f"cpython-{plan.python.major}{plan.python.minor}",
        abiflags=flags,
        platform_tag=names.port.tag,
        paths={name: _placed(value) for name, value in _ABSTRACT.items()},
        paths_abstract=dict(_ABSTRACT),
        config_vars=_config_vars(plan, names, flags),
        stdlib_platform_config="",
        test_packages=probed_test_packages(install / "Lib"),
        suffixes={
            "bytecode": (".pyc",),
            "debug_bytecode": (".pyc",),
            "extension": (f".{names.tag}.pyd", ".pyd"),
            "optimized_bytecode": (".pyc",),
            "source": (".py", ".pyw"),
        },
        bytecode_magic_number=magic,
        builtin_modules=tuple(sorted(staged.inittab)),
        shared_directory=f"{ROOT}/DLLs",
        shared_modules=shared_modules(install / "DLLs"),
    )


def _placed(value: str) -> str:
    for old, new in _PLACES.items():
        value = value.replace(old, new)
    return value


def read_abi_flags(configuration: str) -> str:
    """Return the ABI flags of a build, from the text of the `pyconfig.h` that it was compiled with."""
    return abi_flags([BuildOption.FREETHREADED] if _WITHOUT_GIL.search(configuration) else [])


def _config_vars(plan: Plan, names: WindowsNames, flags: str) -> dict[str, str]:
    """Return what `sysconfig.get_config_vars()` has on Windows, without a user's directories."""
    short, nodot = names.filled("{dotted}"), names.filled("{nodot}")
    places = (
        "prefix",
        "exec_prefix",
        "installed_base",
        "base",
        "installed_platbase",
        "platbase",
        "projectbase",
        "BINDIR",
    )
    return {
        **dict.fromkeys(places, ROOT),
        "py_version": str(plan.python),
        "py_version_short": short,
        "py_version_nodot": nodot,
        "py_version_nodot_plat": names.filled("{nodot}{flags}{winver}"),
        "platlibdir": "DLLs",
        "implementation": "Python",
        "implementation_lower": "python",
        "abiflags": "",
        "abi_thread": flags,
        "LIBDEST": f"{ROOT}/Lib",
        "BINLIBDEST": f"{ROOT}/Lib",
        "INCLUDEPY": f"{ROOT}/Include",
        "LIBDIR": f"{ROOT}/libs",
        "LIBRARY": f"{names.dll}.dll",
        "LDLIBRARY": f"{names.dll}.dll",
        "EXT_SUFFIX": f".{names.tag}.pyd",
        "SOABI": names.tag,
        "Py_GIL_DISABLED": str(int(bool(flags))),
        "EXE": ".exe",
        "VERSION": nodot,
        "TZPATH": "",
        "srcdir": ROOT,
    }


def shared_modules(directory: Path) -> dict[str, str]:
    """Return the file name of each shared module; those of a build with ABI flags have a tag in it."""
    return {path.name.partition(".")[0]: path.name for path in sorted(directory.glob("*.pyd"))}


def magic_number(stdlib: Path) -> str:
    """Return the number at the start of the compiled library's files, in hexadecimal."""
    return files.only(stdlib / "__pycache__", "os.cpython-*.pyc").read_bytes()[:4].hex()
