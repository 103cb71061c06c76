"""A small tree and the findings of `setup-local check` in it."""

from __future__ import annotations

from pathlib import Path

from setup_local.audit.model import Finding
from setup_local.commands.check import _limits
from setup_local.doctor.changes import changed_files
from setup_local.doctor.judge_files import judge_files
from setup_local.doctor.tree_files import tree_files

GNU = "x86_64-unknown-linux-gnu"


def small_tree(root: Path) -> Path:
    """Make a tree with directories for programs and for modules."""
    (root / "lib" / "pkg").mkdir(parents=True)
    (root / "bin").mkdir()
    return root


def found_in(tree: Path, floor: str = "") -> list[Finding]:
    """Return the findings; `floor` optionally names the C library's version."""
    limits = _limits(tree, GNU, floor)
    root = Path(limits.roots[0])
    return list(judge_files("tree", (*tree_files(root, limits), *changed_files(root))).walk())
