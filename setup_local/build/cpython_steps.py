"""The steps that lead to CPython: reconciliation, LLVM's tools, profile, CPython itself.

Modules that only a step's action needs are imported there: a build that has nothing to do never loads them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from setup_local import paths
from setup_local.build import build_python, llvm_tools, lto_linker, makefile, toolchain
from setup_local.build.debug_paths import debug_flags, source_place, tool_places
from setup_local.build.patches import apply_patches
from setup_local.build.step_parts import GraphInputs, Toolkit, library_step, pins, unpacked
from setup_local.build.steps import Job, Step
from setup_local.build.workspace import merge_trees
from setup_local.errors import StepError, ToolchainError
from setup_local.fetch import Obtained
from setup_local.plan.model import (
    BUILD_PYTHON,
    LAYOUT_FILE,
    LTO_LINKER,
    PROFILE_FILE,
    Plan,
    PlannedConfigure,
    PlannedProfiling,
)
from setup_local.plan.model import PROFILE as PROFILE_PLACE
from setup_local.values import WITHOUT_LAYOUT, Libc, OperatingSystem

if TYPE_CHECKING:
    from setup_local.build import cpython
    from setup_local.build.relayout import Layouter

CPYTHON = "cpython"
RECONCILE = "reconcile"
LLVM_TOOLS = "llvm-tools"
PROFILE = "profile"
SHARED = "shared-libraries"
# Data files for installing pip in a cross build and for finding musl's loader.
_CROSS_DATA = (paths.DATA / "probe" / "install_pip.py",)
_LOADER_DATA = (paths.TEMPLATES / "sysroot-musl.cfg.j2",)
_COMPILED_TOOLS_WEIGHT = 1500


def reconcile_step(plan: Plan, inputs: GraphInputs) -> Step:
    """Return the step that checks the plan against CPython's source before anything else is built; its result is empty."""
    source = inputs.sources[plan.python_source.identity]

    def action(job: Job) -> None:
        from setup_local.build.cpython_tree import refuse_disagreement

        refuse_disagreement(plan, _cpython_tree(plan, source, job.work))

    return Step(
        name=RECONCILE,
        ingredients=[plan.extensions, inputs.setup_local, pins([source]), plan.python_patches],
        action=action,
        weight=5,
    )


def llvm_tools_steps(plan: Plan, native: Toolkit, inputs: GraphInputs) -> list[Step]:
    """Return the step that makes LLVM's tools, unless the plan uses those of the host's LLVM.

    They run on this machine, so `native` is the toolkit for it, whatever the target is.
    """
    if plan.profiling is None or not plan.profiling.tools:
        return []
    taken = {source.name: inputs.sources[source.identity] for source in plan.profiling.tools}
    recipe = plan.profiling.recipe
    compiled = llvm_tools.is_source(recipe, taken)

    def action(job: Job) -> None:
        trees = {name: llvm_tools.unpack_package(recipe, item, job.work / name) for name, item in taken.items()}
        env = job.env if compiled else native.environment(job)
        try:
            llvm_tools.build_llvm_tools(recipe, trees, job.out, job.run, env)
        except (StepError, ToolchainError) as error:
            if plan.configure.relayout and not error.hint:
                error.hint = WITHOUT_LAYOUT
            raise

    return [
        Step(
            name=LLVM_TOOLS,
            ingredients=[recipe, pins(taken.values())],
            needs=() if compiled else native.names,
            data=llvm_tools.DATA,
            action=action,
            weight=_COMPILED_TOOLS_WEIGHT if compiled else 5,
        )
    ]


def shared_steps(plan: Plan, toolkit: Toolkit) -> list[Step]:
    """Return the step that makes shared libraries from the static ones, if the plan has any."""
    if not plan.shared_objects:
        return []

    def action(job: Job) -> None:
        from setup_local.build.shared_libraries import build_shared

        libraries = merge_trees(toolkit.without(job.inputs), job.work / "deps")
        env = toolkit.environment(job)
        build_shared(
            plan.shared_objects,
            libraries / "lib",
            plan.shared_ldflags,
            work=job.work,
            out=job.out,
            run=job.run,
            env=env,
        )

    owners = dict.fromkeys(item.library for item in plan.shared_objects)
    return [
        Step(
            name=SHARED,
            ingredients=[plan.shared_objects, plan.shared_ldflags, plan.target],
            needs=(*toolkit.names, *map(library_step, owners)),
            action=action,
            weight=5,
        )
    ]


def _library_steps(plan: Plan) -> list[str]:
    """Return the names of the steps whose results CPython is linked with."""
    return [*(library_step(item.name) for item in plan.libraries), *([SHARED] if plan.shared_objects else [])]


