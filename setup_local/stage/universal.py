"""Joins builds for several macOS processors before they are staged: one file of each name, with the code for all."""

from __future__ import annotations

import difflib
import struct
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.macho_join import joined
from setup_local.catalog.universal import Universal
from setup_local.errors import StageError
from setup_local.stage import files
from setup_local.stage.without_debug import without_debug

_BINARY = (FileKind.MACHO, FileKind.AR)
_LINKED = (".o", ".a")


def join_trees(recipe: Universal, halves: Mapping[str, Path], out: Path) -> None:
    """Fill `out` from trees with the same files; `halves` are by the processor's C macro (`__x86_64__`).

    Raises `StageError` for a file that only one of them has, or that differs and is neither a binary nor known to the
    recipe.
    """
    trees = tuple(halves.values())
    names = [frozenset(files.below(tree)) for tree in trees]
    for name in sorted(frozenset().union(*names)):
        if not all(name in found for found in names):
            raise StageError("was built for only one of the processors", where=name)
        _join(recipe, name, tuple(halves), [tree / name for tree in trees], out / name)


def _join(recipe: Universal, name: str, macros: Sequence[str], paths: Sequence[Path], target: Path) -> None:
    first = paths[0]
    if first.is_symlink() or len({path.read_bytes() for path in paths}) == 1:
        files.place(first, target)
        return
    place = name.partition("/")[2]
    if detect(first.read_bytes()) in _BINARY:
        files.write_bytes(target, _binary(name, paths), executable=bool(first.stat().st_mode & 0o100))
    elif any(fnmatchcase(place, pattern) for pattern in recipe.headers):
        files.write(target, header(dict(zip(macros, map(files.read, paths), strict=True))))
    elif any(fnmatchcase(place, pattern) for pattern in recipe.texts):
        files.place(first, target)
    else:
        raise StageError("differs between processors", where=name)


def _binary(name: str, paths: Sequence[Path]) -> bytes:
    """Return a universal file; debug information of objects is removed first, while they are for one processor each."""
    bodies = [path.read_bytes() for path in paths]
    if name.endswith(_LINKED):
        bodies = [without_debug(body, where=name) for body in bodies]
    try:
        return joined(bodies)
    except (ValueError, struct.error) as error:
        raise StageError(f"cannot be joined into one file: {error}", where=name) from error


def header(texts: Mapping[str, str]) -> str:
    """Return one C header from those of two processors: lines that differ depend on each processor's macro."""
    (first_macro, first), (second_macro, second) = texts.items()
    ours, theirs = first.splitlines(keepends=True), second.splitlines(keepends=True)
    lines = []
    for kind, start, end, other, other_end in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += ours[start:end]
            continue
        lines += [f"#if defined({first_macro})\n", *ours[start:end]]
        lines += [f"#elif defined({second_macro})\n", *theirs[other:other_end], "#endif\n"]
    return "".join(lines)
