"""Compiles CPython a second time where objects cannot contain both machine code and the link-time optimizer's input.

Programs are linked from the optimizer's input. What is shipped is machine code, which any linker can link again: after
the last link, objects and static libraries of a plain compilation replace those that were linked.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from setup_local.binfmt.detect import HEAD, FileKind, detect
from setup_local.build import cpython
from setup_local.build.steps import Runner
from setup_local.errors import OptimizationError

# Next to CPython's tree, so that the same relative paths lead to the libraries; the one is not the beginning of the other.
_TREE = "plain-cpython"
_SHOWN = 3


def plain_tree(tree: Path) -> Path:
    """Return the directory of the second compilation of a source tree."""
    return tree.with_name(_TREE)


def compile_plain(tree: Path, recipe: cpython.Recipe, run: Runner) -> None:
    """Compile a copy of a source tree that is not configured yet. Raises as `compile_cpython` does."""
    shutil.copytree(tree, plain_tree(tree), symlinks=True)
    cpython.compile_cpython(plain_tree(tree), recipe, run)


def replace_objects(tree: Path, directory: str) -> None:
    """Replace the objects and static libraries of a built tree with those of its plain compilation.

    They keep their times, so that make does not link anything again. `directory` is where the linker left its own
    objects, which stay. Raises `OptimizationError` if the two trees do not have the same files, or if one of them does
    not contain what it is compiled for.
    """
    linked, plain = set(_objects(tree, besides=directory)), set(_objects(plain_tree(tree)))
    if different := sorted(linked ^ plain):
        shown = ", ".join(map(str, different[:_SHOWN]))
        raise OptimizationError(f"the compilations with and without lto differ in {len(different)} files: {shown}")
    for name in sorted(linked):
        _check(tree / name, plain_tree(tree) / name, name)
        times = (tree / name).stat()
        shutil.copyfile(plain_tree(tree) / name, tree / name)
        os.utime(tree / name, ns=(times.st_atime_ns, times.st_mtime_ns))


def _objects(tree: Path, besides: str = "") -> Iterable[Path]:
    names = (path.relative_to(tree) for pattern in cpython.OBJECTS for path in tree.rglob(pattern))
    return (name for name in names if not besides or name.parts[0] != besides)


def _check(linked: Path, plain: Path, name: Path) -> None:
    """Raise `OptimizationError` unless an object for linking has the optimizer's input, and the other machine code."""
    if _is_bitcode(plain):
        raise OptimizationError("was compiled without machine code, which other linkers need", where=name)
    if name.suffix == ".o" and not _is_bitcode(linked) and not linked.with_suffix(".S").exists():
        raise OptimizationError("was compiled without code for the link-time optimizer", where=name)


def _is_bitcode(path: Path) -> bool:
    with path.open("rb") as file:
        return detect(file.read(HEAD)) is FileKind.BITCODE
