"""Prints, as JSON, what an interpreter knows about itself; needs nothing but the standard library.

    python facts.py [JSON]

An interpreter can answer for another of its version, with that one's standard library: the argument is what only the
other one would know, and its environment is that of CPython's own cross builds (_PYTHON_SYSCONFIGDATA_NAME and others).

Paths below the installation are printed relative to it, with `{root}` in front.
"""  # noqa: INP001 -- a program for another interpreter, no module of this package

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import sys
import sysconfig

TEST_DIRECTORIES = {"test", "tests", "idle_test"}


def relative(value: object, root: str) -> str:
    """Return a text in which the installation's directory is `{root}`."""
    return str(value).replace(root, "{root}")


def test_packages(stdlib: str) -> list[str]:
    """Return the dotted names of the outermost packages that hold the library's own tests."""
    found = []
    for directory, names, _files in os.walk(stdlib):
        if os.path.samefile(directory, stdlib):
            names[:] = [name for name in names if name != "site-packages"]
        for name in sorted(TEST_DIRECTORIES.intersection(names)):
            path = os.path.join(directory, name)
            if os.path.exists(os.path.join(path, "__init__.py")):
                found.append(os.path.relpath(path, stdlib).replace(os.sep, "."))
            names.remove(name)
    return sorted(found)


def shared_modules(directory: str) -> dict[str, str]:
    """Return the file name of every shared extension module by its module name."""
    suffixes = sorted(importlib.machinery.EXTENSION_SUFFIXES, key=len, reverse=True)
    found = {}
    for name in sorted(os.listdir(directory)):
        suffix = next((one for one in suffixes if name.endswith(one)), None)
        if suffix:
            found[name[: -len(suffix)]] = name
    return found


def facts(root: str) -> dict[str, object]:
    """Return everything as a dictionary."""
    implementation = sys.implementation
    release = implementation.version
    config = {name: relative(value, root) for name, value in sysconfig.get_config_vars().items()}
    return {
        "version": ".".join(map(str, sys.version_info[:3]))
        + {"alpha": "a", "beta": "b", "candidate": "rc"}.get(sys.version_info[3], "")
        + (str(sys.version_info[4]) if sys.version_info[3] != "final" else ""),
        "implementation_name": implementation.name,
        "implementation_version": [str(part) for part in release],
        "implementation_hex_version": implementation.hexversion,
        "implementation_cache_tag": implementation.cache_tag,
        "abiflags": sys.abiflags,
        "platform_tag": sysconfig.get_platform(),
        "paths": {name: relative(value, root) for name, value in sysconfig.get_paths().items()},
        "paths_abstract": sysconfig.get_paths(expand=False),
        "config_vars": config,
        "stdlib_platform_config": relative(sysconfig.get_config_var("LIBPL"), root),
        "test_packages": test_packages(sysconfig.get_path("stdlib")),
        "suffixes": {
            "bytecode": importlib.machinery.BYTECODE_SUFFIXES,
            "debug_bytecode": importlib.machinery.DEBUG_BYTECODE_SUFFIXES,
            "extension": importlib.machinery.EXTENSION_SUFFIXES,
            "optimized_bytecode": importlib.machinery.OPTIMIZED_BYTECODE_SUFFIXES,
            "source": importlib.machinery.SOURCE_SUFFIXES,
        },
        "bytecode_magic_number": importlib.util.MAGIC_NUMBER.hex(),
        "builtin_modules": list(sys.builtin_module_names),
        "shared_directory": relative(sysconfig.get_config_var("DESTSHARED"), root),
        "shared_modules": shared_modules(sysconfig.get_config_var("DESTSHARED")),
    }


def answer_for(abiflags: str, multiarch: str, extension_suffixes: list[str]) -> None:
    """Take another interpreter's part: sysconfig and the import system look at these when they are asked."""
    sys.abiflags = abiflags
    vars(sys.implementation)["_multiarch"] = multiarch
    importlib.machinery.EXTENSION_SUFFIXES[:] = extension_suffixes


if __name__ == "__main__":
    if sys.argv[1:]:
        answer_for(**json.loads(sys.argv[1]))
    json.dump(facts(os.path.realpath(sys.base_prefix)), sys.stdout, sort_keys=True)
