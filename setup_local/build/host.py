"""Checks what a build needs from the host besides Python, before any work is done."""

from __future__ import annotations

import shutil
from pathlib import Path

from setup_local.errors import HostError

PROGRAMS = ("make", "perl")
NEEDED_BYTES = 4 << 30  # a cold default build takes about 3 GB of cache, most of it scratch space


def check_host(cache: Path) -> None:
    """Raise `HostError` that names every missing program, or too little disk space."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        names = " ".join(missing)
        raise HostError(
            f"missing: {', '.join(missing)}",
            hint=f"apt-get install {names}, dnf install {names}, or apk add {names}",
        )
    check_space(cache, NEEDED_BYTES)


def check_space(directory: Path, needed: int) -> None:
    """Raise `HostError` if the file system of a directory, which need not exist yet, has too little space."""
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise HostError(
            f"only {free >> 20} MiB are free; a build needs {needed >> 20} MiB",
            where=existing,
            hint="free space with `setup-local store gc`, or set SETUP_LOCAL_CACHE to another disk",
        )
