"""Reads the properties of an SDK that the user names: Apple's, or Microsoft's.

Apple's is a directory as printed by `xcrun --show-sdk-path` on a Mac, or a copy of it. Microsoft's is laid out as by
`xwin splat` (https://github.com/Jake-Shadle/xwin), which downloads it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from setup_local.errors import RequestError
from setup_local.values import OperatingSystem, OwnSdk

SETTINGS = "SDKSettings.json"
CRT_VERSION = "crt/include/crtversion.h"
_PLATFORM = "macosx"
_VERSION = re.compile(r"\d+(\.\d+)+")
_NEEDED = ("usr/include/stdio.h", "usr/lib/libSystem.tbd", "System/Library/Frameworks")
_HINT = "name the directory that `xcrun --show-sdk-path` prints on a Mac, or a copy of it"
_NEEDED_OF_MICROSOFT = ("crt/include/vcruntime.h", "sdk/include/ucrt/stdio.h", "sdk/include/um", "sdk/include/shared")
_CRT_PARTS = ("MAJOR", "MINOR", "BUILD")
_OLDEST_CRT = 14  # the first whose C library is the universal one
_HINT_OF_MICROSOFT = "name the directory that `xwin splat --output DIR` fills"


def read_sdk(path: Path) -> OwnSdk:
    """Return the SDK in a directory; raise `RequestError` if it is not one, or is for another system."""
    if (path / "crt").is_dir():
        return _read_of_microsoft(path)
    settings = _settings(path / SETTINGS, where=f"--sdk {path}")
    name, version = settings.get("CanonicalName"), settings.get("Version")
    if not isinstance(name, str) or not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise RequestError(f"{SETTINGS} does not name an SDK and its version", where=f"--sdk {path}", hint=_HINT)
    if not name.startswith(_PLATFORM):
        raise RequestError(f"is the SDK {name}, not one for macOS", where=f"--sdk {path}", hint=_HINT)
    _refuse_incomplete(path, _NEEDED, _HINT)
    return OwnSdk(path=path, version=version, os=OperatingSystem.DARWIN)


def _read_of_microsoft(path: Path) -> OwnSdk:
    """Return Microsoft's SDK in a directory: its version is that of Visual C++'s runtime, the only one in its headers."""
    _refuse_incomplete(path, (CRT_VERSION, *_NEEDED_OF_MICROSOFT), _HINT_OF_MICROSOFT)
    text = (path / CRT_VERSION).read_text(encoding="utf-8", errors="replace")
    found = [re.search(rf"(?m)^\s*#\s*define\s+_VC_CRT_{part}_VERSION\s+(\d+)\s*$", text) for part in _CRT_PARTS]
    numbers = [match[1] for match in found if match]
    if len(numbers) != len(_CRT_PARTS) or int(numbers[0]) != _OLDEST_CRT:
        what = f"{CRT_VERSION} does not name a version {_OLDEST_CRT} of Visual C++'s runtime"
        raise RequestError(what, where=f"--sdk {path}", hint=_HINT_OF_MICROSOFT)
    return OwnSdk(path=path, version=".".join(numbers), os=OperatingSystem.WINDOWS)


def _refuse_incomplete(path: Path, names: tuple[str, ...], hint: str) -> None:
    for needed in names:
        if not (path / needed).exists():
            raise RequestError(f"is incomplete: {needed} is missing", where=f"--sdk {path}", hint=hint)


def _settings(file: Path, *, where: str) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        what = f"is no SDK: it has neither {SETTINGS}, as Apple's, nor crt, as Microsoft's from xwin"
        raise RequestError(what, where=where, hint=f"{_HINT}; or {_HINT_OF_MICROSOFT}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(f"{SETTINGS} cannot be read: {error}", where=where, hint=_HINT) from error
    return found if isinstance(found, dict) else {}
