"""A plan as a graph of build steps: toolchain, sysroot, each library, CPython."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import assert_never

from setup_local.build import darwin_steps, llvm, musl, polyfill, sysroot, toolchain, xcode_steps
from setup_local.build.build_python import build_python_steps
from setup_local.build.cpython_steps import (
    CPYTHON,
    RECONCILE,
    cpython_step,
    llvm_tools_steps,
    profile_steps,
    reconcile_step,
    shared_steps,
)
from setup_local.build.emulation import collect_emulation
from setup_local.build.library_steps import build_library_steps
from setup_local.build.lto_linker import lto_linker_steps
from setup_local.build.patch_trial import patch_trial_step
from setup_local.build.step_parts import GraphInputs, Toolkit, emulation_step, pins, unpacked
from setup_local.build.steps import Job, Step
from setup_local.build.windows import steps as windows
from setup_local.build.windows.sysroot import BUILTINS
from setup_local.catalog.targets import Target
from setup_local.catalog.toolchains import SysrootCatalog
from setup_local.errors import ToolchainError
from setup_local.plan.code import library_flags
from setup_local.plan.model import Plan
from setup_local.values import Libc, OperatingSystem, ToolchainChoice


def build_steps(plan: Plan, inputs: GraphInputs) -> tuple[Toolkit, list[Step]]:
    """Return the toolkit that everything is compiled with, and a plan's steps up to CPython, in order of dependency."""
    toolkit, tools = _toolkit(plan, plan.target, plan.floor, inputs)
    native = toolkit
    if plan.is_cross:
        native, more = _toolkit(plan, plan.host.target, plan.host.target.default_floor, inputs)
        tools = [*tools, *more]
    if plan.target.os is OperatingSystem.WINDOWS:
        return toolkit, _windows_steps(plan, toolkit, native, _each_once(tools), inputs)
    libraries = build_library_steps(plan.libraries, toolkit, native, inputs.sources, code=library_flags(plan))
    libraries += build_python_steps(plan, native, inputs)
    libraries += shared_steps(plan, toolkit)
    profile = [*llvm_tools_steps(plan, native, inputs), *profile_steps(plan, toolkit, inputs)]
    trials = [reconcile_step(plan, inputs), patch_trial_step(plan, inputs.sources)]
    return toolkit, [
        *tools,
        *_emulation_steps(plan, inputs),
        *trials,
        *libraries,
        *profile,
        *lto_linker_steps(plan, inputs),
        *_cpython_steps(plan, toolkit, inputs),
    ]


def _cpython_steps(plan: Plan, toolkit: Toolkit, inputs: GraphInputs) -> list[Step]:
    step = cpython_step(plan, toolkit, inputs)
    return darwin_steps.cpython_steps(plan, step, inputs) if plan.target.os is OperatingSystem.DARWIN else [step]


def toolkit_steps(plan: Plan, inputs: GraphInputs) -> tuple[Toolkit, list[Step]]:
    """Return the toolkit for a plan's target and the steps that make it; `inputs` needs only their sources."""
    return _toolkit(plan, plan.target, plan.floor, inputs)


def _windows_steps(plan: Plan, toolkit: Toolkit, native: Toolkit, tools: list[Step], inputs: GraphInputs) -> list[Step]:
    """Return the steps for Windows; the toolkits share the compilers."""
    return [
        *tools,
        windows.reconcile_step(plan, RECONCILE, inputs),
        patch_trial_step(plan, inputs.sources),
        *windows.library_steps(plan, toolkit, native, inputs),
        *build_python_steps(plan, native, inputs),
        *llvm_tools_steps(plan, native, inputs),
        *profile_steps(plan, native, inputs),
        windows.cpython_step(plan, CPYTHON, toolkit, inputs),
    ]


def _each_once(steps: Iterable[Step]) -> list[Step]:
    return list({step.name: step for step in steps}.values())


def _toolkit(plan: Plan, target: Target, floor: str, inputs: GraphInputs) -> tuple[Toolkit, list[Step]]:
    """Return the toolkit for a target, and the steps that make it."""
    match target.os:
        case OperatingSystem.LINUX:
            compilers = _toolchain_step(_for_linux(plan), target, inputs)
            libc = _sysroot_step(plan, target, floor, compilers.name, inputs)
        case OperatingSystem.DARWIN if inputs.host_xcode:
            libc = darwin_steps.sdk_step(plan, target, floor, "")
            compilers = xcode_steps.toolchain_step(plan, target, inputs.host_xcode, libc.name, inputs)
            return Toolkit(compilers=compilers.name, libc=libc.name, target=target, floor=floor), [libc, compilers]
        case OperatingSystem.DARWIN:
            compilers = darwin_steps.toolchain_step(plan, target, inputs)
            libc = darwin_steps.sdk_step(plan, target, floor, compilers.name)
        case OperatingSystem.WINDOWS:
            compilers = _toolchain_step(plan, plan.host.target, inputs)
            libc = windows.sysroot_step(plan, target, compilers.name, inputs)
        case _:
            assert_never(target.os)
    return Toolkit(compilers=compilers.name, libc=libc.name, target=target, floor=floor), [compilers, libc]


