"""Builds CPython in its source tree with the planned `Setup.local`, and collects what was made."""

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

_CONFIGURATION = "pyconfig.h"
_DEFINED = re.compile(r"^#define (\w+) 1$", re.MULTILINE)

INSTALL_PIP = paths.DATA / "probe" / "install_pip.py"
# The bytecode is made later, reproducibly: asked for its help, compileall compiles nothing.
NO_BYTECODE = "COMPILEALL_OPTS=--help"

# Not the makefile's default: in an optimized build that is a whole cycle of its own.
_PROGRAMS = "build_all"
PROGRAM = "python"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a patched CPython source tree is built: `Setup.local`, configuration and complete environment.

    `place_flags` keep the directories of the build machine out of what is compiled.
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
    """Configure and compile a CPython source tree; return the environment it was done in.

    Raises `StepError`, and `OptimizationError` if the result is not what the options promise.
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
    """Raise `StepError` unless `configure` has defined one macro of each group as 1: it may ignore what it cannot do."""
    for names in groups:
        text = (source / _CONFIGURATION).read_text(encoding="utf-8")
        if set(_DEFINED.findall(text)).isdisjoint(names):
            raise StepError(
                f"configure has not defined {' or '.join(names)}: an option had no effect", where=_CONFIGURATION
            )


def _own_flags(configure: PlannedConfigure) -> list[str]:
    """Return make's arguments that give single programs flags of their own."""
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
    """Return make's argument that gives the link of one goal flags of its own; what is the shell's in them is quoted."""
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

    `companion` is the shared libpython that the makefile itself does not install. `build_python` is the interpreter that
    installs pip where the compiled one does not run here, seen from the tree.
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
    """Return when this CPython was released, in seconds since 1970, as its source archive says.

    The interpreter shows it as its build time; Clang takes it from SOURCE_DATE_EPOCH
    (reproducible-builds.org), so that a build of another day is the same.
    """
    return str(int((source / "Include" / "patchlevel.h").stat().st_mtime))


def collect(source: Path, installed: Path, out: Path) -> None:
    """Move the installation, and copy the objects, archives and inputs of the link, to the result."""
    if not installed.is_dir():
        raise StepError("make install left nothing", where=installed)
    installed.rename(out / "install")
    objects = [path.relative_to(source) for pattern in ("*.o", "*.a") for path in source.rglob(pattern)]
    if not objects:
        raise StepError("the build left no object files", where=source)
    for name in [*sorted(objects), *map(Path, KEPT_FILES)]:
        (out / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, out / "build" / name)
