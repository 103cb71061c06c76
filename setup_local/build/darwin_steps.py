"""The steps that provide compilers, linker and SDK for macOS."""

from __future__ import annotations

import dataclasses
import shutil

from setup_local import fetch
from setup_local.build import darwin, darwin_sdk, dsym, xcode_steps
from setup_local.build.step_parts import GraphInputs, pins
from setup_local.build.steps import Job, Step
from setup_local.catalog.darwin import DarwinCatalog
from setup_local.catalog.targets import Target
from setup_local.own_sdk import SETTINGS
from setup_local.plan.model import Plan
from setup_local.values import OPTIMIZATIONS, OwnSdk

LINKED = "cpython-linked"
_DSYM_TOOLS = "dsym-tools"


def toolchain_step(plan: Plan, target: Target, inputs: GraphInputs) -> Step:
    """Return the step that makes the compilers for a target."""
    recipes = plan.recipes
    taken = {
        item.name: inputs.sources[item.identity] for item in plan.toolchain_sources if item.name in recipes.darwin.keep
    }

    def action(job: Job) -> None:
        trees = {name: darwin.unpack_source(recipes.darwin, item, job.work / name) for name, item in taken.items()}
        darwin.build_toolchain(recipes, trees, target, job.out, job.run)

    return Step(
        name=f"toolchain:{plan.toolchain}-{target.arch.name}-darwin",
        ingredients=[pins(taken.values()), recipes.toolchain.resource_version, recipes.darwin, target.for_compiling],
        data=darwin.DATA,
        action=action,
        weight=30,
    )


def sdk_step(plan: Plan, target: Target, floor: str, compilers: str) -> Step:
    """Return the step that makes the SDK of a target and its oldest macOS."""
    if plan.sdk:
        return _own_sdk_step(plan.recipes.darwin, plan.sdk, target, floor)
    recipe = plan.recipes.darwin

    def action(job: Job) -> None:
        darwin_sdk.build_sdk(recipe, job.inputs[compilers], target, floor, job.out)

    return Step(
        name=f"sysroot:{target.arch.name}-{target.libc.value}-{floor}",
        ingredients=[recipe, target.for_compiling, floor],
        needs=(compilers,),
        data=darwin_sdk.DATA,
        action=action,
        weight=3,
    )


def _own_sdk_step(recipe: DarwinCatalog, sdk: OwnSdk, target: Target, floor: str) -> Step:
    """Return the step that copies an Apple SDK; every byte of it counts."""

    def action(job: Job) -> None:
        darwin_sdk.build_from_own(recipe, sdk.path, target, floor, job.out)

    return Step(
        name=f"sysroot:{target.arch.name}-{target.libc.value}-{floor}-sdk{sdk.version}",
        ingredients=[recipe.sdk, target.for_compiling, floor],
        data=(*darwin_sdk.DATA, sdk.path / SETTINGS, *(sdk.path / name for name in darwin_sdk.OF_OWN)),
        action=action,
        weight=20,
    )


def cpython_steps(plan: Plan, step: Step, inputs: GraphInputs) -> list[Step]:
    """Return the two steps that build CPython: one links it, one separates its debug information."""
    recipe, options = plan.recipes.dsym, tuple(item for item in OPTIMIZATIONS if item in plan.build_options)
    by_xcode = inputs.host_xcode is not None

    def action(job: Job) -> None:
        from setup_local.build import darwin_optimized

        darwin_optimized.check_result(job.inputs[LINKED], plan.interpreter, options)
        dsym.separate(recipe, job.inputs[LINKED], job.inputs[_DSYM_TOOLS] / "bin", job)
        if plan.lto.objects:
            shutil.rmtree(job.out / "build" / plan.lto.objects.directory)
        if by_xcode:
            xcode_steps.normalize_archives(job.out)

    linked = dataclasses.replace(step, name=LINKED)
    separated = Step(
        name=step.name,
        ingredients=[recipe.bundles, options, plan.lto.objects, plan.interpreter, by_xcode],
        needs=(LINKED, _DSYM_TOOLS),
        action=action,
        weight=30,
    )
    if inputs.host_xcode:
        return [linked, xcode_steps.dsym_tools_step(_DSYM_TOOLS, inputs.host_xcode), separated]
    return [linked, _dsym_tools_step(plan, inputs), separated]


def _dsym_tools_step(plan: Plan, inputs: GraphInputs) -> Step:
    recipe = plan.recipes.dsym
    taken = {item.name: inputs.sources[item.identity] for item in plan.toolchain_sources if item.name in recipe.keep}

    def action(job: Job) -> None:
        trees = {name: fetch.unpack(item, job.work / name, only=recipe.keep[name]) for name, item in taken.items()}
        dsym.place_tools(recipe, trees, job.out)

    return Step(name=_DSYM_TOOLS, ingredients=[pins(taken.values()), recipe.keep], action=action, weight=10)
