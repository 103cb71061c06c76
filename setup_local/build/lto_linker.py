"""The step that makes the linker for link-time optimization, if it is not the toolchain's own."""

from __future__ import annotations

from setup_local.build import llvm_tools
from setup_local.build.step_parts import GraphInputs, pins
from setup_local.build.steps import Job, Step
from setup_local.plan.model import Plan

STEP = "lto-linker"


def lto_linker_steps(plan: Plan, inputs: GraphInputs) -> list[Step]:
    """Return the step that makes the linker from packages, if the plan has one."""
    recipe = plan.lto.linker
    if recipe is None:
        return []
    names = recipe.packages.sources
    taken = {item.name: inputs.sources[item.identity] for item in plan.toolchain_sources if item.name in names}

    def action(job: Job) -> None:
        trees = {name: llvm_tools.unpack_package(recipe, item, job.work / name) for name, item in taken.items()}
        llvm_tools.build_llvm_tools(recipe, trees, job.out, job.run, job.env)

    ingredients = [recipe.programs, recipe.packages, pins(taken.values())]
    return [Step(name=STEP, ingredients=ingredients, data=llvm_tools.DATA, action=action, weight=10)]
