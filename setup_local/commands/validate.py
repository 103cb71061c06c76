"""`setup-local validate`: check packed distributions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local.commands.choice import NamedPath
from setup_local.commands.reports import Format, Report, ReportChoice, requested_reports, write_report
from setup_local.errors import RequestError, SetupLocalError, ValidationFailed

if TYPE_CHECKING:
    from setup_local.audit.report import Judged


@click.command()
@click.argument("archives", nargs=-1, type=NamedPath())
@click.option("--format", "reports", multiple=True, type=ReportChoice(), help="Report to write; may be repeated.")
@click.option("--json", "as_machine", is_flag=True, help="The same as --format json.")
@click.option("--forbid", multiple=True, metavar="PATH", help="Path that no file may contain; may be repeated.")
@click.option(
    "--glibc",
    "--macos-minimum",
    "floor",
    default="",
    metavar="VERSION",
    help="Oldest glibc or macOS, for archives without PYTHON.json.",
)
@click.option("--list-rules", is_flag=True, help="Print every rule and stop.")
def validate(
    *,
    archives: tuple[Path, ...],
    reports: tuple[Report, ...],
    as_machine: bool,
    forbid: tuple[str, ...],
    floor: str,
    list_rules: bool,
) -> None:
    """Validate packed distribution archives without unpacking them.

    Exits with 0 only if every archive passes. `--format` selects the report on standard output, a table by default; `--format junit=FILE` writes that report to a file instead.

    \b
    Examples:
      setup-local validate dist/*.tar.zst
      setup-local validate dist/*-install_only.tar.gz
      setup-local validate --format github --format sarif=validate.sarif dist/*.tar.zst
      setup-local validate --list-rules
    """
    from setup_local.audit.validate import rules
    from setup_local.commands.verdicts import refuse_empty, refuse_floor

    if list_rules:
        _list_rules(as_machine=as_machine)
        return
    if not archives:
        raise RequestError("no archive to validate", hint="setup-local validate dist/*.tar.zst")
    refuse_floor(floor)
    refuse_empty(forbid)
    wanted = requested_reports(reports, as_json=as_machine)
    table = Report(format=Format.TABLE)
    outcomes = [_judge(archive, forbid, floor, shown=table in wanted) for archive in archives]
    for report in wanted:
        if report != table:
            write_report(report, outcomes, rules())
    _fail_if_needed(outcomes)


def _show(outcome: Judged) -> None:
    """Show the table of one archive as soon as it has been checked."""
    from rich.console import Console

    from setup_local.audit import report
    from setup_local.audit.validate import rules

    report.show(Console(highlight=False), outcome, rules())


def _list_rules(*, as_machine: bool) -> None:
    from rich.console import Console

    from setup_local.audit import report
    from setup_local.audit.validate import rules

    if as_machine:
        listed = [{"id": rule.id, "group": rule.group.title, "title": rule.title} for rule in rules()]
        click.echo(json.dumps(listed, indent=2))
        return
    report.show_rules(Console(highlight=False), rules())


def _judge(archive: Path, forbid: tuple[str, ...], floor: str, *, shown: bool) -> Judged:
    from setup_local.audit import report
    from setup_local.audit.validate import rules, validate_archive

    try:
        verdict = validate_archive(archive, forbid=forbid, floor=floor)
        outcome = report.Judged(subject=str(archive), verdict=verdict, rules=rules(archive.name))
    except SetupLocalError as error:
        outcome = report.Judged(subject=str(archive), error=error)
    if shown:
        _show(outcome)
    return outcome


def _fail_if_needed(outcomes: list[Judged]) -> None:
    """Raise the error of the first archive that could not be checked or is unsafe, else `ValidationFailed`."""
    from setup_local.audit.validate import rules

    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    bad = [outcome for outcome in outcomes if not outcome.holds]
    if not bad:
        return
    fatal = {rule.id: rule.error for rule in rules() if rule.fatal}
    for outcome in bad:
        for found in outcome.findings:
            if found.rule in fatal:
                raise fatal[found.rule](f"{found.where}: {found.what}", where=outcome.subject)
    raise ValidationFailed(f"{len(bad)} of {len(outcomes)} archives break rules", hint="the findings are listed above")
