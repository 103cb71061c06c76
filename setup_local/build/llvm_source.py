"""Builds LLVM's tools from LLVM's source with the C++ compiler of the wheel, for hosts without suitable packages.

The programs are static and for musl, whose C++ library is in the wheel: they need nothing from the host. LLVM
libraries in other projects' wheels are unusable for that: they are compiled against another C++ library, which the
host would have to provide.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.steps import Runner
from setup_local.build.toolchain import SYSTEM_PATH, archive
from setup_local.catalog.llvm_tools import ToolSource
from setup_local.errors import ToolchainError
from setup_local.render import render

# Each program is started once in this environment.
TRIAL = {"PATH": SYSTEM_PATH, "LC_ALL": "C"}

# One file of each source, which identifies it as the expected one.
_MARKS = {
    "llvm": "llvm/CMakeLists.txt",
    "bolt": "CMakeLists.txt",
    "ziglang": "zig",
    "cmake": "bin/cmake",
    "zlib": "zlib.h",
}
_COMPILERS = ("cc", "c++")
# CMake prefers those with LLVM's names, and would use the host's.
_ARCHIVERS = {"ar": "ar", "ranlib": "ranlib", "llvm-ar": "ar", "llvm-ranlib": "ranlib"}


@dataclass(frozen=True, kw_only=True)
class SourceTrees:
    """The unpacked sources: LLVM, the wheels with the compiler and with CMake, zlib; BOLT if there is a layout."""

    llvm: Path
    ziglang: Path
    cmake: Path
    zlib: Path
    bolt: Path | None = None


def source_trees(recipe: ToolSource, trees: Mapping[str, Path]) -> SourceTrees:
    """Return the trees of the recipe's sources; raise `ToolchainError` for an unexpected one."""
    for name in recipe.sources:
        if not (trees[name] / _MARKS[name]).is_file():
            raise ToolchainError(f"the source {name} has unexpected contents: {_MARKS[name]} is missing")
    return SourceTrees(**{name: trees[name] for name in recipe.sources})


def build_from_source(recipe: ToolSource, trees: SourceTrees, out: Path, run: Runner, env: Mapping[str, str]) -> None:
    """Fill `out` with the recipe's programs and files, and start each program once; of `env`, only make's flags count.

    Raises `StepError` when CMake, a compiler or a finished program fails.
    """
    scratch = out / ".scratch"
    build, wrappers = scratch / "build", scratch / "bin"
    write_wrappers(recipe, trees.ziglang / "zig", wrappers)
    tools = _environment(wrappers, scratch / "cache", env)
    zlib = _build_zlib(recipe, trees.zlib, scratch / "zlib", tools, run)
    cmake = trees.cmake / "bin" / "cmake"
    cmake.chmod(0o755)
    run([cmake, *cmake_words(recipe, trees, build, wrappers, zlib)], cwd=scratch, env=tools)
    run(["make", *recipe.programs, *recipe.goals.values()], cwd=build, env=tools)
    (out / "bin").mkdir()
    (out / "lib").mkdir()
    for name in recipe.programs:
        shutil.copy(build / "bin" / name, out / "bin" / name)
        run([out / "bin" / name, "--version"], cwd=out, env=TRIAL)
    for name, file in recipe.files.items():
        shutil.copyfile(build / file, out / "lib" / name)
    shutil.rmtree(scratch)


def write_wrappers(recipe: ToolSource, zig: Path, place: Path) -> None:
    """Write the compilers and archivers as programs with one-word names: CMake accepts no others."""
    zig.chmod(0o755)
    place.mkdir(parents=True)
    patterns = "|".join(f"*/{place}*" for place in recipe.optimized)
    optimizing = {"patterns": patterns, "flags": shlex.join(recipe.optimizing)}
    for name in _COMPILERS:
        program = shlex.join([str(zig), name, "-target", recipe.target])
        _write_script(place / name, render("optimizing-tool.sh.j2", {"program": program, **optimizing}))
    for name, command in _ARCHIVERS.items():
        _write_script(place / name, render("tool.sh.j2", {"program": shlex.join([str(zig), command])}))


def _write_script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _environment(wrappers: Path, cache: Path, env: Mapping[str, str]) -> dict[str, str]:
    flags = {"MAKEFLAGS": env["MAKEFLAGS"]} if "MAKEFLAGS" in env else {}
    return {
        "PATH": f"{wrappers}:{SYSTEM_PATH}",
        "LC_ALL": "C",
        "HOME": "/nonexistent",
        "ZIG_GLOBAL_CACHE_DIR": str(cache),
        "ZIG_LOCAL_CACHE_DIR": str(cache),
        **flags,
    }


def _build_zlib(recipe: ToolSource, source: Path, place: Path, env: Mapping[str, str], run: Runner) -> Path:
    """Build a static zlib; return the directory of library and headers."""
    objects = place / "objects"
    objects.mkdir(parents=True)
    run(["cc", "-O2", "-g0", "-c", *(source / name for name in recipe.zlib)], cwd=objects, env=env)
    archive(objects, place / "libz.a", env, run)
    for name in ("zlib.h", "zconf.h"):
        shutil.copyfile(source / name, place / name)
    return place


def cmake_words(recipe: ToolSource, trees: SourceTrees, build: Path, wrappers: Path, zlib: Path) -> list[str]:
    """Return the arguments of CMake. It writes makefiles, as GNU make shares the job slots of all steps."""
    places: dict[str, object] = {
        "CMAKE_C_COMPILER": wrappers / "cc",
        "CMAKE_CXX_COMPILER": wrappers / "c++",
        "CMAKE_AR": wrappers / "ar",
        "CMAKE_RANLIB": wrappers / "ranlib",
        "Python3_EXECUTABLE": sys.executable,
        "ZLIB_LIBRARY": zlib / "libz.a",
        "ZLIB_INCLUDE_DIR": zlib,
    }
    if trees.bolt:
        places |= {"LLVM_EXTERNAL_PROJECTS": "bolt", "LLVM_EXTERNAL_BOLT_SOURCE_DIR": trees.bolt}
    settings = {**recipe.settings, **places}
    words = ["-G", "Unix Makefiles", "-S", str(trees.llvm / "llvm"), "-B", str(build)]
    return [*words, *(f"-D{name}={value}" for name, value in settings.items())]
