"""The steps of a distribution for several processors: each half is built separately, then both are merged and packed.

A half is the result of the build steps before staging: so every file of the installation is written once, for all
processors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup_local import distribution
from setup_local.build import build_python
from setup_local.build.step_parts import Toolkit
from setup_local.build.steps import Job, Step
from setup_local.catalog.universal import Universal
from setup_local.plan.model import Plan

HALF = "half"
JOIN = "join"
_CPYTHON, _LIBRARIES = "cpython", "libraries"
# Left by the installation of pip; staging compiles all bytecode again.
_BYTECODE = frozenset({"__pycache__"})
# Of libraries: link-time files, run-time data, licences. Their headers are no longer needed.
_KEPT = ("lib", "share", "licenses")


def half_step(plan: Plan, built: tuple[str, ...], toolkit: Toolkit) -> Step:
    """Return the step that collects the results for one processor; it takes no space in the store."""

    def action(job: Job) -> None:
        from setup_local.stage import files

        results = distribution.built_results(plan, toolkit, job)
        files.place_tree(results.cpython, job.out / _CPYTHON, without=_BYTECODE)
        for name, prefix in results.libraries.items():
            for part in _KEPT:
                files.place_tree(prefix / part, job.out / _LIBRARIES / name / part)

    return Step(name=HALF, ingredients=plan.target, needs=built, action=action, weight=2)


def joining_steps(
    plan: Plan, recipe: Universal, halves: Mapping[str, Path], toolkit: Toolkit, *, jobs: int
) -> list[Step]:
    """Return the steps from the results of `half_step`, by triple, to the audited archive, the last one's result."""
    return [
        _join_step(recipe, halves),
        _stage_step(plan.for_staging, jobs),
        *distribution.steps_after_staging(plan, toolkit, jobs=jobs),
    ]


def _join_step(recipe: Universal, halves: Mapping[str, Path]) -> Step:
    trees = {recipe.halves[triple]: path for triple, path in halves.items()}

    def action(job: Job) -> None:
        from setup_local.stage.universal import join_trees

        join_trees(recipe, trees, job.out)

    # The name of a result's directory in the store contains the key.
    keys = [path.parent.name for path in halves.values()]
    return Step(name=JOIN, ingredients=[recipe, keys], action=action, weight=20)


def _stage_step(plan: Plan, jobs: int) -> Step:
    """Return the step that makes the staged tree from the merged halves."""

    def action(job: Job) -> None:
        from setup_local.stage.staged import write_record
        from setup_local.stage.tree import Results, stage_tree

        joined = job.inputs[JOIN]
        results = Results(
            cpython=joined / _CPYTHON,
            libraries={path.name: path for path in sorted((joined / _LIBRARIES).iterdir())},
            build_python=distribution.find_build_python(job),
        )
        write_record(stage_tree(plan, results, job.out, launcher=None, jobs=jobs), job.out)

    needs = (JOIN, *build_python.build_python_needs(plan))
    return Step(
        name=distribution.STAGE, ingredients=plan, needs=needs, data=distribution.STAGE_DATA, action=action, weight=25
    )
