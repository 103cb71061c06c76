"""A plan as a graph of build steps: toolchain, sysroot, each library, CPython."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from setup_local import fetch, paths
from setup_local.build import cpython, library, llvm, polyfill, sysroot, toolchain
from setup_local.build.debug_paths import debug_flags, source_place, tool_places
from setup_local.build.llvm import HostLlvm
from setup_local.build.patches import apply_patches
from setup_local.build.steps import Job, Step, files_digest
from setup_local.build.workspace import merge_trees
from setup_local.catalog.patches import patch_files
from setup_local.catalog.sources import Source
from setup_local.fetch import Obtained
from setup_local.plan.model import Plan, PlannedLibrary

CPYTHON = "cpython"
RECONCILE = "reconcile"
_SHARED_CODE = ("graph.py", "patches.py", "debug_paths.py")
_LIBRARY_CODE = tuple(Path(__file__).with_name(name) for name in (*_SHARED_CODE, "library.py"))
_CPYTHON_CODE = tuple(Path(__file__).with_name(name) for name in (*_SHARED_CODE, "cpython.py"))
_RECONCILE_CODE = (
    Path(__file__).with_name("cpython_tree.py"),
    *(paths.PACKAGE / "plan" / name for name in ("reconcile.py", "upstream.py", "setup_script.py")),
)

Sources = Mapping[str, Obtained]
Reconcile = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class GraphInputs:
    """What the graph is made of besides the plan.

    `sources` are the obtained sources by identity, `setup_local` the text of Setup.local, and
    `reconcile` raises `ReconcileError` for a CPython source tree that the plan does not fit. `host_llvm`
    is the host's compiler where the plan takes that one.
    """

    sources: Sources
    setup_local: str
    reconcile: Reconcile
    host_llvm: HostLlvm | None = None


def needed_sources(plan: Plan) -> tuple[Source, ...]:
    """Return every source that building a plan takes."""
    libraries = [source for item in plan.libraries for source in (item.source, *item.extra_sources)]
    return (*plan.toolchain_sources, plan.python_source, *libraries)


def library_step(name: str) -> str:
    """Return the name of the step that builds a library."""
    return f"library:{name}"


def build_steps(plan: Plan, inputs: GraphInputs) -> list[Step]:
    """Return the steps of a plan, each after what it needs: first toolchain and sysroot, last `cpython`."""
    compilers = _toolchain_step(plan, inputs)
    libc = _sysroot_step(plan, compilers)
    base = (compilers.name, libc.name)
    libraries = [_library_step(plan, item, base, inputs.sources) for item in plan.libraries]
    return [compilers, libc, _reconcile_step(plan, inputs), *libraries, _cpython_step(plan, base, inputs)]


def _pins(obtained: Iterable[Obtained]) -> list[str]:
    return [item.form.sha256 for item in obtained]


def _toolchain_step(plan: Plan, inputs: GraphInputs) -> Step:
    taken = {source.name: inputs.sources[source.identity] for source in plan.toolchain_sources}
    host = inputs.host_llvm

    def action(job: Job) -> None:
        with ThreadPoolExecutor() as pool:  # decompression leaves Python's lock alone
            unpacked = pool.map(lambda name: toolchain.unpack_source(taken[name], job.work / name), taken)
            trees = dict(zip(taken, unpacked, strict=True))
        programs = llvm.host_programs(host) if host else None
        toolchain.build_toolchain(trees["ziglang"], trees["compiler-rt"], job.out, job.run, host=programs)

    return Step(
        name=f"toolchain:{plan.toolchain}",
        ingredients=[_pins(taken.values()), files_digest(toolchain.INPUTS), host and host.identity],
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


def _environment(plan: Plan, base: tuple[str, str], job: Job) -> dict[str, str]:
    """Return the complete environment of a step that compiles for the target."""
    compilers, libc = (job.inputs[name] for name in base)
    return {**job.env, **toolchain.compile_environment(compilers, libc, plan.target, plan.floor)}


def _library_step(plan: Plan, planned: PlannedLibrary, base: tuple[str, str], sources: Sources) -> Step:
    taken = [sources[source.identity] for source in (planned.source, *planned.extra_sources)]

    def action(job: Job) -> None:
        trees = {item.source.name: (_unpacked(item, job.work), item.form.traits) for item in taken}
        deps = merge_trees([path for name, path in job.inputs.items() if name not in base], job.work / "deps")
        cflags = [*plan.target.cflags, *debug_flags(tool_places(*(job.inputs[name] for name in base)))]
        env = {**_environment(plan, base, job), "CFLAGS": " ".join(cflags)}
        library.build_library(
            planned, trees, deps=deps, work=job.work, out=job.out, env=env, run=job.run, triple=plan.target.triple
        )

    recipe = planned.library
    return Step(
        name=library_step(planned.name),
        ingredients=[recipe, _pins(taken), plan.target, files_digest([*_LIBRARY_CODE, *recipe.ingredients])],
        needs=(*base, *map(library_step, _all_needs(planned, plan))),
        action=action,
        weight=recipe.weight,
    )


def _all_needs(planned: PlannedLibrary, plan: Plan) -> list[str]:
    """Return all libraries below one, in build order: each links with what its own needs need."""
    by_name = {item.name: item for item in plan.libraries}
    below = {name for need in planned.library.needs for name in (need, *_all_needs(by_name[need], plan))}
    return [item.name for item in plan.libraries if item.name in below]


def _reconcile_step(plan: Plan, inputs: GraphInputs) -> Step:
    """Hold the plan against CPython's source before anything is compiled in vain; the result is empty."""
    source = inputs.sources[plan.python_source.identity]

    def action(job: Job) -> None:
        inputs.reconcile(_cpython_tree(plan, source, job.work))

    return Step(
        name=RECONCILE,
        ingredients=[
            plan.extensions,
            inputs.setup_local,
            _pins([source]),
            files_digest([*_RECONCILE_CODE, *patch_files(plan.python_patches)]),
        ],
        action=action,
        weight=5,
    )


