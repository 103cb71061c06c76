"""Checks that an optimized build for Windows is optimized, as `build/optimized.py` does for ELF files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from setup_local.binfmt.coff import HOT, Coff, read_coff
from setup_local.binfmt.detect import HEAD, FileKind, detect
from setup_local.binfmt.linker_map import LinkerMap, read_linker_map
from setup_local.build.optimized import LOOP, check_lto
from setup_local.build.windows.core import OBJECTS
from setup_local.build.windows.cpython import BITCODE, PRODUCTS
from setup_local.errors import OptimizationError
from setup_local.values import BuildOption

_C_OBJECTS = "*/*.c.o"
_MODULE = "/Modules_"  # part of the names of modules' objects


def check_result(tree: Path, options: Sequence[BuildOption]) -> None:
    """Raise `OptimizationError` unless the objects of a built tree show the requested options."""
    if BuildOption.PGO in options:
        check_objects(dict(_objects(tree / OBJECTS)))
    if BuildOption.LTO in options:
        _check_bitcode(tree)
    if options:
        (path,) = (tree / PRODUCTS).glob("*.map")
        check_linked(read_linker_map(path.read_bytes()), options, where=path.name)


def check_linked(found: LinkerMap, options: Sequence[BuildOption], *, where: str) -> None:
    """Raise `OptimizationError` unless the map of the interpreter's DLL shows that it was optimized."""
    if BuildOption.PGO in options and LOOP not in found.hot:
        raise OptimizationError(f"was linked without the profile: {LOOP} is not in {HOT}", where=where)
    if BuildOption.LTO in options:
        check_lto(found.lto_functions, where=where)


def _objects(directory: Path) -> Iterator[tuple[str, Coff]]:
    for path in sorted(directory.glob(_C_OBJECTS)):
        yield path.relative_to(directory.parent).as_posix(), read_coff(path.read_bytes())


def check_objects(images: dict[str, Coff]) -> None:
    """Raise `OptimizationError` unless the interpreter's loop and functions of modules are in hot code, and nothing counts."""
    name, image = next(((name, image) for name, image in images.items() if LOOP in image.symbols.functions), ("", None))
    if image is None:
        raise OptimizationError(f"no object defines {LOOP}", where=OBJECTS)
    if LOOP not in image.symbols.hot:
        raise OptimizationError(f"was compiled without the profile: {LOOP} is not in {HOT}", where=name)
    if not any(other.symbols.hot & other.symbols.locals for name, other in images.items() if _MODULE in name):
        raise OptimizationError("the profile names no static function of a module as these objects do", where=OBJECTS)
    for counting, other in images.items():
        if other.counters:
            raise OptimizationError(f"contains counters, in {', '.join(sorted(other.counters))}", where=counting)


def _check_bitcode(tree: Path) -> None:
    """Raise `OptimizationError` unless each C source is compiled twice: to machine code and to bitcode."""
    plain = {path.relative_to(tree / OBJECTS) for path in (tree / OBJECTS).glob(_C_OBJECTS)}
    found = sorted((tree / BITCODE).glob(_C_OBJECTS))
    if not found:
        raise OptimizationError("there are no objects for the link-time optimizer", where=BITCODE)
    for path in found:
        name = path.relative_to(tree / BITCODE)
        with path.open("rb") as file:
            kind = detect(file.read(HEAD))
        if kind is not FileKind.BITCODE:
            raise OptimizationError("was compiled without code for the link-time optimizer", where=f"{BITCODE}/{name}")
        if name not in plain:
            raise OptimizationError("exists only for the link-time optimizer", where=f"{BITCODE}/{name}")
