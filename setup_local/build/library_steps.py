"""The steps that build third-party libraries, one for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from setup_local.build import library
from setup_local.build.debug_paths import debug_flags, tool_places
from setup_local.build.step_parts import Sources, Toolkit, library_step, pins, unpacked
from setup_local.build.steps import Job, Step
from setup_local.build.workspace import merge_trees
from setup_local.plan.model import PlannedLibrary


def build_library_steps(
    libraries: Sequence[PlannedLibrary],
    toolkit: Toolkit,
    native: Toolkit,
    sources: Sources,
    *,
    code: tuple[str, ...] = (),
    are_native: bool = False,
) -> list[Step]:
    """Return the steps that build libraries with a toolkit, each after its dependencies.

    `native` is the toolkit for programs that run during the build. `code` are flags for all code in addition to the
    target's. `are_native` means that the libraries are for programs that run during the build.
    """
    return [
        _library_step(planned, _below(planned, libraries, are_native), toolkit, native, sources, code, are_native)
        for planned in libraries
    ]


def _library_step(
    planned: PlannedLibrary,
    below: tuple[str, ...],
    toolkit: Toolkit,
    native: Toolkit,
    sources: Sources,
    code: tuple[str, ...],
    is_native: bool,  # noqa: FBT001
) -> Step:
    """Return the step that builds one library from the results of the steps `below`."""
    taken = [sources[source.identity] for source in (planned.source, *planned.extra_sources)]

    def action(job: Job) -> None:
        trees = {item.source.name: unpacked(item, job.work) for item in taken}
        machines = library.Machines(
            target=toolkit.target,
            build=native.target.system,
            build_compiler=native.compiler(job) if native != toolkit else "",
        )
        deps = merge_trees([job.inputs[name] for name in below], job.work / "deps")
        places = library.Places(deps=deps, work=job.work, out=job.out)
        library.build_library(planned, trees, machines, places, env=_environment(toolkit, code, job), run=job.run)

    chosen = planned.library
    return Step(
        name=library_step(planned.name, native=is_native),
        ingredients=[
            chosen.recipe,
            planned.patches,
            [item.source.identity for item in taken],
            pins(taken),
            toolkit.target.for_compiling,
            library.words_of(chosen, toolkit.target),
            code,
        ],
        needs=tuple(dict.fromkeys((*toolkit.names, *native.names, *below))),
        data=chosen.files,
        action=action,
        weight=chosen.weight,
    )


def _environment(toolkit: Toolkit, code: tuple[str, ...], job: Job) -> dict[str, str]:
    """Return the environment in which a library is compiled."""
    places = debug_flags(tool_places(*(job.inputs[name] for name in toolkit.names)))
    return {**toolkit.environment(job), "CFLAGS": " ".join((*toolkit.target.cflags, *code, *places))}


def _below(planned: PlannedLibrary, libraries: Sequence[PlannedLibrary], are_native: bool) -> tuple[str, ...]:  # noqa: FBT001
    """Return the steps of all direct and indirect dependencies of a library, in build order."""
    by_name = {item.name: item for item in libraries}
    wanted = set(_all_needs(planned, by_name))
    return tuple(library_step(item.name, native=are_native) for item in libraries if item.name in wanted)


def _all_needs(planned: PlannedLibrary, by_name: Mapping[str, PlannedLibrary]) -> Iterator[str]:
    for need in planned.library.needs:
        yield need
        yield from _all_needs(by_name[need], by_name)
