"""Tries the patches of all libraries before anything is compiled: a version they do not fit fails in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from setup_local import fetch
from setup_local.build.step_parts import Sources, pins
from setup_local.build.steps import Job, Step
from setup_local.errors import ReconcileError, SourceError
from setup_local.plan.model import Plan, PlannedLibrary
from setup_local.plan.reconcile import unmatched_edits

PATCHES = "patches"
_FIRST = 1000  # more than the weight of any chain of steps


def patch_trial_step(plan: Plan, sources: Sources) -> Step:
    """Return the step that tries all patches of libraries; its result is empty."""
    patched = [item for item in plan.libraries if item.patches]
    taken = [sources[item.source.identity] for item in patched]

    def action(job: Job) -> None:
        found = [line for item in patched for line in unfitting(item, sources, job.work)]
        if found:
            raise ReconcileError("".join(["patches do not fit their sources:", *(f"\n  {line}" for line in found)]))

    return Step(
        name=PATCHES,
        ingredients=[[(item.source.identity, item.patches) for item in patched], pins(taken)],
        action=action,
        weight=_FIRST,
    )


def unfitting(item: PlannedLibrary, sources: Sources, work: Path) -> Iterator[str]:
    """Yield a sentence for each edit that does not match exactly once in a library's source."""
    patches = {patch.name: patch for patch in item.patches}
    edited = tuple(dict.fromkeys(edit.file for patch in patches.values() for edit in patch.edits))
    into = work / item.name
    try:
        tree = fetch.unpack(sources[item.source.identity], into, only=edited)
    except SourceError as error:
        yield f"{item.source.identity}: {error.what}"
        return
    for problem in unmatched_edits(patches, lambda name: _text(tree / name)):
        yield f"{item.source.identity}: {problem.message}"


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")
