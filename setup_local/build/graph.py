"""A plan as a graph of build steps: toolchain, sysroot, each library, CPython."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import assert_never

from setup_local.build import llvm, musl, polyfill, sysroot, toolchain
from setup_local.build.cpython_steps import cpython_step, llvm_tools_steps, profile_steps, reconcile_step, shared_steps
from setup_local.build.library_steps import build_library_step
from setup_local.build.patch_trial import patch_trial_step
from setup_local.build.step_parts import GraphInputs, Toolkit, pins, unpacked
from setup_local.build.steps import Job, Step
from setup_local.plan.model import Plan
from setup_local.values import Libc


def build_steps(plan: Plan, inputs: GraphInputs) -> tuple[Toolkit, list[Step]]:
    """Return the steps of a plan up to CPython, each after what it needs, and which of them everything is compiled with."""
    compilers = _toolchain_step(plan, inputs)
    libc = _sysroot_step(plan, compilers.name, inputs)
    toolkit = Toolkit(compilers=compilers.name, libc=libc.name)
    libraries = [build_library_step(plan, item, toolkit, inputs.sources) for item in plan.libraries]
    libraries += shared_steps(plan, toolkit)
    profile = [*llvm_tools_steps(plan, toolkit, inputs), *profile_steps(plan, toolkit, inputs)]
    trials = [reconcile_step(plan, inputs), patch_trial_step(plan, inputs.sources)]
    return toolkit, [compilers, libc, *trials, *libraries, *profile, cpython_step(plan, toolkit, inputs)]


def _toolchain_step(plan: Plan, inputs: GraphInputs) -> Step:
    taken = {source.name: inputs.sources[source.identity] for source in plan.toolchain_sources}
    host, arch = inputs.host_llvm, plan.target.arch

    def action(job: Job) -> None:
        with ThreadPoolExecutor() as pool:  # decompression leaves Python's lock alone
            found = pool.map(lambda name: toolchain.unpack_source(taken[name], job.work / name, arch), taken)
            trees = dict(zip(taken, found, strict=True))
        programs = llvm.host_programs(host) if host else None
        toolchain.build_toolchain(trees["ziglang"], trees["compiler-rt"], arch, job.out, job.run, host=programs)

    return Step(
        name=f"toolchain:{plan.toolchain}",
        ingredients=[pins(taken.values()), arch, host and host.identity],
        data=toolchain.DATA,
        action=action,
        weight=40,
    )


def _sysroot_step(plan: Plan, compilers: str, inputs: GraphInputs) -> Step:
    match plan.target.libc:
        case Libc.GLIBC:
            return _glibc_step(plan, compilers)
        case Libc.MUSL:
            return _musl_step(plan, compilers, inputs)
        case _:
            assert_never(plan.target.libc)


def _musl_step(plan: Plan, compilers: str, inputs: GraphInputs) -> Step:
    (source,) = (inputs.sources[item.identity] for item in plan.sysroot_sources)

    def action(job: Job) -> None:
        musl.build_musl(unpacked(source, job.work), job.inputs[compilers], plan.target, job.out, job.run)

    return Step(
        name=f"sysroot:{source.source.identity}",
        ingredients=[plan.target, pins([source])],
        needs=(compilers,),
        data=musl.DATA,
        action=action,
        weight=30,
    )


def _glibc_step(plan: Plan, compilers: str) -> Step:
    def action(job: Job) -> None:
        sysroot.build_sysroot(job.inputs[compilers], plan.target, plan.floor, job.out, job.run)

    return Step(
        name=f"sysroot:{plan.target.libc.value}-{plan.floor}",
        ingredients=[plan.target, plan.floor],
        needs=(compilers,),
        data=sysroot.DATA,
        action=action,
        weight=15,
    )


def runtime_support(plan: Plan, compilers: Path, libc: Path, into: Path) -> dict[str, Path]:
    """Return what every program links besides libraries, laid out as libraries are: `lib/*.a`, `licenses/`.

    A static program has the whole C library in it; all others what the C library lacks on old systems.
    """
    (builtins,) = compilers.glob("lib/clang/*/lib/linux/libclang_rt.builtins-*.a")
    pieces = {
        "compiler-rt": (builtins, compilers / "licenses" / "LICENSE.compiler-rt.txt"),
    }
    if plan.is_static:
        pieces["musl"] = (libc / "usr" / "lib" / musl.ARCHIVE, libc / "licenses" / musl.LICENSE)
    else:
        pieces["polyfill"] = (libc / "usr" / "lib" / polyfill.ARCHIVE, polyfill.SOURCES / "LICENSE.txt")
    for name, (archive, text) in pieces.items():
        for place, file in (("lib", archive), ("licenses", text)):
            (into / name / place).mkdir(parents=True)
            shutil.copyfile(file, into / name / place / file.name)
    return {name: into / name for name in pieces}
