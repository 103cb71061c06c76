"""Builds CPython in its source tree with the planned `Setup.local`, and collects what was made."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from setup_local.build.steps import Runner
from setup_local.errors import StepError

KEPT_FILES = ("Makefile", "pyconfig.h", "Modules/config.c", "Modules/Setup.local", "pybuilddir.txt", "python-gdb.py")

# The bytecode is made later, reproducibly: asked for its help, compileall compiles nothing.
_NO_BYTECODE = "COMPILEALL_OPTS=--help"


def build_cpython(
    source: Path,
    *,
    setup_local: str,
    configure: Iterable[str],
    out: Path,
    env: Mapping[str, str],
    configure_env: Mapping[str, str],
    run: Runner,
) -> None:
    """Configure, build and install a CPython source tree; fill `out` with `install/` and `build/`.

    `configure_env` are the variables that only `configure` sees, on top of `env`. Raises `StepError`.
    """
    (source / "Modules" / "Setup.local").write_text(setup_local, encoding="utf-8")
    env = {**env, "SOURCE_DATE_EPOCH": release_time(source)}
    run(["./configure", *configure], cwd=source, env={**env, **configure_env})
    run(["make"], cwd=source, env=env)
    root = source.parent / "root"
    run(["make", "install", f"DESTDIR={root}", _NO_BYTECODE], cwd=source, env=env)
    collect(source, root / "install", out)


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
