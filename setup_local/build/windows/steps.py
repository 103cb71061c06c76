"""The steps that build for Windows: the sysroot, each library, CPython."""

from __future__ import annotations

import shutil
from pathlib import Path

from setup_local import fetch, paths
from setup_local.build import toolchain
from setup_local.build.build_python import PREFIX as BUILD_PYTHON
from setup_local.build.build_python import STEP as BUILD_PYTHON_STEP
from setup_local.build.cpython_steps import PROFILE
from setup_local.build.ninja import run_ninja
from setup_local.build.patches import apply_patches
from setup_local.build.step_parts import GraphInputs, Toolkit, library_step, pins, unpacked
from setup_local.build.steps import Job, Step
from setup_local.build.windows.compiler import HEADERS, Compiler
from setup_local.build.windows.cpython import PRODUCTS, CoreBuild, cpython_commands, prepare_tree
from setup_local.build.windows.libraries import DEPS, LibraryBuild, build_windows_library, words_of
from setup_local.build.windows.sdk import place_sdk, sdk_libraries, write_aliases
from setup_local.build.windows.sysroot import Trees, build_builtins, build_windows_sysroot
from setup_local.build.workspace import merge_trees
from setup_local.catalog.libraries import RECIPES
from setup_local.catalog.targets import Target
from setup_local.catalog.windows import WindowsCatalog, WindowsLibrary
from setup_local.errors import CatalogError, StepError
from setup_local.plan.model import PROFILE as PROFILE_PLACE
from setup_local.plan.model import PROFILE_FILE, Plan, PlannedLibrary
from setup_local.plan.reconcile import refuse, unmatched_edits
from setup_local.plan.reconcile_windows import WindowsSource, reconcile_windows
from setup_local.plan.windows import windows_names
from setup_local.values import OPTIMIZATIONS, OwnSdk

_FIRST = 1000  # more than the weight of any chain of steps
# The parts of CPython's tree that staging needs: objects, products, and the sources of installed files.
_KEPT = (PRODUCTS, "objects", "Lib", "Include", "PC", "LICENSE", "Tools/scripts")


def sysroot_step(plan: Plan, target: Target, compilers: str, inputs: GraphInputs) -> Step:
    """Return the step that makes the sysroot of programs for Windows."""
    if plan.sdk:
        return _sdk_step(plan, plan.sdk, target, compilers, inputs)
    recipe, arch = plan.recipes.windows, target.arch
    builtins = plan.recipes.toolchain.builtins
    kept = plan.recipes.toolchain.keep["compiler-rt"]
    taken = {source.name: inputs.sources[source.identity] for source in plan.toolchain_sources}

    def action(job: Job) -> None:
        trees = Trees(
            wheel=fetch.unpack(taken["ziglang"], job.work / "wheel", only=recipe.keep),
            compiler_rt=fetch.unpack(taken["compiler-rt"], job.work / "compiler-rt", only=kept),
        )
        compiler = windows_compiler(recipe, target, job.inputs[compilers], job.out)
        build_windows_sysroot(compiler, recipe, arch, builtins, trees, job.run)

    return Step(
        name=f"sysroot:{arch.name}-windows",
        ingredients=[pins(taken.values()), recipe.for_sysroot(arch.name), builtins, kept, arch.for_compiling],
        needs=(compilers,),
        action=action,
        weight=60,
    )


