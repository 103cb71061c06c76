"""Checks that an optimized build for macOS is optimized, as `optimized` does for ELF files.

Mach-O files have no section for hot code. But the compiler marks each function that never ran in the profile as cold
(`N_COLD_FUNC`); without a profile it marks only those that the source marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from setup_local.binfmt.macho import Macho, read_slices
from setup_local.build.optimized import LOOP, check_flags, check_lto
from setup_local.errors import OptimizationError
from setup_local.values import BuildOption

_OBJECTS = "Python/*.o"


def check_result(result: Path, program: str, options: Sequence[BuildOption]) -> None:
    """Raise `OptimizationError` unless flags, objects and interpreter of a build show the requested options."""
    build = result / "build"
    check_flags(build, options)
    if BuildOption.LTO in options:
        (image,) = read_slices((result / "install" / "bin" / program).read_bytes())
        check_program(image, where=program)
    if BuildOption.PGO in options:
        images = {path.name: read_slices(path.read_bytes())[0] for path in sorted(build.glob(_OBJECTS))}
        check_objects(images)


def check_program(image: Macho, *, where: str) -> None:
    """Raise `OptimizationError` unless a program was linked by the link-time optimizer."""
    check_lto(image.lto_functions, where=where)


def check_objects(images: dict[str, Macho]) -> None:
    """Raise `OptimizationError` unless the object with the interpreter's loop was compiled with a profile."""
    name, image = next(((name, image) for name, image in images.items() if LOOP in image.symbols.functions), ("", None))
    if image is None:
        raise OptimizationError(f"no object defines {LOOP}", where=_OBJECTS)
    if not image.profiled(LOOP):
        raise OptimizationError(
            f"was compiled without the profile: {LOOP} is not distinguished from functions that never ran", where=name
        )
    for counting, other in images.items():
        if other.counters:
            raise OptimizationError(f"contains counters, in {', '.join(sorted(other.counters))}", where=counting)
