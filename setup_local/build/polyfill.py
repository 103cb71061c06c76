"""Compiles the functions that a floor lacks into one archive of hidden symbols."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup_local import paths
from setup_local.build.steps import Runner
from setup_local.build.toolchain import archive
from setup_local.catalog.architectures import Architecture
from setup_local.catalog.toolchains import SysrootCatalog

SOURCES = paths.DATA / "polyfill"
ARCHIVE = "libsetup_local_polyfill.a"


def build_polyfill(
    catalog: SysrootCatalog,
    floor: str,
    arch: Architecture,
    library: Path,
    scratch: Path,
    env: Mapping[str, str],
    run: Runner,
) -> None:
    """Write the polyfill of a floor to `library`: one object for each function, so that only used ones are linked."""
    scratch.mkdir()
    for name, source in catalog.polyfills_for(floor, arch):
        flags = [*catalog.polyfill.cflags, f"-DPOLYFILL_{name}"]
        run(["clang", *flags, "-c", str(SOURCES / source), "-o", f"{name}.o"], cwd=scratch, env=env)
    archive(scratch, library / ARCHIVE, env, run)