def _for_linux(plan: Plan) -> Plan:
    """Return a plan with the compiler for programs that run during a build on Linux: Xcode's has no headers for it."""
    if plan.toolchain != ToolchainChoice.XCODE.value:
        return plan
    return dataclasses.replace(plan, toolchain=plan.host.default_toolchain.value)


def _toolchain_step(plan: Plan, target: Target, inputs: GraphInputs) -> Step:
    names = plan.recipes.toolchain.sources
    taken = {item.name: inputs.sources[item.identity] for item in plan.toolchain_sources if item.name in names}
    host, arch, recipes = inputs.host_llvm, target.arch, plan.recipes

    def action(job: Job) -> None:
        with ThreadPoolExecutor() as pool:  # decompression releases the GIL
            found = pool.map(
                lambda name: toolchain.unpack_source(recipes.toolchain, taken[name], job.work / name, arch), taken
            )
            trees = dict(zip(taken, found, strict=True))
        programs = llvm.host_programs(host) if host else None
        toolchain.build_toolchain(
            recipes, trees["ziglang"], trees["compiler-rt"], arch, job.out, job.run, host=programs
        )

    return Step(
        name=f"toolchain:{plan.toolchain}-{arch.name}",
        ingredients=[
            pins(taken.values()),
            recipes.toolchain,
            recipes.sysroot,
            target.for_compiling.arch,
            host and host.identity,
        ],
        data=toolchain.DATA,
        action=action,
        weight=40,
    )


def _emulation_steps(plan: Plan, inputs: GraphInputs) -> list[Step]:
    """Return the step that collects the emulator for the target's programs, if the host does not run them itself."""
    if not plan.emulation:
        return []
    taken = {source.name: inputs.sources[source.identity] for source in plan.emulation}
    program = plan.target.arch.emulator

    def action(job: Job) -> None:
        collect_emulation(taken, program, job.work, job.out)

    return [Step(name=emulation_step(plan), ingredients=[program, pins(taken.values())], action=action, weight=3)]


def _sysroot_step(plan: Plan, target: Target, floor: str, compilers: str, inputs: GraphInputs) -> Step:
    match target.libc:
        case Libc.GLIBC:
            return _glibc_step(plan.recipes.sysroot, target, floor, compilers)
        case Libc.MUSL:
            return _musl_step(plan, target, compilers, inputs)
        case Libc.LIBSYSTEM | Libc.UCRT:
            raise ToolchainError(f"{target.libc.value} is not a C library for Linux", where=target.triple)
        case _:
            assert_never(target.libc)


def _musl_step(plan: Plan, target: Target, compilers: str, inputs: GraphInputs) -> Step:
    (source,) = (inputs.sources[item.identity] for item in plan.sysroot_sources)
    recipes = plan.recipes

    def action(job: Job) -> None:
        musl.build_musl(recipes, unpacked(source, job.work), job.inputs[compilers], target, job.out, job.run)

    return Step(
        name=f"sysroot:{target.arch.name}-{source.source.identity}",
        ingredients=[target.for_compiling, recipes.musl, recipes.sysroot, pins([source])],
        needs=(compilers,),
        data=musl.DATA,
        action=action,
        weight=30,
    )


def _glibc_step(recipe: SysrootCatalog, target: Target, floor: str, compilers: str) -> Step:
    def action(job: Job) -> None:
        sysroot.build_sysroot(recipe, job.inputs[compilers], target, floor, job.out, job.run)

    return Step(
        name=f"sysroot:{target.arch.name}-{target.libc.value}-{floor}",
        ingredients=[recipe, target.for_compiling, floor],
        needs=(compilers,),
        data=sysroot.DATA,
        action=action,
        weight=15,
    )


def runtime_support(plan: Plan, compilers: Path, libc: Path, into: Path) -> dict[str, Path]:
    """Return what every program links besides libraries, in the layout of libraries: `lib/*.a`, `licenses/`.

    A static program contains the whole C library; all others contain what the C library lacks on old systems.
    mingw-w64's runtime is not part of it: it is the sysroot of Windows.
    """
    builtins = _builtins(plan.target.os, compilers, libc)
    pieces = {"compiler-rt": (builtins, compilers / "licenses" / "LICENSE.compiler-rt.txt")}
    if plan.is_static:
        pieces["musl"] = (libc / "usr" / "lib" / musl.ARCHIVE, libc / "licenses" / musl.LICENSE)
    elif plan.target.os is OperatingSystem.LINUX:
        pieces["polyfill"] = (libc / "usr" / "lib" / polyfill.ARCHIVE, polyfill.SOURCES / "LICENSE.txt")
    for name, (archive, text) in pieces.items():
        for place, file in (("lib", archive), ("licenses", text)):
            (into / name / place).mkdir(parents=True)
            shutil.copyfile(file, into / name / place / file.name)
    return {name: into / name for name in pieces}


def _builtins(system: OperatingSystem, compilers: Path, libc: Path) -> Path:
    """Return Clang's builtins: the functions that compiled code calls."""
    match system:
        case OperatingSystem.LINUX:
            (found,) = compilers.glob("lib/clang/*/lib/linux/libclang_rt.builtins-*.a")
        case OperatingSystem.DARWIN:
            (found,) = compilers.glob("lib/clang/*/lib/darwin/libclang_rt.osx.a")
        case OperatingSystem.WINDOWS:
            found = libc / "lib" / BUILTINS
        case _:
            assert_never(system)
    return found
