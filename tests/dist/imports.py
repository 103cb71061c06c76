"""Every module can be imported: those that PYTHON.json names, and all of the standard library.

The argument is PYTHON.json; without it only the standard library is imported.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import warnings
from pathlib import Path

import harness

ELSEWHERE = {
    "_android_support": "Android",
    "_ios_support": "iOS",
    "_apple_support": "Apple's systems",
    "_msi": "Windows",
    "_osx_support": "",
    "_overlapped": "Windows",
    "_scproxy": "macOS",
    "_winapi": "Windows",
    "_winreg": "Windows",
    "_wmi": "Windows",
    "msilib": "Windows",
    "msvcrt": "Windows",
    "nt": "Windows",
    "winreg": "Windows",
    "winsound": "Windows",
}
SHOWS_SOMETHING = {"antigravity", "this", "idlelib", "turtledemo"}
GPL_OR_GONE = {"_gdbm", "ossaudiodev", "spwd", "nis"}
"""Left out of a distribution by default, or without their requirements on many machines."""


def _import(names: list[str]) -> None:
    failed = []
    without = harness.left_out()
    for name in names:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
        except ImportError as error:
            if error.name in without:
                harness.say(f"     {name}: PYTHON.json says that {error.name} was left out")
                continue
            failed.append(f"{name}: {error}")
    if failed:
        raise AssertionError("cannot be imported:\n  " + "\n  ".join(failed))


def test_extension_modules_of_the_description() -> None:
    if len(sys.argv) < 2:
        raise harness.Skip("no PYTHON.json was given")
    extensions = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["build_info"]["extensions"]
    names = sorted(name for name, variants in extensions.items() if variants[0]["init_fn"] not in (None, "NULL"))
    harness.say(f"     {len(names)} extension modules: {' '.join(names)}")
    harness.holds(len(names) + len(harness.left_out()) > 70)
    _import(names)


def test_built_in_modules() -> None:
    harness.say(f"     {len(sys.builtin_module_names)} built in")
    _import(list(sys.builtin_module_names))


def test_modules_of_the_standard_library() -> None:
    names = getattr(sys, "stdlib_module_names", None)  # since Python 3.10
    if names is None:
        raise harness.Skip("sys.stdlib_module_names came with Python 3.10")
    left_out = set(ELSEWHERE) | SHOWS_SOMETHING | GPL_OR_GONE
    harness.say(f"     {len(names - left_out)} modules")
    _import(sorted(names - left_out))


def test_packages_of_the_standard_library() -> None:
    names = []
    for package in (
        "asyncio",
        "concurrent",
        "curses",
        "ctypes",
        "dbm",
        "email",
        "encodings",
        "html",
        "http",
        "importlib",
    ):
        try:
            module = importlib.import_module(package)
        except ImportError as error:
            if error.name not in harness.left_out():
                raise
            harness.say(f"     {package}: PYTHON.json says that {error.name} was left out")
            continue
        names += [found.name for found in pkgutil.walk_packages(module.__path__, package + ".")]
    unusual = ("windows", "mbcs", "oem", "cp65001", "dbm.gnu", "wintypes", "macholib", "_aix", ".test", "__main__")
    _import([name for name in names if not any(word in name for word in unusual)])


if __name__ == "__main__":
    harness.main()
