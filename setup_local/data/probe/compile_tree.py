"""Compiles one share of an installation's library to bytecode; runs in the interpreter that was built.

    python compile_tree.py INSTALL INDEX COUNT [CHECKED-PATTERN...]

The shares depend only on the names and sizes of the files, never on how many run side by side, and each
is compiled in one order by a process of its own: what marshal writes depends on the references that a
process holds, so this keeps the bytes the same. Bytecode is bound to its source by hash (PEP 552):
checked at import for files that match a pattern, trusted for all others. Code objects get the file's
path below the installation; the import system puts the real one in its place.

Prints the files that are no valid Python, one per line.
"""  # noqa: INP001 -- a program for another interpreter, no module of this package

from __future__ import annotations

import fnmatch
import os
import py_compile
import sys
import warnings


def sources(install: str) -> list[tuple[int, str]]:
    """Return size and relative path of every module below lib/ (`Lib` of an installation for Windows), sorted."""
    found = []
    library = next(name for name in sorted(os.listdir(install)) if name.lower() == "lib")
    for directory, names, files in os.walk(os.path.join(install, library)):
        names.sort()
        for name in files:
            if name.endswith(".py"):
                path = os.path.join(directory, name)
                found.append((os.path.getsize(path), os.path.relpath(path, install)))
    return sorted(found)


def share(found: list[tuple[int, str]], index: int, count: int) -> list[str]:
    """Return the paths of one share, sorted; the shares take turns, largest file first."""
    return sorted(path for turn, (_, path) in enumerate(reversed(found)) if turn % count == index)


def compile_one(install: str, name: str, checked: list[str]) -> bool:
    """Compile one file; return whether it is valid Python."""
    mode = py_compile.PycInvalidationMode
    chosen = mode.CHECKED_HASH if any(fnmatch.fnmatch(name, one) for one in checked) else mode.UNCHECKED_HASH
    try:
        py_compile.compile(os.path.join(install, name), dfile=name, doraise=True, invalidation_mode=chosen)
    except (py_compile.PyCompileError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def main() -> None:
    """Compile the share that the arguments name."""
    install, index, count, *checked = sys.argv[1:]
    warnings.simplefilter("ignore")
    for name in share(sources(install), int(index), int(count)):
        if not compile_one(install, name, checked):
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
