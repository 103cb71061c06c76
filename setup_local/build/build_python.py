"""The build Python: a plain CPython of the same version for the build host, needed in a cross build.

It generates code, installs pip and compiles bytecode (CPython's `--with-build-python`). It is free-threaded if the
target's CPython is, because that one's library is in another place (`lib/python3.13t`). Nothing of it is shipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup_local.build.library_steps import build_library_steps
from setup_local.build.step_parts import GraphInputs, Toolkit, library_step, pins, unpacked
from setup_local.build.steps import Job, Runner, Step
from setup_local.build.workspace import merge_trees
from setup_local.catalog.cpython import BuildPython
from setup_local.plan.model import Plan

STEP = "build-python"
PREFIX = Path("build-python")


def build_python_needs(plan: Plan) -> tuple[str, ...]:
    """Return the name of the step that builds the build Python, if the plan has one."""
    return (STEP,) if plan.build_python else ()


def build_python_steps(plan: Plan, native: Toolkit, inputs: GraphInputs) -> list[Step]:
    """Return the steps that build the build Python and its libraries, if the plan has one."""
    if plan.build_python is None:
        return []
    recipe, planned, deps = plan.build_python.recipe, plan.build_python.libraries, plan.deps
    source = inputs.sources[plan.python_source.identity]
    libraries = build_library_steps(planned, native, native, inputs.sources, are_native=True)
    names = [library_step(item.name, native=True) for item in planned]

    def action(job: Job) -> None:
        tree = unpacked(source, job.work)
        merge_trees([job.inputs[name] for name in names], tree / deps)
        compile_build_python(tree, deps, recipe, job.out, job.run, native.environment(job))

    ingredients = [recipe, deps, pins([source]), native.target.for_compiling]
    needs = (*native.names, *names)
    return [*libraries, Step(name=STEP, ingredients=ingredients, needs=needs, action=action, weight=100)]


def compile_build_python(
    tree: Path, deps: str, recipe: BuildPython, out: Path, run: Runner, env: Mapping[str, str]
) -> None:
    """Compile and install the build Python from an unpacked source tree; fill `out` with `bin/`, `lib/` and so on.

    `deps` is the directory of the libraries, relative to the tree. Raises `StepError`.
    """
    from setup_local.build.cpython import NO_BYTECODE

    settings = {name: value.format(deps=deps) for name, value in recipe.environment.items()}
    run(["./configure", f"--prefix=/{PREFIX}", *recipe.args], cwd=tree, env={**env, **settings})
    run(["make"], cwd=tree, env={**env, **settings})
    run(["make", "install", f"DESTDIR={tree / 'root'}", NO_BYTECODE], cwd=tree, env={**env, **settings})
    (tree / "root" / PREFIX).rename(out / PREFIX)
