"""The cache of sources: verified files under their hash, written so that readers never see incomplete files."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from setup_local.catalog.sources import Form
from setup_local.errors import SourceError


class WrongBytes(Exception):
    """A file differs from the pinned one; the text says how."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(path: Path, form: Form) -> None:
    """Raise `WrongBytes` unless the file has the pinned size and hash."""
    size = path.stat().st_size
    if size < form.size:
        raise WrongBytes(f"{form.file} is truncated: {size} of {form.size} bytes")
    actual = sha256_of(path)
    if actual != form.sha256 or (form.size and size != form.size):
        pinned = f"{form.sha256} ({form.size} bytes)" if form.size else form.sha256
        raise WrongBytes(f"{form.file} has the wrong bytes: expected SHA-256 {pinned}, got {actual} ({size} bytes)")


class SourceCache:
    """Directory `sources` of the cache: `<sha256>/<file>`, with partial files and locks kept separately."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "sources"
        self._partial = self.directory / ".partial"
        self._locks = self.directory / ".locks"

    def path(self, form: Form) -> Path:
        """Return the path of a form's file if it is there."""
        return self.directory / form.sha256 / form.file

    def holds(self, form: Form) -> bool:
        """Return whether the file exists and has the pinned bytes; a damaged one is removed.

        A hashed file is hashed again only if the file system shows that it was touched since.
        """
        path = self.path(form)
        try:
            seen = path.with_name(f".{path.name}.seen")
            state = _state(path)
            if not (seen.is_file() and seen.read_text(encoding="utf-8") == state):
                verify(path, form)
                with suppress(OSError):  # a cache may be read-only
                    seen.write_text(state, encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return False
        except WrongBytes:
            with _reported(self.directory):
                path.unlink(missing_ok=True)
            return False
        return True

    @contextmanager
    def writing(self, form: Form) -> Iterator[Path]:
        """Provide an empty directory for downloads of one form, to one process and thread at a time.

        It is always removed at the end; remains of a killed process are removed first.
        """
        partial = self._partial / form.sha256
        with _reported(self.directory):
            self._locks.mkdir(parents=True, exist_ok=True)
            with self._lock(form.sha256):
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                try:
                    yield partial
                finally:
                    shutil.rmtree(partial, ignore_errors=True)

    def install(self, file: Path, form: Form) -> Path:
        """Move a verified file to its place after it has been synced to disk."""
        target = self.path(form)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.chmod(0o644)
        _sync(file)
        file.replace(target)
        _sync(target.parent)
        return target

    def sweep(self) -> None:
        """Remove partial downloads that no running process is writing."""
        for leftover in _children(self._partial):
            try:
                with self._lock(leftover.name, timeout=0):
                    shutil.rmtree(leftover, ignore_errors=True)
            except (Timeout, OSError):
                continue

    def _lock(self, name: str, timeout: float = -1) -> FileLock:
        return FileLock(self._locks / f"{name}.lock", timeout=timeout, thread_local=False)


def _children(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return []


def _state(path: Path) -> str:
    """Return a value that changes whenever a file is written or replaced."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _reported(directory: Path) -> Iterator[None]:
    """Turn a failure of the file system into an error for users."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"the cache cannot be written: {error.strerror or error}",
            where=error.filename or directory,
            hint="free space, or set SETUP_LOCAL_CACHE to another directory",
        ) from error