def _tools(plan: Plan, toolkit: Toolkit) -> str:
    """Return the step that has LLVM's tools: those of the host's LLVM are in the toolchain."""
    return LLVM_TOOLS if plan.profiling and plan.profiling.tools else toolkit.compilers


def profile_steps(plan: Plan, toolkit: Toolkit, inputs: GraphInputs) -> list[Step]:
    """Return the step that makes the profile, or copies the given one, if the plan has one."""
    if plan.profiling is None:
        return []
    tools = _tools(plan, toolkit)
    if plan.profiling.given:
        return [_given_profile_step(plan.profiling, plan.profiling.given, tools)]
    return [_training_step(plan, plan.profiling, toolkit, inputs, tools)]


def _given_profile_step(profiling: PlannedProfiling, given: Path, tools: str) -> Step:
    """Return the step that takes a given profile; one from other counters is refused before anything is built."""
    from setup_local.build.profile import refuse_other_counters

    refuse_other_counters(given, profiling.counters)

    def action(job: Job) -> None:
        from setup_local.build import profile

        shutil.copyfile(given, job.out / PROFILE_FILE)
        tools_place = job.inputs[tools] / "bin"
        profile.check_profile(job.out, profiling.counters, tools=tools_place, run=job.run, env=job.env)

    return Step(
        name=PROFILE,
        ingredients=[hashlib.sha256(given.read_bytes()).hexdigest(), profiling.counters],
        needs=(tools,),
        action=action,
        weight=1,
    )


def _training_step(plan: Plan, profiling: PlannedProfiling, toolkit: Toolkit, inputs: GraphInputs, tools: str) -> Step:
    def action(job: Job) -> None:
        from setup_local.build import profile

        tree, recipe = _prepared(plan, toolkit, inputs, job, profiling.configure)
        profile.train(tree, recipe, profiling, tools=job.inputs[tools] / "bin", out=job.out, run=job.run)

    source = inputs.sources[plan.python_source.identity]
    configured = [profiling.configure, profiling.training, inputs.setup_local]
    return Step(
        name=PROFILE,
        ingredients=[configured, pins([source]), plan.target, plan.python_patches],
        needs=tuple(
            dict.fromkeys(
                (*toolkit.names, RECONCILE, tools, *build_python.build_python_needs(plan), *_library_steps(plan))
            )
        ),
        data=_cpython_data(plan),
        action=action,
        weight=480,
    )


def _cpython_data(plan: Plan) -> tuple[Path, ...]:
    """Return the data files that the compilation of CPython reads."""
    loader = _LOADER_DATA if plan.target.libc is Libc.MUSL else ()
    return (*loader, *(_CROSS_DATA if plan.build_python else ()))


def cpython_step(plan: Plan, toolkit: Toolkit, inputs: GraphInputs) -> Step:
    """Return the step that compiles and installs the CPython that is shipped."""
    source = inputs.sources[plan.python_source.identity]
    layouter = _layouter(plan)
    tools = _tools(plan, toolkit)
    optional = ((PROFILE, plan.profiling), (tools, layouter), (lto_linker.STEP, plan.lto.linker))
    used = [name for name, needed in optional if needed and name not in toolkit.names]

    def action(job: Job) -> None:
        tree, recipe = _prepared(plan, toolkit, inputs, job, plan.configure)
        if plan.profiling:
            place = tree / Path(PROFILE_PLACE)
            place.parent.mkdir()
            shutil.copyfile(job.inputs[PROFILE] / PROFILE_FILE, place)
        env = _compiled(plan, tree, recipe, job)
        counts = _laid_out(layouter, tree, plan.deps, job, env, tools) if layouter else None
        _install(plan, toolkit, tree, job, env)
        if plan.profiling:
            shutil.copyfile(job.inputs[PROFILE] / PROFILE_FILE, job.out / "build" / PROFILE_FILE)
        if counts:
            shutil.copyfile(counts, job.out / "build" / LAYOUT_FILE)

    return Step(
        name=CPYTHON,
        ingredients=[
            plan.configure,
            plan.lto.objects,
            inputs.setup_local,
            pins([source]),
            plan.target,
            plan.python_patches,
            *_layout_ingredients(layouter),
        ],
        needs=(*toolkit.names, RECONCILE, *used, *build_python.build_python_needs(plan), *_library_steps(plan)),
        data=_cpython_data(plan),
        action=action,
        weight=240,
    )


