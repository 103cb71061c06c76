"""Checks that an optimized build is optimized: neither `configure` nor a compiler may silently drop an option.

CPython's `configure` decides by the compiler's file name: with an unexpected name, it accepts `--with-lto` and
`--enable-optimizations` and does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from setup_local.binfmt.elf import HOT, Elf, read_elf
from setup_local.build import makefile
from setup_local.errors import OptimizationError
from setup_local.values import BuildOption

# The interpreter's loop: the hottest function of every profile.
LOOP = "_PyEval_EvalFrameDefault"

_MAKEFILE = "Makefile"
_FLAGS: Mapping[BuildOption, Sequence[tuple[str, tuple[str, ...]]]] = {
    BuildOption.PGO: (("PY_CFLAGS_NODIST", ("-fprofile-use=", "-fprofile-instr-use=")),),
    BuildOption.LTO: (("PY_CFLAGS_NODIST", ("-flto",)), ("PY_LDFLAGS_NODIST", ("-flto",))),
}


def check_flags(source: Path, options: Sequence[BuildOption]) -> None:
    """Raise `OptimizationError` unless a configured tree's compile and link flags match the requested options."""
    variables = _variables(source)
    for option in options:
        for name, beginnings in _FLAGS[option]:
            if not any(word.startswith(beginnings) for word in makefile.words(name, variables)):
                wanted = " or ".join(beginnings)
                raise OptimizationError(
                    f"{name} has no {wanted}: configure ignored the option {option.value}", where=_MAKEFILE
                )


def check_result(source: Path, options: Sequence[BuildOption]) -> None:
    """Raise `OptimizationError` unless the objects, and the interpreter or its libpython, show the requested options.

    Without requested options, as in an instrumented build, nothing is checked.
    """
    if not options:
        return
    variables = _variables(source)
    shared = makefile.words("PY_ENABLE_SHARED", variables) == ("1",)
    (program,) = makefile.words("INSTSONAME" if shared else "BUILDPYTHON", variables)
    check_program(read_elf((source / program).read_bytes()), options, where=program)
    if BuildOption.LTO in options:
        for name in makefile.words("LIBRARY_OBJS", variables):
            if not (source / name).with_suffix(".S").exists():
                _check_object(read_elf((source / name).read_bytes()), where=name)


def _variables(source: Path) -> dict[str, str]:
    return makefile.variables((source / _MAKEFILE).read_text(encoding="utf-8"))


def check_program(elf: Elf, options: Sequence[BuildOption], *, where: str) -> None:
    """Raise `OptimizationError` unless the interpreter shows that it was optimized."""
    if elf.counters:
        raise OptimizationError(f"still contains counters, in {', '.join(sorted(elf.counters))}", where=where)
    if BuildOption.PGO in options and LOOP not in elf.symbols.hot:
        raise OptimizationError(f"was compiled without the profile: {LOOP} is not in {HOT}", where=where)
    if BuildOption.LTO in options:
        check_lto(elf.lto_functions, where=where)


def check_lto(functions: frozenset[str], *, where: str) -> None:
    """Raise `OptimizationError` for a program that has no `functions` with names that only the link-time optimizer gives."""
    if not functions:
        raise OptimizationError(
            "was linked without the link-time optimizer: no function has a name of its", where=where
        )


def _check_object(elf: Elf, *, where: str) -> None:
    if not elf.bitcode:
        raise OptimizationError("was compiled without code for the link-time optimizer", where=where)
