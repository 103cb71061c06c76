"""`setup-local doctor`: report on a host and on an installed tree."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local.commands.choice import NamedPath
from setup_local.errors import ValidationFailed

if TYPE_CHECKING:
    from setup_local.doctor.model import Section

_TRIPLE = "x86_64-unknown-linux-gnu"


@click.command()
@click.argument("directory", metavar="[DIR]", required=False, type=NamedPath())
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
def doctor(*, directory: Path | None, as_machine: bool) -> None:
    """Report on this host and, with DIR, on the Python installed there, with the fix for each problem.

    DIR is an unpacked distribution, or the installation in it. Exits with 0 if there are no problems;
    warnings concern features that only some users need.

    \b
    Examples:
      setup-local doctor
      setup-local doctor python/install
      setup-local doctor --json /opt/python
    """
    from rich.console import Console

    from setup_local.doctor import report

    sections = _sections(directory)
    if as_machine:
        click.echo(json.dumps(report.as_json(sections), indent=2))
    else:
        console = Console(highlight=False)
        for section in sections:
            report.show(console, section)
    problems = sum(section.problems for section in sections)
    if problems:
        raise ValidationFailed(f"problems found: {problems}", hint="each is listed with its fix")


def _sections(directory: Path | None) -> list[Section]:
    from setup_local.audit.policy import load_policy
    from setup_local.doctor.host import host_facts
    from setup_local.doctor.judge_host import HostCase, judge_host
    from setup_local.doctor.judge_tree import TreeCase, judge_tree
    from setup_local.doctor.tables import host_tables
    from setup_local.doctor.tree import find_interpreter, tree_facts
    from setup_local.paths import cache_root

    if directory is not None:
        find_interpreter(directory)
    tables = host_tables()
    host = host_facts(os.environ, cache_root(), tables)
    sections = [judge_host(HostCase(facts=host, tables=tables, policy=load_policy(_TRIPLE)))]
    if directory is not None:
        facts = tree_facts(directory, host, os.environ, tables)
        sections.append(judge_tree(TreeCase(facts=facts, tables=tables)))
    return sections
