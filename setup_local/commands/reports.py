"""Reports of verdicts requested with `--format`: each to standard output or to a file."""

from __future__ import annotations

import importlib.metadata
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

import click

from setup_local.atomic_write import atomic_write
from setup_local.errors import OutputError, RequestError

if TYPE_CHECKING:
    from setup_local.audit.model import Rule
    from setup_local.audit.report import Judged


_TABLE_WIDTH = 120  # of a table in a file


class Format(Enum):
    """The format of a report."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A requested report; without a file it goes to standard output."""

    format: Format
    file: Path | None = None


class ReportChoice(click.ParamType[Report]):
    """`FORMAT` or `FORMAT=FILE`."""

    name = "report"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the placeholder in the help."""
        del param, ctx
        return f"{'|'.join(item.value for item in Format)}[=FILE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Report:
        """Return the report for an argument of the command line."""
        name, equals, file = str(value).partition("=")
        if name not in {item.value for item in Format}:
            self.fail(f"{name!r} is not one of {', '.join(item.value for item in Format)}.", param, ctx)
        if equals and not file.strip():
            self.fail(f"{value!r} does not name a file.", param, ctx)
        return Report(format=Format(name), file=Path(file) if file else None)


def requested_reports(reports: Sequence[Report], *, as_json: bool) -> tuple[Report, ...]:
    """Return all requested reports; standard output gets the table if it gets nothing else.

    Raises `RequestError` for two reports to one place, `OutputError` for a file that cannot be written.
    """
    wanted = (*reports, *([Report(format=Format.JSON)] if as_json else []))
    if not any(report.file is None for report in wanted):
        wanted = (*wanted, Report(format=Format.TABLE))
    files = [report.file for report in wanted]
    if len(set(files)) < len(files):
        hint = "write all but one to separate files: --format junit=report.xml"
        raise RequestError("two reports have the same destination", where="--format", hint=hint)
    for file in filter(None, files):
        if file.is_dir() or not file.absolute().parent.is_dir():
            raise OutputError("is not a file in an existing directory", where=file)
    return wanted


def write_report(report: Report, outcomes: Sequence[Judged], rules: Sequence[Rule[Any]]) -> None:
    """Write one report to its destination. Raises `OutputError`."""
    text = _text(report.format, outcomes, rules)
    if report.file is None:
        click.echo(text)
        return
    try:
        with atomic_write(report.file) as fresh:
            fresh.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=report.file) from error


def _text(form: Format, outcomes: Sequence[Judged], rules: Sequence[Rule[Any]]) -> str:
    from setup_local.audit import ci_reports, report

    match form:
        case Format.TABLE:
            return _table(outcomes, rules)
        case Format.JSON:
            return json.dumps(report.as_json(outcomes, rules), indent=2)
        case Format.JUNIT:
            return ci_reports.junit(outcomes, rules)
        case Format.SARIF:
            log = ci_reports.sarif(outcomes, rules, version=_version(), root=Path.cwd())
            return json.dumps(log, indent=2)
        case Format.GITHUB:
            return "\n".join(ci_reports.github(outcomes, root=Path.cwd()))
        case _:
            assert_never(form)


def _table(outcomes: Sequence[Judged], rules: Sequence[Rule[Any]]) -> str:
    from rich.console import Console

    from setup_local.audit import report

    plain = io.StringIO()
    for item in outcomes:
        report.show(Console(file=plain, highlight=False, width=_TABLE_WIDTH), item, rules)
    return plain.getvalue().rstrip("\n")


def _version() -> str:
    """Return the version of the installed package; empty in a checkout, which is not installed."""
    try:
        return importlib.metadata.version("setup-local")
    except importlib.metadata.PackageNotFoundError:
        return ""
