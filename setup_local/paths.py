"""The only module that knows the paths of the project's data and the user's cache; checks whether they are writable."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from setup_local.errors import SetupLocalError

PACKAGE = Path(__file__).resolve().parent
DATA = PACKAGE / "data"
CACHE_VARIABLE = "SETUP_LOCAL_CACHE"


def _shared(name: str) -> Path:
    """Return a top-level data directory: next to the package in a checkout, inside it in a wheel."""
    checkout = PACKAGE.parent / name
    return checkout if checkout.is_dir() and (PACKAGE.parent / "pyproject.toml").is_file() else PACKAGE / name


TEMPLATES = _shared("templates")
SCHEMA = _shared("schema")


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the cache directory, without symbolic links: `SETUP_LOCAL_CACHE`, else the user's one (XDG)."""
    chosen = environ.get(CACHE_VARIABLE)
    return (Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("setup-local"))).resolve()


def check_writable(directory: Path, error: type[SetupLocalError], hint: str) -> None:
    """Create a directory if it is missing; raise `error` before any work is done if it is not writable."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as failure:
        raise error(f"cannot be written: {failure.strerror}", where=directory, hint=hint) from failure
