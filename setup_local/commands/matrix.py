"""`setup-local matrix`: builds the product of versions, targets, options and modules in one file."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local import log
from setup_local.commands.choice import NamedPath
from setup_local.commands.settings_options import settings_options
from setup_local.errors import MatrixError
from setup_local.values import BuildSettings

if TYPE_CHECKING:
    from setup_local.matrix.execute import Result

_WIDTH_OF_FILES = 160


@click.command()
@click.argument("file", type=NamedPath(dir_okay=False, exists=True))
@settings_options
@click.option("--dry-run", is_flag=True, help="Print the planned distributions and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def matrix(*, file: Path, settings: BuildSettings, dry_run: bool, as_json: bool) -> None:
    """Build every distribution in a matrix file, and print a table of the results.

    Steps that several of them share are run once. A failure does not stop the others; the exit code is then 23.
    Another run continues where this one stopped.

    \b
    Examples:
      setup-local matrix examples/fleet.toml --dry-run
      setup-local matrix examples/fleet.toml --output /srv/pythons
    """
    from setup_local import pipeline
    from setup_local.build.progress import Progress
    from setup_local.catalog.catalogs import load_catalogs
    from setup_local.matrix import report
    from setup_local.matrix.execute import Outcome, build_cells, plan_cells
    from setup_local.matrix.load import load_matrix

    catalogs = load_catalogs()
    results = plan_cells(load_matrix(file, catalogs), catalogs)
    if not dry_run:
        with Progress(log.console()) as progress:
            results = build_cells(
                results, lambda request, reporter: pipeline.build(request, settings, reporter), progress
            )
    _show(results, as_json=as_json)
    if any(result.outcome is Outcome.INTERRUPTED for result in results):
        raise KeyboardInterrupt
    if bad := report.summary(results):
        raise MatrixError(bad, where=file)


def _show(results: Sequence[Result], *, as_json: bool) -> None:
    from rich.console import Console

    from setup_local.matrix import report

    if as_json:
        click.echo(json.dumps(report.document(results), indent=2))
        return
    width = None if sys.stdout.isatty() else _WIDTH_OF_FILES
    Console(highlight=False, width=width).print(report.table(results))
    for line in report.reasons(results):
        click.echo(line)
