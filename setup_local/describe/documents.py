"""The documents of a distribution other than PYTHON.json: each is a text at a path below `python/`."""

from __future__ import annotations

from dataclasses import dataclass

from setup_local.describe import sources_record
from setup_local.plan.model import Plan
from setup_local.stage.staged import StagedTree


@dataclass(frozen=True, kw_only=True)
class Document:
    """One text, and its path in the staged tree."""

    path: str
    text: str


def documents(plan: Plan, staged: StagedTree) -> tuple[Document, ...]:
    """Return every document. Raises `DescribeError`."""
    record = sources_record.record(plan, staged)
    return (Document(path=sources_record.PATH, text=sources_record.to_json(record)),)