def _sdk_step(plan: Plan, sdk: OwnSdk, target: Target, compilers: str, inputs: GraphInputs) -> Step:
    """Return the step that makes the sysroot from Microsoft's SDK; every used byte of it counts."""
    recipe, parts, arch = plan.recipes.windows, plan.recipes.windows_sdk, target.arch
    builtins = plan.recipes.toolchain.builtins
    kept = plan.recipes.toolchain.keep["compiler-rt"]
    (compiler_rt,) = (inputs.sources[item.identity] for item in plan.toolchain_sources if item.name == "compiler-rt")
    libraries = sdk_libraries(parts, sdk.path, arch.name)

    def action(job: Job) -> None:
        tree = fetch.unpack(compiler_rt, job.work / "compiler-rt", only=kept)
        compiler = windows_compiler(recipe, target, job.inputs[compilers], job.out)
        place_sdk(parts, sdk.path, libraries, job.out)
        write_aliases(job.out / HEADERS, recipe.aliases)
        build_builtins(compiler, recipe.ports[arch.name], arch, builtins, tree, job.run, parts.without_builtins)

    return Step(
        name=f"sysroot:{arch.name}-windows-sdk{sdk.version}",
        ingredients=[
            pins([compiler_rt]),
            parts.for_sysroot,
            recipe.aliases,
            recipe.compiler,
            recipe.ports[arch.name].for_sysroot,
            builtins,
            kept,
            arch.for_compiling,
        ],
        needs=(compilers,),
        data=(*(sdk.path / place for place in parts.headers.values()), *libraries.values()),
        action=action,
        weight=60,
    )


def windows_compiler(recipe: WindowsCatalog, target: Target, compilers: Path, sysroot: Path) -> Compiler:
    """Return the compiler for a target, from a toolchain for the build host and a sysroot."""
    if target.arch.name not in recipe.ports:
        raise CatalogError(f"data/windows.toml does not define {target.arch.name}")
    port = recipe.ports[target.arch.name]
    (resources,) = compilers.glob("lib/clang/*")
    return Compiler(
        program=compilers / toolchain.WHEEL / "zig",
        resources=resources,
        sysroot=sysroot,
        headers=recipe.compiler.headers,
        search=recipe.compiler.search,
        target=port.target,
        dlltool=("-m", port.dlltool, *(("-k",) if port.decorated else ())),
        cflags=(*target.cflags, *recipe.compiler.cflags),
        rcflags=recipe.compiler.resources,
    )


def library_steps(plan: Plan, toolkit: Toolkit, native: Toolkit, inputs: GraphInputs) -> list[Step]:
    """Return the steps that build the libraries, each after its dependencies."""
    recipes = {recipe.name: recipe for recipe in plan.recipes.windows.libraries}
    if missing := [item.name for item in plan.libraries if item.name not in recipes]:
        raise CatalogError(f"data/windows.toml does not say how {missing[0]} is built")
    return [_library_step(plan, item, recipes[item.name], toolkit, native, inputs) for item in plan.libraries]


def _library_step(
    plan: Plan, planned: PlannedLibrary, recipe: WindowsLibrary, toolkit: Toolkit, native: Toolkit, inputs: GraphInputs
) -> Step:
    taken = [inputs.sources[source.identity] for source in (planned.source, *planned.extra_sources)]
    windows, target = plan.recipes.windows, plan.target
    words = windows.ports[target.arch.name].recipes
    chosen = planned.library
    needed = tuple(library_step(name) for name in chosen.needs)

    def action(job: Job) -> None:
        compiler = windows_compiler(windows, target, job.inputs[toolkit.compilers], job.inputs[toolkit.libc])
        merge_trees([job.inputs[name] for name in needed], job.work / DEPS)
        build = LibraryBuild(
            planned=planned,
            recipe=recipe,
            words=words,
            trees={item.source.name: unpacked(item, job.work) for item in taken},
            work=job.work,
            out=job.out,
        )
        build_windows_library(build, compiler, job.run, job.env, native.compiler(job))

    return Step(
        name=library_step(planned.name),
        ingredients=[
            chosen.recipe,
            recipe,
            planned.patches,
            pins(taken),
            (windows.compiler, windows.ports[target.arch.name].target),
            {name: words[name] for name in words_of(recipe) if name in words},
            target.for_compiling,
        ],
        needs=tuple(dict.fromkeys((*toolkit.names, *native.names, *needed))),
        data=(*(RECIPES / name for name in recipe.recipe_files), paths.TEMPLATES / "tool.sh.j2"),
        action=action,
        weight=chosen.weight,
    )


