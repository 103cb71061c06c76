"""The loader that programs for musl ask for: the sysroot's own while they are built, the target's in what is shipped.

Whatever C library the building machine has, its kernel starts a program with the loader that the program names. While
CPython is built, that is the sysroot's, under a name of a fixed length, so that the place of the sysroot decides nothing
about how a program is laid out. At the end the name is replaced, and the build id made anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from setup_local.binfmt.elf import build_id_place
from setup_local.binfmt.layout import Layout, read_layout
from setup_local.binfmt.rows import MAGIC, SegmentRow
from setup_local.build.toolchain import SYSROOT_VARIABLE
from setup_local.catalog.targets import Target
from setup_local.errors import StepError, ToolchainError
from setup_local.plan.model import Plan
from setup_local.render import render
from setup_local.values import Libc

_WIDTH = 512  # the kernel takes names of up to 4096 characters (PATH_MAX)
_INTERPRETER = 3  # PT_INTERP


def build_loader(plan: Plan, sysroot: Path) -> Path | None:
    """Return the loader that runs programs of a plan on the building machine; None if they start by themselves."""
    if plan.target.libc is not Libc.MUSL or plan.is_static:
        return None
    return sysroot / "lib" / plan.target.musl.loader


def target_loader(target: Target) -> str:
    """Return the loader's name on the systems that musl programs run on."""
    return f"/lib/{target.musl.loader}"


def building(loader: Path, target: Target, sysroot: Path, place: Path) -> dict[str, str]:
    """Return the environment in which Clang links programs for this loader; `place` is a new directory for settings."""
    values: dict[str, object] = {"target": target.musl.triple, "sysroot": sysroot, "loader": wide(loader)}
    place.mkdir()
    (place / "clang.cfg").write_text(render("sysroot-musl.cfg.j2", values), encoding="utf-8")
    return {SYSROOT_VARIABLE: str(place)}


def wide(loader: Path) -> str:
    """Return the name of a loader with so many slashes in front that its length is always the same."""
    if len(str(loader)) > _WIDTH:
        raise ToolchainError("the path of the loader is too long", where=loader, hint="use another SETUP_LOCAL_CACHE")
    return str(loader).rjust(_WIDTH, "/")


def settle(directory: Path, loader: Path, wanted: str) -> None:
    """Let all programs in a directory ask for the loader `wanted`; raise `StepError` if none asked for `loader`."""
    asking = [path for path in sorted(directory.iterdir()) if path.is_file() and not path.is_symlink()]
    found = [path for path in asking if _asks_for(path.read_bytes(), wide(loader))]
    if not found:
        raise StepError(f"no program asks for the loader {loader}", where=directory)
    for path in found:
        path.write_bytes(settled(path.read_bytes(), wanted))


def _asks_for(data: bytes, loader: str) -> bool:
    return data.startswith(MAGIC) and any(
        data[row.offset : row.offset + row.size].rstrip(b"\0") == loader.encode() for row in _asking(read_layout(data))
    )


def _asking(file: Layout) -> list[SegmentRow]:
    return [row for row in file.segments if row.kind == _INTERPRETER]


def settled(data: bytes, loader: str) -> bytes:
    """Return a program that asks for another loader, of a shorter name, with the build id that goes with that."""
    file = read_layout(data)
    (old,) = _asking(file)
    name = loader.encode() + b"\0"
    body = bytearray(data)
    body[old.offset : old.offset + old.size] = name.ljust(old.size, b"\0")
    rows = [row._replace(size=len(name), memory=len(name)) if row == old else row for row in file.segments]
    file.write_segments(body, rows)
    sections = [row._replace(size=len(name)) if row.offset == old.offset else row for row in file.sections]
    at = file.header.sections_at
    body[at : at + file.header.section_size * len(sections)] = file.pack_sections(sections)
    return _with_build_id(bytes(body))


def _with_build_id(data: bytes) -> bytes:
    """Return a file whose build id is the hash of everything else in it, as linkers make it."""
    start, end = build_id_place(data)
    blank = data[:start] + bytes(end - start) + data[end:]
    return data[:start] + hashlib.sha1(blank, usedforsecurity=False).digest()[: end - start] + data[end:]
