"""Builds a C++ standard library for other software: one static library, its headers, and a compiler that finds both.

The result is relocatable: `bin/clang++` (a wrapper), `cxx.cfg`, `include/`, `lib/`, `licenses/`. It is not part of any
distribution.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from setup_local import fetch, paths
from setup_local.build.step_parts import Toolkit, pins
from setup_local.build.steps import Job, Runner, Step
from setup_local.build.toolchain import archive
from setup_local.catalog.cxx import CxxCatalog, Part
from setup_local.catalog.targets import Target
from setup_local.errors import ToolchainError
from setup_local.fetch import Obtained
from setup_local.render import render
from setup_local.values import Libc

COMPILERS_VARIABLE = "SETUP_LOCAL_COMPILERS"
ARCHIVE = "libc++.a"
_TEMPLATES = ("cxx.cfg.j2", "cxx-compiler.sh.j2")
_COMPILERS = {".cpp": "clang++", ".c": "clang", ".S": "clang"}


def cxx_step(catalog: CxxCatalog, toolkit: Toolkit, wheel: Obtained) -> Step:
    """Return the step that builds the library for a toolkit's target from the compiler's wheel."""

    def action(job: Job) -> None:
        tree = fetch.unpack(wheel, job.work / "wheel", only=catalog.keep)
        build_cxx(catalog, tree, toolkit.target, job.out, job.work, job.run, toolkit.environment(job))

    return Step(
        name=f"cxx:{toolkit.libc.partition(':')[2]}",
        ingredients=[catalog, toolkit.target.for_compiling, pins([wheel])],
        needs=toolkit.names,
        data=tuple(paths.TEMPLATES / name for name in _TEMPLATES),
        action=action,
        weight=60,
    )


def build_cxx(
    catalog: CxxCatalog, tree: Path, target: Target, out: Path, work: Path, run: Runner, env: Mapping[str, str]
) -> None:
    """Fill `out`; `tree` is the unpacked wheel. Raises `ToolchainError` for an unexpected wheel, `StepError`."""
    defines = [*catalog.defines, f"_LIBCPP_HAS_MUSL_LIBC={int(target.libc is Libc.MUSL)}"]
    own = ["-nostdinc++", *(word for place in catalog.headers for word in ("-isystem", str(tree / place)))]
    objects = work / "objects"
    objects.mkdir()
    for part, more in ((catalog.library, [*own, *(f"-D{define}" for define in defines)]), (catalog.unwinder, [])):
        flags = [*target.cflags, *part.cflags, *more, f"-ffile-prefix-map={tree}=."]
        flags += [f"-I{tree / place}" for place in part.includes]
        for source in sources_of(part, tree):
            name = source.relative_to(tree).as_posix().replace("/", "-")
            run([_COMPILERS[source.suffix], *flags, "-c", source, "-o", f"{name}.o"], cwd=objects, env=env)
    (out / "lib").mkdir()
    archive(objects, out / "lib" / ARCHIVE, env, run)
    _place_headers(catalog, tree, out, defines)


def sources_of(part: Part, tree: Path) -> Iterator[Path]:
    """Yield the sources of a part, by name; raise `ToolchainError` for a pattern that matches nothing."""
    left_out = {tree / name for name in part.leave_out}
    for pattern in part.sources:
        found = sorted(set(tree.glob(pattern)) - left_out)
        if not found:
            raise ToolchainError("the C++ library's source has unexpected contents: this is missing", where=pattern)
        yield from found


def _place_headers(catalog: CxxCatalog, tree: Path, out: Path, defines: list[str]) -> None:
    """Write the headers that programs using the library need."""
    places = {place: f"include/{Path(place).parent.name}" for place in catalog.headers}
    for place, own in places.items():
        shutil.copytree(tree / place, out / own)
    values = {"headers": [*places.values()], "defines": defines, "archive": ARCHIVE, "links": catalog.links}
    (out / "cxx.cfg").write_text(render("cxx.cfg.j2", values), encoding="utf-8")
    compiler = out / "bin" / "clang++"
    compiler.parent.mkdir()
    compiler.write_text(render("cxx-compiler.sh.j2", {"variable": COMPILERS_VARIABLE}), encoding="utf-8")
    compiler.chmod(0o755)
    (out / "licenses").mkdir()
    shutil.copyfile(tree / catalog.license, out / "licenses" / "LICENSE.libcxx.txt")
