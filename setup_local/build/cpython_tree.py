"""Reads a CPython source tree from disk for the pure parts of `plan`, and refuses one that does not fit the plan."""

from __future__ import annotations

from pathlib import Path

from setup_local.errors import RequestError
from setup_local.plan.model import Plan
from setup_local.plan.reconcile import Disagreement, reconcile, refuse, unmatched_edits
from setup_local.plan.upstream import CONFIG, FILES, PATCHLEVEL, Upstream, parse_upstream


def read_upstream(tree: Path) -> Upstream:
    """Return what a CPython source tree declares about its modules; raise `RequestError` if it is not one."""
    missing = [name for name in (PATCHLEVEL, CONFIG) if not (tree / name).is_file()]
    if missing:
        raise RequestError(f"is not a CPython source tree: it has no {missing[0]}", where=tree)
    texts = {name: (tree / name).read_text(encoding="utf-8") for name in FILES if (tree / name).is_file()}
    below = (
        path.relative_to(tree).as_posix() for part in ("Modules", "PC", "Include") for path in (tree / part).rglob("*")
    )
    return parse_upstream(texts, below)


def disagreements(plan: Plan, upstream: Upstream, tree: Path) -> list[Disagreement]:
    """Return every contradiction between a plan and an unpatched source tree: modules, and patches that do not fit."""
    patches = {patch.name: patch for patch in plan.python_patches}
    return [*reconcile(plan, upstream), *unmatched_edits(patches, lambda name: _text(tree / name))]


def refuse_disagreement(plan: Plan, tree: Path) -> None:
    """Raise `ReconcileError` that lists every contradiction between a plan and a CPython source tree."""
    refuse(reconcile(plan, read_upstream(tree)), plan.python)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
