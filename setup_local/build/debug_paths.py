"""Gives debug information the same neutral directories on every machine: none of the place where something was built.

Sources are said to lie in `/usr/src/debug/<name>-<version>`, so that one command tells a debugger where somebody keeps
them (`set substitute-path /usr/src/debug ...`); headers of the C library and of the compiler have names beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup_local.catalog.sources import Source

SOURCES = "/usr/src/debug"


def source_place(source: Source) -> str:
    """Return where debug information says that a source's tree lies."""
    return f"{SOURCES}/{source.identity}"


def tool_places(compilers: Path, libc: Path) -> dict[Path, str]:
    """Return the names of the directories whose headers every step includes."""
    return {compilers: f"{SOURCES}/toolchain", libc: f"{SOURCES}/sysroot"}


def debug_flags(places: Mapping[Path, str]) -> list[str]:
    """Return the flags that put names in the place of directories; what is compiled is the same without them."""
    return [f"-fdebug-prefix-map={directory}={name}" for directory, name in places.items()]
