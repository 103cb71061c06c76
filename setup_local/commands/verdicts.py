"""The common parts of the commands that check files: arguments they reject, and how they show a verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from setup_local.errors import RequestError

if TYPE_CHECKING:
    from setup_local.audit import report
    from setup_local.audit.model import Rule


def refuse_floor(floor: str) -> None:
    """Raise `RequestError` for text that is not a version; an empty text means that none was given."""
    from setup_local.audit.policy import version

    if floor and not version(floor):
        raise RequestError(f"{floor!r} is not a version", hint="write it as 2.17")


def show_judged(outcome: report.Judged, rules: Sequence[Rule[Any]], triple: str, *, as_machine: bool) -> None:
    """Print the verdict about files as a table, or as JSON."""
    from rich.console import Console

    from setup_local.audit import report

    if as_machine:
        click.echo(json.dumps(report.as_json([outcome], rules), indent=2))
        return
    report.show(Console(highlight=False), outcome, rules)
    if outcome.verdict:
        click.echo(f"{len(outcome.verdict.parts)} files checked for {triple}")


def refuse_empty(forbid: Sequence[str]) -> None:
    """Raise `RequestError` for an empty forbidden path, which every file contains."""
    if not all(forbid):
        raise RequestError(
            "every file contains an empty path", where="--forbid ''", hint="name a path, or leave it out"
        )
