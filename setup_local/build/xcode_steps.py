"""The steps of `--toolchain xcode`: compilers that start Xcode's programs, on Apple's SDK, and the tools for debug information."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from setup_local import fetch, paths
from setup_local.build.darwin import RUNTIME
from setup_local.build.library import normalize_archive
from setup_local.build.step_parts import GraphInputs, pins
from setup_local.build.steps import Job, Runner, Step
from setup_local.build.toolchain import Programs, compile_all, tool_environment, write_wrappers
from setup_local.build.xcode import COMPILER, MAKE, Xcode
from setup_local.catalog.targets import Target
from setup_local.catalog.toolkit import ToolkitRecipes
from setup_local.plan.model import Plan
from setup_local.render import render

# For libtool, which finds dsymutil by PATH; Clang starts the one next to itself. Only installed binaries need bundles.
_NO_BUNDLES = {"dsymutil": "true"}
# Apple's archiver and linker write the times of files unless this is set.
_WITHOUT_TIMES = "env ZERO_AR_DATE=1"
_TOOL = "tool.sh.j2"
_CONFIG = "clang-xcode.cfg.j2"
# Recipes call archivers with an option that Apple's does not know; their results are normalized in any case.
_ARCHIVER = "apple-ar.sh.j2"
_ARCHIVERS = ("ar", "llvm-ar")
_DATA = tuple(paths.TEMPLATES / name for name in ("compiler.sh.j2", _TOOL, _CONFIG, _ARCHIVER))


def toolchain_step(plan: Plan, target: Target, xcode: Xcode, sdk: str, inputs: GraphInputs) -> Step:
    """Return the step that makes the compilers for a target; `sdk` is the step that makes its SDK."""
    recipes = plan.recipes
    (compiler_rt,) = (
        inputs.sources[item.identity] for item in plan.toolchain_sources if item.name in recipes.xcode.keep
    )

    def action(job: Job) -> None:
        only = recipes.xcode.keep[compiler_rt.source.name]
        tree = fetch.unpack(compiler_rt, job.work / compiler_rt.source.name, only=only)
        build_toolchain(recipes, xcode, tree, target, job.inputs[sdk], job.out, job.run)

    return Step(
        name=f"toolchain:xcode-{target.arch.name}-darwin",
        ingredients=[
            pins([compiler_rt]),
            recipes.toolchain.resource_version,
            recipes.darwin.runtime,
            recipes.xcode,
            target.for_compiling,
            xcode.identity,
        ],
        needs=(sdk,),
        data=(*_DATA, xcode.headers),
        action=action,
        weight=10,
    )


def build_toolchain(
    recipes: ToolkitRecipes, xcode: Xcode, compiler_rt: Path, target: Target, sdk: Path, out: Path, run: Runner
) -> None:
    """Fill `out` with a toolchain of Xcode's programs; only the functions that the system lacks are compiled for it."""
    config = render(_CONFIG, {"resource_version": recipes.toolchain.resource_version})
    write_wrappers(programs(xcode), config, out)
    for name in _ARCHIVERS:
        text = render(_ARCHIVER, {"program": programs(xcode).tools["ar"]})
        (out / "bin" / name).write_text(text, encoding="utf-8")
    resource = out / "lib" / "clang" / recipes.toolchain.resource_version
    shutil.copytree(xcode.headers, resource / "include")
    sources = [compiler_rt / "lib" / "builtins" / name for name in recipes.darwin.runtime.sources]
    (resource / RUNTIME).parent.mkdir(parents=True)
    objects = out / ".objects"
    env = tool_environment(out, sdk)
    compile_all(sources, (*target.cflags, *recipes.darwin.runtime.cflags), objects, env, run)
    _archive(objects, resource / RUNTIME, env, run)
    shutil.rmtree(objects)
    (out / "licenses").mkdir()
    shutil.copyfile(compiler_rt / "LICENSE.TXT", out / "licenses" / "LICENSE.compiler-rt.txt")


def programs(xcode: Xcode) -> Programs:
    """Return an Xcode's programs, and GNU make, as the programs of a toolchain."""
    words = {name: f"{_WITHOUT_TIMES} {shlex.quote(str(path))}" for name, path in xcode.programs.items()}
    tools = {name: text for name, text in words.items() if name != COMPILER}
    make = {MAKE: shlex.quote(str(xcode.make))}
    return Programs(compiler=words[COMPILER], tools={**tools, **make, **_NO_BUNDLES}, headers=xcode.headers)


def _archive(objects: Path, target: Path, env: Mapping[str, str], run: Runner) -> None:
    """Make a static library from all objects in a directory; Apple's archiver has no option to leave times out."""
    run(["ar", "rcs", target, *sorted(path.name for path in objects.glob("*.o"))], cwd=objects, env=env)
    normalize_archive(target, where=target.name)


def normalize_archives(result: Path) -> None:
    """Set times, owners and modes in the static libraries of a build of CPython to fixed values.

    The files are replaced, because their other names, in the previous step's result, keep their content.
    """
    for path in sorted(result.rglob("*.a")):
        if not path.is_symlink():
            data = path.read_bytes()
            path.unlink()
            path.write_bytes(data)
            normalize_archive(path, where=path.name)


def dsym_tools_step(name: str, xcode: Xcode) -> Step:
    """Return the step that provides Xcode's tools for debug information under the names of LLVM's."""

    def action(job: Job) -> None:
        (job.out / "bin").mkdir()
        for tool, path in xcode.dsym.items():
            text = render(_TOOL, {"program": shlex.quote(str(path))})
            (job.out / "bin" / tool).write_text(text, encoding="utf-8")
            (job.out / "bin" / tool).chmod(0o755)

    return Step(name=name, ingredients=xcode.identity, data=(paths.TEMPLATES / _TOOL,), action=action, weight=1)
