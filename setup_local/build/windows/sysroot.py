"""Builds what programs for Windows are linked with: mingw-w64's runtime, import libraries, compiler-rt's builtins.

The result has `include/`, `lib/` and `licenses/`. Everything is compiled from sources and lists of exports; none of
the wheel's own libraries is linked.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from setup_local.build.ninja import Command, run_ninja
from setup_local.build.steps import Runner
from setup_local.build.windows.compiler import HEADERS, LIBRARIES, Compiler, object_name
from setup_local.build.windows.sdk import write_aliases
from setup_local.catalog.architectures import Architecture
from setup_local.catalog.toolchains import Builtins
from setup_local.catalog.windows import Imports, Runtime, WindowsCatalog, WindowsPort
from setup_local.errors import ToolchainError

LICENSE = "LICENSE.mingw-w64.txt"
BUILTINS = "libclang_rt.builtins.a"
_SIZES = re.compile(r"(?m)(?<=[A-Za-z0-9_])@\d+\b")


@dataclass(frozen=True, kw_only=True)
class Trees:
    """The unpacked sources: the kept parts of the wheel, and compiler-rt."""

    wheel: Path
    compiler_rt: Path


def build_windows_sysroot(
    compiler: Compiler, catalog: WindowsCatalog, arch: Architecture, builtins: Builtins, trees: Trees, run: Runner
) -> None:
    """Fill the compiler's sysroot. Raises `StepError`, and `ToolchainError` for a wheel that lacks a list of exports."""
    port, out = catalog.ports[arch.name], compiler.sysroot
    shutil.copytree(trees.wheel / catalog.headers, out / HEADERS)
    write_aliases(out / HEADERS, catalog.aliases)
    for name in (LIBRARIES, "licenses"):
        (out / name).mkdir()
    shutil.copyfile(trees.wheel / catalog.license, out / "licenses" / LICENSE)
    mingw = trees.wheel / catalog.mingw
    run_ninja(_runtime(compiler, catalog.runtime, port, mingw), mingw, run)
    _build_imports(compiler, catalog.imports, port, mingw, run)
    build_builtins(compiler, port, arch, builtins, trees.compiler_rt, run)


def build_builtins(
    compiler: Compiler,
    port: WindowsPort,
    arch: Architecture,
    builtins: Builtins,
    compiler_rt: Path,
    run: Runner,
    without: Sequence[str] = (),
) -> None:
    """Build the library of the functions that compiled code calls, from compiler-rt's unpacked source.

    `without` are patterns of sources that the target does not need.
    """
    named = (*builtins.sources_for(arch), *port.builtins)
    sources = [name for name in named if not any(fnmatchcase(name, pattern) for pattern in without)]
    flags = [flag for flag in builtins.cflags_for(arch) if flag != "-fPIC"]
    archive = compiler.sysroot / LIBRARIES / BUILTINS
    run_ninja(_library(compiler, sources, flags, archive), compiler_rt / "lib" / "builtins", run)


def _runtime(compiler: Compiler, runtime: Runtime, port: WindowsPort, mingw: Path) -> Iterator[Command]:
    """Yield the commands that make the start files and the static runtime."""
    libraries = compiler.sysroot / LIBRARIES
    for item in runtime.start:
        yield compiler.compile(item.source, str(libraries / item.name), (*runtime.cflags, *item.cflags))
    shared = _matching(mingw, runtime.sources) - _matching(mingw, runtime.without)
    sources = sorted(shared | _matching(mingw, port.runtime))
    yield from _library(compiler, sources, runtime.cflags, libraries / runtime.archive)


def _matching(mingw: Path, patterns: Iterable[str]) -> set[str]:
    """Return the files below mingw's directory that match a pattern, relative to it."""
    return {path.relative_to(mingw).as_posix() for pattern in patterns for path in mingw.glob(pattern)}


def _library(compiler: Compiler, sources: Sequence[str], flags: Sequence[str], archive: Path) -> Iterator[Command]:
    objects = {source: f"objects/{object_name(source)}" for source in sources}
    for source, target in objects.items():
        yield compiler.compile(source, target, flags)
    yield compiler.archive(objects.values(), str(archive))


def _build_imports(compiler: Compiler, imports: Imports, port: WindowsPort, mingw: Path, run: Runner) -> None:
    """Build import libraries from lists of exports; only ports with decorated names keep the sizes of arguments."""
    lists = {name: _definition(mingw, port.lists, name) for name in imports.names}
    definitions = {name: f"definitions/{name}.def" for name in lists}
    (mingw / "definitions").mkdir()
    run_ninja([_preprocessed(compiler, imports.flags, lists[name], definitions[name]) for name in lists], mingw, run)
    for path in () if port.decorated else definitions.values():
        text = (mingw / path).read_text(encoding="utf-8")
        (mingw / path).write_text(without_sizes(text), encoding="utf-8")
    libraries = compiler.sysroot / LIBRARIES
    commands = [
        compiler.import_library(definition, str(libraries / imports.library(name)))
        for name, definition in definitions.items()
    ]
    run_ninja(commands, mingw, run)


def _preprocessed(compiler: Compiler, flags: Sequence[str], listed: str, definition: str) -> Command:
    """Return the command that writes a list of exports in the form that the linker reads."""
    words = compiler.words(*flags, listed, "-o", definition)
    return Command(outputs=(definition,), inputs=(listed,), words=words)


def without_sizes(text: str) -> str:
    """Return a list of exports without the sizes of arguments, which only names on 32-bit x86 have (`send@16`)."""
    return _SIZES.sub("", text)


def _definition(mingw: Path, directories: Sequence[str], name: str) -> str:
    """Return the list of a DLL's exports, below mingw's directory."""
    for directory in directories:
        for suffix in (".def", ".def.in"):
            if (mingw / directory / f"{name}{suffix}").is_file():
                return f"{directory}/{name}{suffix}"
    raise ToolchainError(f"the wheel has no list of the exports of {name}", where=mingw)