def _cpython_step(plan: Plan, base: tuple[str, str], inputs: GraphInputs) -> Step:
    source = inputs.sources[plan.python_source.identity]
    libraries = [library_step(item.name) for item in plan.libraries]
    configured = [plan.configure, inputs.setup_local]
    return Step(
        name=CPYTHON,
        ingredients=[
            configured,
            _pins([source]),
            plan.target,
            files_digest([*_CPYTHON_CODE, *patch_files(plan.python_patches)]),
        ],
        needs=(*base, RECONCILE, *libraries),
        action=partial(_build_cpython, plan, base, inputs, source),
        weight=240,
    )


def _build_cpython(plan: Plan, base: tuple[str, str], inputs: GraphInputs, source: Obtained, job: Job) -> None:
    tree = _cpython_tree(plan, source, job.work)
    libraries = [path for name, path in job.inputs.items() if name not in (*base, RECONCILE)]
    merge_trees(libraries, tree / plan.deps)
    places = {tree: source_place(source.source), **tool_places(*(job.inputs[name] for name in base))}
    variables = plan.configure.variables
    variables["CFLAGS_NODIST"] = " ".join([variables["CFLAGS_NODIST"], *debug_flags(places)])
    cpython.build_cpython(
        tree,
        setup_local=inputs.setup_local,
        configure=plan.configure.args,
        out=job.out,
        env=_environment(plan, base, job),
        configure_env=variables,
        run=job.run,
    )


def _cpython_tree(plan: Plan, source: Obtained, work: Path) -> Path:
    """Unpack and patch CPython's source."""
    tree = _unpacked(source, work).rename(work / CPYTHON)
    apply_patches(tree, plan.python_patches, where=str(source.source.identity))
    return tree


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


def _unpacked(obtained: Obtained, work: Path) -> Path:
    into = work / "source" / obtained.source.name
    shutil.rmtree(into, ignore_errors=True)
    return fetch.unpack(obtained, into)
