"""Gives debug information the same neutral directories on every machine, none of them of the build host.

Source paths start with `/usr/src/debug/<name>-<version>`, so that one debugger command sets where the sources are
(`set substitute-path /usr/src/debug ...`); headers of the C library and of the compiler have names next to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup_local.catalog.sources import Source

SOURCES = "/usr/src/debug"


def source_place(source: Source) -> str:
    """Return the directory that debug information names for a source's tree."""
    return f"{SOURCES}/{source.identity}"


def tool_places(compilers: Path, libc: Path) -> dict[Path, str]:
    """Return the neutral names of the directories whose headers every step includes."""
    return {compilers: f"{SOURCES}/toolchain", libc: f"{SOURCES}/sysroot"}


def debug_flags(places: Mapping[Path, str]) -> list[str]:
    """Return the flags that replace directories with names; the compiled code is the same without them."""
    return [f"-fdebug-prefix-map={directory}={name}" for directory, name in places.items()]