def _compiled(plan: Plan, tree: Path, recipe: cpython.Recipe, job: Job) -> Mapping[str, str]:
    """Compile and link CPython, so that its objects are machine code; return the environment that was used."""
    from setup_local.build import cpython, separate_objects

    if plan.lto.linker:
        (tree / LTO_LINKER).parent.symlink_to(job.inputs[lto_linker.STEP])
    objects = plan.lto.objects
    if objects is None:
        return cpython.compile_cpython(tree, recipe, job.run)
    place = {separate_objects.plain_tree(tree): source_place(plan.python_source)}
    plain = dataclasses.replace(
        recipe, configure=objects.configure, place_flags=(*recipe.place_flags, *debug_flags(place))
    )
    separate_objects.compile_plain(tree, plain, job.run)
    env = cpython.compile_cpython(tree, recipe, job.run)
    separate_objects.replace_objects(tree, objects.directory)
    return env


def _install(plan: Plan, toolkit: Toolkit, tree: Path, job: Job, env: Mapping[str, str]) -> None:
    """Install CPython from its built tree, with programs that start where they are shipped to."""
    from setup_local.build import cpython, darwin_stack, loader

    cpython.install_cpython(
        tree,
        out=job.out,
        run=job.run,
        env=env,
        companion=plan.configure.companion,
        build_python=BUILD_PYTHON if plan.build_python else "",
    )
    programs = job.out / "install" / "bin"
    if musl_loader := loader.build_loader(plan, job.inputs[toolkit.libc]):
        loader.set_interpreter(programs, musl_loader, loader.target_loader(plan.target))
    if plan.target.os is OperatingSystem.DARWIN:
        variables = makefile.variables((tree / "Makefile").read_text(encoding="utf-8"))
        size = darwin_stack.asked(makefile.words("LINKFORSHARED", variables))
        darwin_stack.give_stack(programs / plan.interpreter, size)


def _layouter(plan: Plan) -> Layouter | None:
    """Return the post-link layout of the interpreter, None if it keeps the linker's."""
    relayout, profiling = plan.configure.relayout, plan.profiling
    if relayout is None or profiling is None:
        return None
    from setup_local.build.relayout import Layouter

    return Layouter(relayout=relayout, training=profiling.training, given=profiling.given_counts)


def _laid_out(layouter: Layouter, tree: Path, deps: str, job: Job, env: Mapping[str, str], tools: str) -> Path:
    """Apply the post-link layout to the interpreter in its built tree; return the file of counts."""
    from setup_local.build import cpython
    from setup_local.build.relayout import LayoutEnvironment

    around = LayoutEnvironment(tools=job.inputs[tools], libraries=tree / deps / "lib", run=job.run, env=env)
    return layouter.lay_out(tree, cpython.PROGRAM, around)


def _layout_ingredients(layouter: Layouter | None) -> list[object]:
    if layouter is None:
        return []
    given = hashlib.sha256(layouter.given.read_bytes()).hexdigest() if layouter.given else ""
    return [layouter.training, given]


def _prepared(
    plan: Plan, toolkit: Toolkit, inputs: GraphInputs, job: Job, configure: PlannedConfigure
) -> tuple[Path, cpython.Recipe]:
    """Unpack CPython's source next to the merged libraries; return the tree and its compilation settings."""
    from setup_local.build import cpython, loader
    from setup_local.build.program_symbols import write_symbols

    source = inputs.sources[plan.python_source.identity]
    tree = _cpython_tree(plan, source, job.work)
    if plan.is_static:
        write_symbols(tree)
    libraries = [job.inputs[name] for name in _library_steps(plan)]
    merge_trees(libraries, tree / plan.deps)
    places = {tree: source_place(source.source), **tool_places(*(job.inputs[name] for name in toolkit.names))}
    if plan.build_python:
        (tree / BUILD_PYTHON).parents[1].symlink_to(job.inputs[build_python.STEP] / build_python.PREFIX)
    env = toolkit.environment(job)
    if musl_loader := loader.build_loader(plan, job.inputs[toolkit.libc]):
        env |= loader.building(musl_loader, plan.target, job.inputs[toolkit.libc], job.work / "sysroot")
    if plan.is_cross:
        sysroot = Path(env[toolchain.SYSROOT_VARIABLE])
        env |= toolchain.searching(sysroot, tree / plan.deps / "lib", job.work / "search")
    if plan.shared_objects:  # modules are tested where they are built; their RUNPATH finds lib/ only later
        env["LD_LIBRARY_PATH"] = str(tree / plan.deps / "lib")
    return tree, cpython.Recipe(
        setup_local=inputs.setup_local, configure=configure, env=env, place_flags=tuple(debug_flags(places))
    )


def _cpython_tree(plan: Plan, source: Obtained, work: Path) -> Path:
    """Unpack and patch CPython's source."""
    tree = unpacked(source, work).rename(work / CPYTHON)
    apply_patches(tree, plan.python_patches, where=str(source.source.identity))
    return tree
