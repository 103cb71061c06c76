"""Adds the Tcl scripts that tkinter needs at run time, and makes tkinter find them wherever the tree is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from setup_local.render import render
from setup_local.stage import files

_SCRIPTS = ("tcl*", "tk*")
_TCL = re.compile(r"tcl\d+\.\d+")
# The same text in every CPython from 3.8 to 3.14.
_IMPORT = "import _tkinter # If this fails your Python may not be configured for Tk\n"
_CREATE = "_tkinter.create("


def place_scripts(libraries: Mapping[str, Path], target: Path) -> tuple[str, ...]:
    """Place the script libraries of Tcl and Tk; return the directories' names."""
    found = {}
    for prefix in libraries.values():
        for pattern in _SCRIPTS:
            found.update({path.name: path for path in (prefix / "lib").glob(pattern) if path.is_dir()})
    for name, path in found.items():
        files.place_tree(path, target / name)
    return tuple(sorted(found))


def let_tkinter_find(stdlib: Path, directories: tuple[str, ...]) -> None:
    """Make tkinter pass the location of its scripts to Tcl; nothing to do without Tcl."""
    scripts = next((name for name in directories if _TCL.fullmatch(name)), None)
    if scripts is None:
        return
    module = stdlib / "tkinter" / "__init__.py"
    files.replace_once(module, _CREATE, f"_with_scripts({_CREATE.removesuffix('(')}, ")
    files.replace_once(module, _IMPORT, render("tkinter-scripts.py.j2", {"scripts": scripts}))
