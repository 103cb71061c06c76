"""Reads the properties of an Apple SDK: a directory as printed by `xcrun --show-sdk-path` on a Mac, or a copy of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from setup_local.errors import RequestError
from setup_local.values import OwnSdk

SETTINGS = "SDKSettings.json"
_PLATFORM = "macosx"
_VERSION = re.compile(r"\d+(\.\d+)+")
_NEEDED = ("usr/include/stdio.h", "usr/lib/libSystem.tbd", "System/Library/Frameworks")
_HINT = "name the directory that `xcrun --show-sdk-path` prints on a Mac, or a copy of it"


def read_sdk(path: Path) -> OwnSdk:
    """Return the SDK in a directory; raise `RequestError` if it is not one, or is for another system."""
    settings = _settings(path / SETTINGS, where=f"--sdk {path}")
    name, version = settings.get("CanonicalName"), settings.get("Version")
    if not isinstance(name, str) or not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise RequestError(f"{SETTINGS} does not name an SDK and its version", where=f"--sdk {path}", hint=_HINT)
    if not name.startswith(_PLATFORM):
        raise RequestError(f"is the SDK {name}, not one for macOS", where=f"--sdk {path}", hint=_HINT)
    for needed in _NEEDED:
        if not (path / needed).exists():
            raise RequestError(f"is incomplete: {needed} is missing", where=f"--sdk {path}", hint=_HINT)
    return OwnSdk(path=path, version=version)


def _settings(file: Path, *, where: str) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RequestError(f"is not an Apple SDK: it has no {SETTINGS}", where=where, hint=_HINT) from error
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(f"{SETTINGS} cannot be read: {error}", where=where, hint=_HINT) from error
    return found if isinstance(found, dict) else {}
