"""Collects what runs programs of another processor: QEMU's emulator, and a C library if they need one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from setup_local import fetch
from setup_local.errors import ToolchainError
from setup_local.fetch import Obtained

EMULATOR = "emulator"
ROOT = "root"


def collect_emulation(taken: Mapping[str, Obtained], program: str, work: Path, out: Path) -> None:
    """Fill `out` with the emulator `program` (`qemu-aarch64`) and the directory that it uses as the target's root.

    The first of `taken` is QEMU's package, the others are the packages of a C library. Raises `SourceError`,
    `ToolchainError` if there is no such emulator.
    """
    (name, emulators), *libraries = taken.items()
    tree = fetch.unpack(emulators, work / name)
    if not (tree / program).is_file():
        raise ToolchainError(f"does not contain the emulator {program}", where=emulators.source.identity)
    shutil.copy2(tree / program, out / EMULATOR)
    root = out / ROOT
    root.mkdir()
    for name, library in libraries:
        tree = fetch.unpack(library, work / name)
        for directory in sorted(tree.glob("lib*")):
            shutil.copytree(directory, root / directory.name, symlinks=True, dirs_exist_ok=True)
