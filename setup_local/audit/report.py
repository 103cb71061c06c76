"""Shows verdicts: a table for people, stable JSON for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from setup_local.audit.model import Finding, Rule, Severity, Verdict
from setup_local.errors import SetupLocalError
from setup_local.log import escaped as escape

_FORMAT = 1  # version of the JSON that `as_json` returns
_MARKS = {Severity.GOOD: "[green]ok[/]", Severity.WARNING: "[yellow]warning[/]", Severity.ERROR: "[red]FAILS[/]"}
_MOST = 20  # findings shown for one rule


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The outcome for one subject: a verdict, or the error that stopped the reading.

    `rules` are those that were applied, if not all were.
    """

    subject: str
    verdict: Verdict | None = None
    error: SetupLocalError | None = None
    rules: tuple[Rule[Any], ...] = ()

    @property
    def holds(self) -> bool:
        """Return whether the subject was read and nothing in it is an error."""
        return self.error is None and self.verdict is not None and self.verdict.holds

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return every finding, in order."""
        return tuple(self.verdict.walk()) if self.verdict else ()


def as_json(outcomes: Sequence[Judged], rules: Iterable[Rule[Any]]) -> dict[str, Any]:
    """Return the outcome as plain data; keys are only ever added."""
    table = tuple(rules)
    return {
        "format": _FORMAT,
        "holds": all(item.holds for item in outcomes),
        "subjects": [_subject(item, table) for item in outcomes],
    }


def _subject(item: Judged, rules: tuple[Rule[Any], ...]) -> dict[str, Any]:
    counts = Counter(finding.rule for finding in item.findings)
    error = item.error and {"exit_code": item.error.exit_code, "message": str(item.error)}
    return {
        "subject": item.subject,
        "holds": item.holds,
        "error": error,
        "rules": [{"id": rule.id, "title": rule.title, "findings": counts[rule.id]} for rule in item.rules or rules]
        if item.verdict
        else [],
        "findings": [
            {"rule": found.rule, "severity": found.severity.name.lower(), "where": found.where, "what": found.what}
            for found in item.findings
        ],
    }


def show(console: Console, item: Judged, rules: Iterable[Rule[Any]]) -> None:
    """Print one subject: a line for each rule, then the findings."""
    if item.verdict is None:
        console.print(f"{escape(item.subject)}: [red]cannot be checked[/]: {escape(str(item.error))}", soft_wrap=True)
        return
    by_rule: dict[str, list[Finding]] = {}
    for finding in item.findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    table = Table(title=escape(item.subject), title_justify="left", box=None, pad_edge=False)
    for column in ("group", "rule", "requirement", ""):
        table.add_column(column, no_wrap=column != "requirement")
    for rule in item.rules or rules:
        worst = max((found.severity for found in by_rule.get(rule.id, ())), default=Severity.GOOD)
        table.add_row(rule.group.title, rule.id, rule.title, _MARKS[worst])
    console.print(table)
    for findings in by_rule.values():
        _show_findings(console, findings)
    state = "[green]holds all it promises[/]" if item.holds else f"[red]{len(item.findings)} findings[/]"
    console.print(f"{escape(item.subject)}: {state}", soft_wrap=True)


def _show_findings(console: Console, findings: list[Finding]) -> None:
    for found in findings[:_MOST]:
        line = f"{escape(found.where)}: {escape(found.what)}"
        console.print(f"  {_MARKS[found.severity]} [bold]{found.rule}[/] {line}", soft_wrap=True)
    if len(findings) > _MOST:
        console.print(f"  ... and {len(findings) - _MOST} more of {findings[0].rule} (see --json)")


def show_rules(console: Console, rules: Iterable[Rule[Any]]) -> None:
    """Print every rule."""
    table = Table(box=None, pad_edge=False)
    for column in ("group", "rule", "requirement"):
        table.add_column(column)
    for rule in rules:
        table.add_row(rule.group.title, rule.id, rule.title)
    console.print(table)
