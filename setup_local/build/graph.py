"""A plan as a graph of build steps: toolchain, sysroot, each library, CPython."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setup_local.build import library, llvm, polyfill, sysroot, toolchain
from setup_local.build.cpython_steps import cpython_step, llvm_tools_steps, profile_steps, reconcile_step
from setup_local.build.debug_paths import debug_flags, tool_places
from setup_local.build.step_parts import GraphInputs, Sources, code, environment, library_step, pins, unpacked
from setup_local.build.steps import Job, Step, files_digest
from setup_local.build.workspace import merge_trees
from setup_local.catalog.sources import Source
from setup_local.plan.model import Plan, PlannedLibrary

_LIBRARY_CODE = code("graph.py", "library.py")


def needed_sources(plan: Plan) -> tuple[Source, ...]:
    """Return every source that building a plan takes."""
    libraries = [source for item in plan.libraries for source in (item.source, *item.extra_sources)]
    tools = plan.profiling.tools if plan.profiling else ()
    return (*plan.toolchain_sources, *tools, plan.python_source, *libraries)


def build_steps(plan: Plan, inputs: GraphInputs) -> list[Step]:
    """Return the steps of a plan, each after what it needs: first toolchain and sysroot, last `cpython`."""
    compilers = _toolchain_step(plan, inputs)
    libc = _sysroot_step(plan, compilers)
    base = (compilers.name, libc.name)
    libraries = [_library_step(plan, item, base, inputs.sources) for item in plan.libraries]
    profile = [*llvm_tools_steps(plan, base, inputs), *profile_steps(plan, base, inputs)]
    return [compilers, libc, reconcile_step(plan, inputs), *libraries, *profile, cpython_step(plan, base, inputs)]


def _toolchain_step(plan: Plan, inputs: GraphInputs) -> Step:
    taken = {source.name: inputs.sources[source.identity] for source in plan.toolchain_sources}
    host = inputs.host_llvm

    def action(job: Job) -> None:
        with ThreadPoolExecutor() as pool:  # decompression leaves Python's lock alone
            found = pool.map(lambda name: toolchain.unpack_source(taken[name], job.work / name), taken)
            trees = dict(zip(taken, found, strict=True))
        programs = llvm.host_programs(host) if host else None
        toolchain.build_toolchain(trees["ziglang"], trees["compiler-rt"], job.out, job.run, host=programs)

    return Step(
        name=f"toolchain:{plan.toolchain}",
        ingredients=[pins(taken.values()), files_digest(toolchain.INPUTS), host and host.identity],
        action=action,
        weight=40,
    )


def _sysroot_step(plan: Plan, compilers: Step) -> Step:
    def action(job: Job) -> None:
        sysroot.build_sysroot(job.inputs[compilers.name], plan.floor, job.out, job.run)

    return Step(
        name=f"sysroot:{plan.target.libc.value}-{plan.floor}",
        ingredients=[plan.target, plan.floor, files_digest(sysroot.INPUTS)],
        needs=(compilers.name,),
        action=action,
        weight=15,
    )


def _library_step(plan: Plan, planned: PlannedLibrary, base: tuple[str, str], sources: Sources) -> Step:
    taken = [sources[source.identity] for source in (planned.source, *planned.extra_sources)]

    def action(job: Job) -> None:
        trees = {item.source.name: (unpacked(item, job.work), item.form.traits) for item in taken}
        deps = merge_trees([path for name, path in job.inputs.items() if name not in base], job.work / "deps")
        cflags = [*plan.target.cflags, *debug_flags(tool_places(*(job.inputs[name] for name in base)))]
        env = {**environment(plan, base, job), "CFLAGS": " ".join(cflags)}
        library.build_library(
            planned, trees, deps=deps, work=job.work, out=job.out, env=env, run=job.run, triple=plan.target.triple
        )

    recipe = planned.library
    return Step(
        name=library_step(planned.name),
        ingredients=[recipe, pins(taken), plan.target, files_digest([*_LIBRARY_CODE, *recipe.ingredients])],
        needs=(*base, *map(library_step, _all_needs(planned, plan))),
        action=action,
        weight=recipe.weight,
    )


def _all_needs(planned: PlannedLibrary, plan: Plan) -> list[str]:
    """Return all libraries below one, in build order: each links with what its own needs need."""
    by_name = {item.name: item for item in plan.libraries}
    below = {name for need in planned.library.needs for name in (need, *_all_needs(by_name[need], plan))}
    return [item.name for item in plan.libraries if item.name in below]


def runtime_support(compilers: Path, libc: Path, into: Path) -> dict[str, Path]:
    """Return what every program links besides libraries, laid out as libraries are: `lib/*.a`, `licenses/`."""
    (builtins,) = compilers.glob("lib/clang/*/lib/linux/libclang_rt.builtins-*.a")
    pieces = {
        "compiler-rt": (builtins, compilers / "licenses" / "LICENSE.compiler-rt.txt"),
        "polyfill": (libc / "usr" / "lib" / polyfill.ARCHIVE, polyfill.SOURCES / "LICENSE.txt"),
    }
    for name, (archive, text) in pieces.items():
        for place, file in (("lib", archive), ("licenses", text)):
            (into / name / place).mkdir(parents=True)
            shutil.copyfile(file, into / name / place / file.name)
    return {name: into / name for name in pieces}
