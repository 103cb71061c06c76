"""The steps of several plans, which together contain every kind of step."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sample_profile import PROFILE

from setup_local import pipeline
from setup_local.build.steps import Step
from setup_local.catalog.catalogs import load_catalogs
from setup_local.fetch import Obtained
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import Linkage, Request

MUSL = "x86_64-unknown-linux-musl"
REQUESTS = {
    "default": Request(python="3.13.5"),
    "optimized": Request(python="3.13.5", options="pgo+lto"),
    "profile": Request(python="3.13.5", options="pgo", profile=PROFILE),
    "musl": Request(python="3.13.5", target_triple=MUSL),
    "shared": Request(python="3.13.5", dependencies=Linkage.SHARED),
    "macos": Request(python="3.13.5", target_triple="aarch64-apple-darwin", options="lto"),
    "cross": Request(python="3.13.5", target_triple="aarch64-unknown-linux-gnu"),
}


def sources_of(plan: Plan) -> dict[str, Obtained]:
    """Return a plan's sources, with paths that do not exist."""
    return {
        source.identity: Obtained(source=source, form=source.forms[0], path=Path("/nowhere")) for source in plan.sources
    }


def steps_of(plan: Plan) -> list[Step]:
    """Return the steps of a plan whose sources do not exist."""
    return pipeline.distribution_steps(plan, sources_of(plan), jobs=2)


@cache
def all_steps() -> dict[str, list[Step]]:
    """Return the steps of each plan by the plan's name."""
    return {name: steps_of(resolve(request, load_catalogs())) for name, request in REQUESTS.items()}


@cache
def kinds() -> dict[str, Step]:
    """Return one step of each kind; steps created by the same function are of the same kind."""
    steps = [step for steps in all_steps().values() for step in steps]
    return {step.action.__qualname__.partition(".")[0]: step for step in reversed(steps)}
