"""Scratch directories of one running build, removed at its end or, after a kill, by the next build."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from setup_local.errors import StoreError

RESUMABLE = "resumable"
"""The directory of scratch space that outlives a build."""


class Workspace:
    """A directory below the cache that belongs to this process while it is alive.

    A lock file inside marks it. Directories whose lock nobody holds are left over and are removed, at the start and
    again at the end: programs that a killed build had started may write for another moment.
    """

    def __init__(self, cache: Path, *, keep: bool = False) -> None:
        self._parent = cache / "work"
        self.keep = keep
        try:
            self._parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._parent / ".lock"):
                self._sweep()
                self.root = Path(tempfile.mkdtemp(prefix="build-", dir=self._parent))
                self._lock = FileLock(self.root / ".lock")
                self._lock.acquire()
        except OSError as error:
            raise StoreError(f"cannot be created: {error.strerror}", where=self._parent) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.keep:
            (self.root / ".keep").touch()
        else:
            remove_tree(self.root)
        self._lock.release()
        with FileLock(self._parent / ".lock"):
            self._sweep()

    def directory(self, name: str) -> Path:
        """Return a new, empty directory."""
        path = self.root / name
        path.mkdir(parents=True)
        return path

    def resumed(self, name: str) -> Path:
        """Return a directory that is kept until its step is done, with the content that a killed build left.

        The caller holds the lock of the step's key, so that nobody else writes into it.
        """
        path = self._parent / RESUMABLE / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _sweep(self) -> None:
        for left in self._parent.glob("build-*"):
            lock = FileLock(left / ".lock")
            if (left / ".keep").exists():
                continue
            try:
                with lock.acquire(timeout=0):
                    remove_tree(left)
            except (Timeout, OSError):
                continue


def remove_kept(cache: Path) -> int:
    """Remove the scratch directories that builds were asked to keep; return how many there were."""
    kept = [mark.parent for mark in (cache / "work").glob("build-*/.keep")]
    for directory in kept:
        remove_tree(directory)
    return len(kept)


def remove_resumable(cache: Path) -> int:
    """Remove the scratch space of killed steps that nobody is running now; return how many there were."""
    removed = 0
    for directory in sorted((cache / "work" / RESUMABLE).glob("*-*")):
        lock = FileLock(cache / "locks" / f"{directory.name.partition('-')[0]}.lock")
        try:
            with lock.acquire(timeout=0):
                remove_tree(directory)
                removed += 1
        except Timeout:
            continue
    return removed


def remove_tree(root: Path) -> None:
    """Remove a directory, including directories that a source tree made read-only."""
    for directory, _, _ in os.walk(root):
        os.chmod(directory, 0o700)
    shutil.rmtree(root, ignore_errors=True)


def merge_trees(trees: list[Path], into: Path) -> Path:
    """Merge several trees into one, with hard links if the file system allows it.

    If two trees contain the same path, the bytes must be the same, or one library would silently shadow another:
    `StoreError` otherwise.
    """
    into.mkdir(parents=True, exist_ok=True)
    for tree in trees:
        for directory, names, files in os.walk(tree):
            here = into / Path(directory).relative_to(tree)
            here.mkdir(exist_ok=True)
            for name in files + [name for name in names if Path(directory, name).is_symlink()]:
                _link(Path(directory, name), here / name)
    return into


def _link(source: Path, target: Path) -> None:
    if target.exists():
        if source.read_bytes() != target.read_bytes():
            raise StoreError("two libraries install different files of this name", where=target)
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
