"""Shows sections: a table for people, stable JSON for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from setup_local.doctor.model import Level, Section
from setup_local.log import escaped as escape

_FORMAT = 1  # version of the JSON that `as_json` returns
_MARKS = {Level.OK: "[green]ok[/]", Level.WARNING: "[yellow]warning[/]", Level.PROBLEM: "[red]PROBLEM[/]"}


def as_json(sections: Sequence[Section]) -> dict[str, Any]:
    """Return the report as plain data; keys are only ever added."""
    return {
        "format": _FORMAT,
        "holds": not any(section.problems for section in sections),
        "sections": [_section(section) for section in sections],
    }


def _section(section: Section) -> dict[str, Any]:
    lines = [
        {"topic": line.topic, "level": line.level.name.lower(), "found": line.found, "fix": line.fix}
        for line in section.lines
    ]
    return {"subject": section.subject, "problems": section.problems, "lines": lines}


def show(console: Console, section: Section) -> None:
    """Print one section: a row for each line, the fix below what was found."""
    table = Table(title=escape(section.subject), title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for line in section.lines:
        fix = f"\n[bold]fix:[/] {escape(line.fix)}" if line.fix else ""
        table.add_row(_MARKS[line.level], line.topic, escape(line.found) + fix)
    console.print(table)
