"""The steps that build third-party libraries, one for each."""

from __future__ import annotations

from setup_local.build import library
from setup_local.build.debug_paths import debug_flags, tool_places
from setup_local.build.step_parts import Sources, environment, library_step, pins, unpacked
from setup_local.build.steps import Job, Step
from setup_local.build.workspace import merge_trees
from setup_local.plan.model import Plan, PlannedLibrary
from setup_local.values import without_level


def build_library_step(plan: Plan, planned: PlannedLibrary, base: tuple[str, str], sources: Sources) -> Step:
    """Return the step that builds one library, which takes what the libraries below it made."""
    taken = [sources[source.identity] for source in (planned.source, *planned.extra_sources)]

    def action(job: Job) -> None:
        trees = {item.source.name: unpacked(item, job.work) for item in taken}
        deps = merge_trees([path for name, path in job.inputs.items() if name not in base], job.work / "deps")
        cflags = [
            *plan.target.cflags,
            *plan.code.cflags,
            *debug_flags(tool_places(*(job.inputs[name] for name in base))),
        ]
        env = {**environment(plan, base, job), "CFLAGS": " ".join(cflags)}
        host = without_level(plan.target.triple)
        library.build_library(planned, trees, deps=deps, work=job.work, out=job.out, env=env, run=job.run, triple=host)

    chosen = planned.library
    return Step(
        name=library_step(planned.name),
        ingredients=[
            chosen.recipe,
            planned.patches,
            [item.source.identity for item in taken],
            pins(taken),
            plan.target,
            plan.code.cflags,
        ],
        needs=(*base, *map(library_step, _all_needs(planned, plan))),
        data=chosen.ingredients,
        action=action,
        weight=chosen.weight,
    )


def _all_needs(planned: PlannedLibrary, plan: Plan) -> list[str]:
    """Return all libraries below one, in build order: each links with what its own needs need."""
    by_name = {item.name: item for item in plan.libraries}
    below = {name for need in planned.library.needs for name in (need, *_all_needs(by_name[need], plan))}
    return [item.name for item in plan.libraries if item.name in below]
