"""Builds CPython in its source tree with the planned `Setup.local`, and collects the results."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.build.library import PREFIX
from setup_local.build.optimized import check_flags, check_result
from setup_local.build.steps import Runner
from setup_local.catalog.cpython import Companion
from setup_local.errors import StepError
from setup_local.plan.model import PlannedConfigure

KEPT_FILES = ("Makefile", "pyconfig.h", "Modules/config.c", "Modules/Setup.local", "pybuilddir.txt", "python-gdb.py")

# What can be linked again.
OBJECTS = ("*.o", "*.a")

_CONFIGURATION = "pyconfig.h"
_DEFINED = re.compile(r"^#define (\w+) 1$", re.MULTILINE)

INSTALL_PIP = paths.DATA / "probe" / "install_pip.py"
# Bytecode is compiled later, reproducibly: with --help, compileall compiles nothing.
NO_BYTECODE = "COMPILEALL_OPTS=--help"

# Not the makefile's default goal: in an optimized build that would run the whole profiling cycle.
_PROGRAMS = "build_all"
PROGRAM = "python"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a patched CPython source tree is built: `Setup.local`, configuration and complete environment.

    `place_flags` keep the directories of the build machine out of the compiled code.
    """

    setup_local: str
    configure: PlannedConfigure
    env: Mapping[str, str]
    place_flags: tuple[str, ...] = ()

    @property
    def configure_env(self) -> dict[str, str]:
        """Return the environment of `configure`."""
        variables = self.configure.variables
        variables["CFLAGS_NODIST"] = " ".join([variables["CFLAGS_NODIST"], *self.place_flags])
        return {**self.env, **variables}


def compile_cpython(source: Path, recipe: Recipe, run: Runner) -> dict[str, str]:
    """Configure and compile a CPython source tree; return the environment that was used.

    Raises `StepError`, and `OptimizationError` if the result lacks what the options promise.
    """
    (source / "Modules" / "Setup.local").write_text(recipe.setup_local, encoding="utf-8")
    release = {"SOURCE_DATE_EPOCH": release_time(source)}
    env = {**recipe.env, **release}
    run(["./configure", *recipe.configure.args], cwd=source, env={**recipe.configure_env, **release})
    check_configuration(source, recipe.configure.confirmations)
    check_flags(source, recipe.configure.promises)
    run(["make", *_own_flags(recipe.configure), _PROGRAMS], cwd=source, env=env)
    check_result(source, recipe.configure.promises)
    if companion := recipe.configure.companion:
        run(
            ["make", *_own_flags(recipe.configure), f"INSTSONAME={companion.soname}", companion.goal],
            cwd=source,
            env=env,
        )
    return env


def check_configuration(source: Path, groups: Iterable[Sequence[str]]) -> None:
    """Raise `StepError` unless `configure` defined one macro of each group as 1: it may ignore unsupported options."""
    for names in groups:
        text = (source / _CONFIGURATION).read_text(encoding="utf-8")
        if set(_DEFINED.findall(text)).isdisjoint(names):
            raise StepError(
                f"configure did not define {' or '.join(names)}: an option had no effect", where=_CONFIGURATION
            )


def _own_flags(configure: PlannedConfigure) -> list[str]:
    """Return make's arguments that set flags for single programs."""
    unshipped, relayout = configure.unshipped, configure.relayout
    given = [_link_flags(goal, flags) for goal, flags in configure.links]
    if unshipped:
        given.append(f"--eval={' '.join(unshipped.programs)}: LDFLAGS_NODIST += {' '.join(unshipped.ldflags)}")
    if relayout:
        given.append(_link_flags(PROGRAM, relayout.ldflags))
    if configure.companion:
        given.append(_link_flags(configure.companion.goal, configure.companion.ldflags))
    return given


def _link_flags(goal: str, flags: Sequence[str]) -> str:
    """Return make's argument that sets flags for linking one goal; characters special to the shell are quoted."""
    words = " ".join(shlex.quote(flag) for flag in flags).replace("$", "$$")
    return f"--eval={goal}: private LDFLAGS_NODIST += {words}"


def install_cpython(
    source: Path,
    *,
    out: Path,
    run: Runner,
    env: Mapping[str, str],
    companion: Companion | None = None,
    build_python: str = "",
) -> None:
    """Install a compiled CPython source tree; fill `out` with `install/` and `build/`. Raises `StepError`.

    `companion` is the shared libpython, which the makefile itself does not install. `build_python` is the interpreter
    that installs pip if the compiled one does not run here, relative to the tree.
    """
    root = source.parent / "root"
    run(["make", "install", f"DESTDIR={root}", NO_BYTECODE], cwd=source, env=env)
    if build_python:
        run([build_python, "-s", "-E", "-W", "ignore", INSTALL_PIP, root, PREFIX], cwd=source, env=env)
    collect(source, root / "install", out)
    if companion:
        libraries = out / "install" / "lib"
        shutil.copy2(source / companion.soname, libraries / companion.soname)
        if companion.goal != companion.soname:
            (libraries / companion.goal).symlink_to(companion.soname)


def release_time(source: Path) -> str:
    """Return the release time of this CPython, in seconds since 1970, from its source archive.

    The interpreter shows it as its build time; Clang reads it from SOURCE_DATE_EPOCH
    (reproducible-builds.org), so that a build on another day gives the same result.
    """
    return str(int((source / "Include" / "patchlevel.h").stat().st_mtime))


def collect(source: Path, installed: Path, out: Path) -> None:
    """Move the installation to the result, and copy the objects, archives and other inputs of the link there."""
    if not installed.is_dir():
        raise StepError("make install installed nothing", where=installed)
    installed.rename(out / "install")
    objects = [path.relative_to(source) for pattern in OBJECTS for path in source.rglob(pattern)]
    if not objects:
        raise StepError("the build produced no object files", where=source)
    for name in [*sorted(objects), *map(Path, KEPT_FILES)]:
        (out / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, out / "build" / name)