def reconcile_step(plan: Plan, name: str, inputs: GraphInputs) -> Step:
    """Return the step that checks the catalog against CPython's source before anything else is built; its result is empty."""
    source = inputs.sources[plan.python_source.identity]
    recipe, port, version, patches = (
        plan.recipes.windows,
        plan.recipes.windows.ports[plan.target.arch.name],
        plan.python.release,
        plan.python_patches,
    )

    def action(job: Job) -> None:
        tree = unpacked(source, job.work)
        read = WindowsSource(
            text=lambda path: (tree / path).read_text(encoding="utf-8-sig"),
            files=frozenset(path.relative_to(tree).as_posix() for path in tree.rglob("*.c*")),
            version=version,
        )
        named = {patch.name: patch for patch in patches}
        found = [*reconcile_windows(recipe, port, read), *unmatched_edits(named, read.text)]
        refuse(found, ".".join(map(str, version)))

    return Step(
        name=name,
        ingredients=[pins([source]), recipe, port, version, patches],
        action=action,
        weight=_FIRST,
    )


def cpython_step(plan: Plan, name: str, toolkit: Toolkit, inputs: GraphInputs) -> Step:
    """Return the step that compiles CPython: its result has objects, DLLs and programs, library and headers."""
    source = inputs.sources[plan.python_source.identity]
    libraries = tuple(library_step(item.name) for item in plan.libraries)
    recipe, target = plan.recipes.windows, plan.target
    patches, deps = plan.python_patches, plan.deps
    names = windows_names(plan)
    options = tuple(item for item in OPTIMIZATIONS if item in plan.build_options)
    flags = recipe.optimizing.flags(options, PROFILE_PLACE)

    def action(job: Job) -> None:
        from setup_local.build.windows.optimized import check_result

        tree = unpacked(source, job.work)
        apply_patches(tree, patches, where="cpython")
        merge_trees([job.inputs[item] for item in libraries], tree / deps)
        build = CoreBuild(
            tree=tree,
            names=names,
            compiler=windows_compiler(recipe, target, job.inputs[toolkit.compilers], job.inputs[toolkit.libc]),
            catalog=recipe,
            deps=deps,
            python=str(job.inputs[BUILD_PYTHON_STEP] / BUILD_PYTHON / "bin" / "python3"),
            optimizing=flags,
        )
        for place in (tree / PROFILE_PLACE, job.out / "build" / PROFILE_FILE) if PROFILE in job.inputs else ():
            place.parent.mkdir()
            shutil.copyfile(job.inputs[PROFILE] / PROFILE_FILE, place)
        prepare_tree(build)
        # The wheel's resource compiler is compiled on first use.
        env = {"SOURCE_DATE_EPOCH": _release_time(tree), "ZIG_GLOBAL_CACHE_DIR": str(job.work / "zig")}
        run_ninja(cpython_commands(build), tree, job.run, {**job.env, **env})
        check_result(tree, options)
        _keep(tree, job.out)

    return Step(
        name=name,
        ingredients=[
            pins([source]),
            recipe.for_cpython(target.arch.name),
            target.for_compiling,
            names.version,
            names.flags,
            patches,
            deps,
            (options, flags),
        ],
        needs=(*toolkit.names, *libraries, BUILD_PYTHON_STEP, *([PROFILE] if plan.profiling else [])),
        action=action,
        weight=300,
    )


def _release_time(tree: Path) -> str:
    """Return the release time of this CPython, in seconds since 1970: the interpreter shows it as its build time."""
    return str(int((tree / "Include" / "patchlevel.h").stat().st_mtime))


def _keep(tree: Path, out: Path) -> None:
    """Move the parts that staging uses to the result."""
    for name in _KEPT:
        if (tree / name).exists():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(tree / name, out / name)
    if not any((out / PRODUCTS).glob("*.exe")):
        raise StepError("the build produced no programs", where=tree)
