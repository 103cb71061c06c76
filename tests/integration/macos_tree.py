"""An unpacked archive for macOS, and its binaries by their paths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from installed import unpack

from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.macho import Macho, read_slices
from setup_local.values import NO_OPTIONS, BuildOption, OperatingSystem, Request, system_of

_MINIMUM = "macos"


def unpacked(archive: Path, place: Path) -> Path:
    """Return the tree of an archive for macOS; skip the test if the archive is for another system."""
    unpack(archive, place)
    if system_of(described(place / "python")["target_triple"]) is not OperatingSystem.DARWIN:
        pytest.skip("the archive is for another system")
    return place / "python"


def described(tree: Path) -> dict[str, Any]:
    """Return the content of PYTHON.json."""
    found: dict[str, Any] = json.loads((tree / "PYTHON.json").read_text(encoding="utf-8"))
    return found


def has_lto(description: dict[str, Any]) -> bool:
    """Return whether an archive was built with link-time optimization."""
    return BuildOption.LTO.value in description["build_options"].split("+")


def asked(description: dict[str, Any]) -> Request:
    """Return the request that the archive was built from, as far as the tests need it."""
    words = description["build_options"].split("+")
    options = [option.value for option in BuildOption if option.value in words]
    minimums = [word.removeprefix(_MINIMUM) for word in words if word.startswith(_MINIMUM)]
    return Request(
        python=description["python_version"],
        target_triple=description["target_triple"],
        options="+".join(options) or NO_OPTIONS,
        macos_minimum=minimums[0] if minimums else None,
    )


def linked(tree: Path) -> dict[str, list[Macho]]:
    """Return the slices of every program, library and module of the installation, by path."""
    files = (path for path in sorted((tree / "install").rglob("*")) if path.is_file() and not path.is_symlink())
    found = {path.relative_to(tree).as_posix(): path.read_bytes() for path in files}
    binary = {
        name: data
        for name, data in found.items()
        if detect(data) is FileKind.MACHO and "/test/" not in name and not name.endswith(".a")
    }
    slices = {name: [image for image in read_slices(data) if image.linked] for name, data in binary.items()}
    return {name: images for name, images in slices.items() if images}
