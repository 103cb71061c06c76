"""The content-addressed store: results of build steps, found by the key of everything that went into them.

Layout below the cache directory:

    store/<key>-<name>/result/    what the step produced
    store/<key>-<name>/meta.json  name, key, seconds, size in bytes, time of creation
    locks/<key>.lock              held by the process that builds this key
    locks/<key>.holder            the id of that process, for those that wait

A result is renamed into place as the last action, so every result in the store is complete.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from setup_local.errors import StoreError

KEY_LENGTH = 32
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One result in the store. `size` is in bytes, `seconds` the wall time of the step."""

    key: str
    name: str
    path: Path
    seconds: float
    size: int
    created: float
    used: float


class Store:
    """Results by key, below one cache directory."""

    def __init__(self, cache: Path) -> None:
        self._root = cache / "store"
        self._locks = cache / "locks"
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            self._locks.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot be created: {error.strerror}", where=cache) from error

    def find(self, key: str, name: str) -> Path | None:
        """Return the result directory of a key, and note that it was used; None if there is none."""
        entry = self._root / f"{key}-{name}"
        if not (entry / "meta.json").is_file():
            return None
        os.utime(entry / "meta.json")
        return entry / "result"

    @contextmanager
    def locked(
        self,
        key: str,
        given_up: Callable[[], bool] = lambda: False,
        waiting: Callable[[int | None], None] = lambda _: None,
    ) -> Iterator[None]:
        """Hold the lock of a key; the kernel releases it when the process dies, for whatever reason.

        While another process holds it, `given_up` returns whether to stop waiting, and `waiting` is called with that
        process. Raises `StoreError` if waiting is given up.
        """
        lock = FileLock(self._locks / f"{key}.lock")
        while not lock.is_locked:
            try:
                lock.acquire(timeout=_LOOK_SECONDS)
            except Timeout as error:
                if given_up():
                    raise StoreError(
                        "stopped waiting for another process that builds the same step", where=key
                    ) from error
                waiting(self._holder(key))
        holder = self._holder_file(key)
        try:
            holder.write_text(f"{os.getpid()}\n", encoding="ascii")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def _holder_file(self, key: str) -> Path:
        """Return the file that names the process with the lock; the lock file itself is truncated by each contender."""
        return self._locks / f"{key}.holder"

    def _holder(self, key: str) -> int | None:
        try:
            return int(self._holder_file(key).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def commit(self, key: str, name: str, prepared: Path, *, seconds: float) -> Path:
        """Move a prepared result directory into the store; it is not copied."""
        entry = self._root / f"{key}-{name}"
        staging = prepared.with_name(f"{prepared.name}.entry")
        try:
            staging.mkdir()
            prepared.rename(staging / "result")
            meta = {"key": key, "name": name, "seconds": round(seconds, 2), "created": time.time()}
            meta["size"] = tree_size(staging / "result")
            (staging / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
            staging.rename(entry)
        except OSError as error:
            raise StoreError(f"cannot store the result of {name}: {error.strerror}", where=entry) from error
        return entry / "result"

    def entries(self) -> list[Entry]:
        """Return all results, the most recently used first."""
        found = [_entry(path) for path in self._root.iterdir() if (path / "meta.json").is_file()]
        return sorted(found, key=lambda entry: -entry.used)

    def remove(self, entry: Entry) -> None:
        """Remove a result: renamed away first, so that a killed removal leaves no incomplete entry."""
        with self.locked(entry.key):
            doomed = entry.path.with_name(f".{entry.path.name}.doomed")
            entry.path.rename(doomed)
            shutil.rmtree(doomed)

    def sweep(self) -> None:
        """Finish removals that were killed in the middle."""
        for doomed in self._root.glob(".*.doomed"):
            shutil.rmtree(doomed, ignore_errors=True)


def _entry(path: Path) -> Entry:
    meta_path = path / "meta.json"
    try:
        meta = json.loads(meta_path.read_text(encoding="utf-8"))
        return Entry(path=path, used=meta_path.stat().st_mtime, **meta)
    except (OSError, ValueError, TypeError) as error:
        raise StoreError("unreadable entry", where=meta_path, hint="remove its directory") from error


def tree_size(root: Path) -> int:
    """Return the bytes of all regular files below a directory."""
    return sum(
        os.lstat(os.path.join(directory, name)).st_size for directory, _, names in os.walk(root) for name in names
    )


def as_json(entry: Entry) -> dict[str, object]:
    """Return an entry as plain data for machine-readable output."""
    return asdict(entry) | {"path": str(entry.path)}
