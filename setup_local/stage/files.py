"""Puts files into the staged tree; files that are hard links to the store are never written through."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from setup_local.errors import OutputError, StageError


def place(source: Path, target: Path) -> None:
    """Hard-link a file (or copy it if that is impossible) or copy a symlink; parent directories are created."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if source.is_symlink():
            target.symlink_to(source.readlink())
            return
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=target) from error


def below(root: Path, *, without: frozenset[str] = frozenset()) -> Iterable[str]:
    """Yield the relative paths of all files and symlinks, sorted within each directory.

    Directories with a name in `without` are left out.
    """
    for directory, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in without)
        links = [name for name in names if (Path(directory) / name).is_symlink()]
        for name in sorted([*files, *links]):
            yield (Path(directory) / name).relative_to(root).as_posix()


def place_tree(source: Path, target: Path, *, without: frozenset[str] = frozenset()) -> None:
    """Place every file of one tree into another."""
    for name in below(source, without=without):
        place(source / name, target / name)


def write(path: Path, text: str, *, executable: bool = False) -> None:
    """Write a new file in place of an existing one, so that a hard link's other names keep their bytes."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"), executable=executable)


def write_bytes(path: Path, data: bytes, *, executable: bool = False) -> None:
    """Write a new file of bytes in the same way."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(data)
        fresh.chmod(0o755 if executable else 0o644)
        fresh.replace(path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=path) from error


def read(path: Path) -> str:
    """Return a file's text; raise `StageError` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise StageError(f"cannot be read: {error.strerror}", where=path) from error


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace a text that must occur in the file exactly once; raise `StageError` if it does not."""
    text = read(path)
    if (count := text.count(old)) != 1:
        raise StageError(f"expected {old!r} once, found it {count} times", where=path)
    write(path, text.replace(old, new), executable=bool(path.stat().st_mode & 0o100))


def only(root: Path, pattern: str) -> Path:
    """Return the only path that matches a pattern; raise `StageError` if there are none or several."""
    found = sorted(root.glob(pattern))
    if len(found) != 1:
        raise StageError(f"expected one {pattern}, found {len(found)}", where=root)
    return found[0]
