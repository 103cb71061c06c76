"""Merges the headers of the C library and the kernel for one glibc version."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from setup_local import paths
from setup_local.catalog.architectures import Architecture, GlibcPort
from setup_local.catalog.toolchains import Edit, Header, SysrootCatalog, is_older
from setup_local.errors import ToolchainError

INCLUDE = Path("lib", "libc", "include")
OWN_HEADERS = paths.DATA / "sysroot" / "include"


def lay_over(wheel: Path, layers: Iterable[str], include: Path) -> None:
    """Copy header directories of the wheel over one another; raise `ToolchainError` if one is missing."""
    for name in layers:
        layer = wheel / INCLUDE / name
        if not layer.is_dir():
            raise ToolchainError("the wheel contains no such headers", where=layer)
        shutil.copytree(layer, include, dirs_exist_ok=True)


def place_headers(
    catalog: SysrootCatalog, wheel: Path, include: Path, floor: str, arch: Architecture, glibc: GlibcPort
) -> None:
    """Fill `include` with the headers of a floor: the kernel's and glibc's from the wheel, then ours, then the edits.

    Raises `ToolchainError` if an edit does not find its text exactly as often as expected.
    """
    lay_over(wheel, (*arch.kernel_headers, *glibc.headers), include)
    for header in catalog.headers:
        if is_older(floor, header.until):
            _place_own(header, include)
    for edit in catalog.edits:
        if is_older(floor, edit.until):
            apply_edit(edit, include, floor)


def _place_own(header: Header, include: Path) -> None:
    target = include / header.path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(OWN_HEADERS / header.path, target)


def apply_edit(edit: Edit, include: Path, floor: str) -> None:
    """Replace a text in one header; it must occur exactly `edit.times`."""
    path = include / edit.path
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ToolchainError(f"cannot be read: {error.strerror}", where=path) from error
    found = text.count(edit.find)
    if found != edit.times:
        raise ToolchainError(f"{edit.find.strip()!r} occurs {found} times, expected {edit.times}", where=path)
    minor = floor.split(".")[1]
    path.write_text(text.replace(edit.find, edit.replace.replace("{minor}", minor)), encoding="utf-8")
