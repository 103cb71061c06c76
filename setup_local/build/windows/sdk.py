"""Makes the sysroot of programs for Windows from Microsoft's SDK: its headers, and those of its libraries that are linked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from setup_local.build.windows.compiler import HEADERS, LIBRARIES
from setup_local.catalog.windows_sdk import WindowsSdkCatalog
from setup_local.errors import RequestError, ToolchainError


def sdk_libraries(recipe: WindowsSdkCatalog, sdk: Path, arch: str) -> dict[str, Path]:
    """Return the linked libraries of an SDK for a processor, by their names in a sysroot.

    Names in an SDK are in upper and lower case. Raises `RequestError` for an SDK that lacks one.
    """
    places = [
        directory
        for pattern in recipe.libraries
        for machine in recipe.machines[arch]
        if (directory := sdk / pattern.format(machine=machine)).is_dir()
    ]
    found = {path.name.lower(): path for directory in reversed(places) for path in sorted(directory.iterdir())}
    wanted = [recipe.imports.library(name) for name in recipe.imports.names]
    if missing := [name for name in wanted if name not in found]:
        hint = f"xwin needs `--arch {recipe.machines[arch][0]}` to include the libraries for this processor"
        raise RequestError(f"has no {missing[0]} for {arch}", where=f"--sdk {sdk}", hint=hint)
    return {name: found[name] for name in wanted}


def place_sdk(recipe: WindowsSdkCatalog, sdk: Path, libraries: Mapping[str, Path], sysroot: Path) -> None:
    """Copy headers, which `read_sdk` found, and libraries; every header also has its name in lower case."""
    for name, place in recipe.headers.items():
        shutil.copytree(sdk / place, sysroot / HEADERS / name, symlinks=True)
    for path in sorted((sysroot / HEADERS).rglob("*")):
        lower = path.with_name(path.name.lower())
        if path.is_file() and not lower.exists():
            lower.symlink_to(path.name)
    for name in (LIBRARIES, "licenses"):
        (sysroot / name).mkdir()
    for name, path in libraries.items():
        shutil.copyfile(path, sysroot / LIBRARIES / name)


def write_aliases(headers: Path, aliases: Mapping[str, str]) -> None:
    """Write headers under additional names, for file systems that distinguish upper and lower case.

    `headers` is one directory, or one with a directory for each part of an SDK. Raises `ToolchainError` for a header
    that is in none of them.
    """
    directories = [headers, *sorted(path for path in headers.iterdir() if path.is_dir())]
    for alias, name in aliases.items():
        place = next((directory for directory in directories if (directory / name).is_file()), None)
        if place is None:
            raise ToolchainError(f"there is no header {name}", where=headers)
        if not any((directory / alias).exists() for directory in directories):
            (place / alias).write_text(f"#include <{name}>\n", encoding="utf-8")
