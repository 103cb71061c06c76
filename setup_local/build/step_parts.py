"""What several steps of a plan have in common: their inputs, names, environment and unpacked sources."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import fetch
from setup_local.build import toolchain
from setup_local.build.llvm import HostLlvm
from setup_local.build.steps import Job
from setup_local.fetch import Obtained
from setup_local.plan.model import Plan

_SHARED_CODE = ("step_parts.py", "patches.py", "debug_paths.py")

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


def library_step(name: str) -> str:
    """Return the name of the step that builds a library."""
    return f"library:{name}"


def code(*names: str) -> tuple[Path, ...]:
    """Return modules of this package by their file names, as ingredients; those that all steps share are among them."""
    return tuple(Path(__file__).with_name(name) for name in (*_SHARED_CODE, *names))


def pins(obtained: Iterable[Obtained]) -> list[str]:
    """Return the hashes of sources, as ingredients."""
    return [item.form.sha256 for item in obtained]


def environment(plan: Plan, base: tuple[str, str], job: Job) -> dict[str, str]:
    """Return the complete environment of a step that compiles for the target."""
    compilers, libc = (job.inputs[name] for name in base)
    return {**job.env, **toolchain.compile_environment(compilers, libc, plan.target, plan.floor)}


def unpacked(obtained: Obtained, work: Path) -> Path:
    """Unpack a source; return its tree."""
    into = work / "source" / obtained.source.name
    shutil.rmtree(into, ignore_errors=True)
    return fetch.unpack(obtained, into)
