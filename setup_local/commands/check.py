"""`setup-local check`: find what would break in a tree that is moved, or on an older system."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local.commands.choice import NamedPath
from setup_local.errors import RequestError, ValidationFailed
from setup_local.printable import printable
from setup_local.values import DEFAULT_TRIPLE

if TYPE_CHECKING:
    from setup_local.doctor.tree_files import Limits


@click.command()
@click.argument("directory", metavar="DIR", type=NamedPath())
@click.option(
    "--target-triple",
    "asked",
    metavar="TRIPLE",
    help="Target whose policy applies.  [default: the target of the interpreter in DIR]",
)
@click.option(
    "--glibc",
    "floor",
    default="",
    metavar="VERSION",
    help="Oldest glibc to run on; without it, files that need a newer one are only warnings.",
)
@click.option("--fix", "mend", is_flag=True, help="First repair scripts, and the pip that writes broken ones.")
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
def check(*, directory: Path, asked: str | None, floor: str, mend: bool, as_machine: bool) -> None:
    """Find files in DIR (wheels, programs built by hand) that break when it is moved, or on an older system.

    If DIR contains the SHA256SUMS of its archive, files changed since then are reported as warnings.

    \b
    Examples:
      setup-local check python/install
      setup-local check --glibc 2.17 /opt/python
      setup-local check --fix /opt/python
      setup-local check --json python
    """
    from setup_local.audit import report
    from setup_local.commands.verdicts import show_judged
    from setup_local.doctor.changes import changed_files
    from setup_local.doctor.judge_files import RULES, judge_files
    from setup_local.doctor.repair import repair
    from setup_local.doctor.tree_files import tree_files

    triple = asked or target_of(directory)
    limits = _limits(directory, triple, floor)
    root = Path(limits.roots[0])
    if mend:
        for name, what in repair(root, tree_files(root, limits)):
            click.echo(printable(f"{name}: {what}"), err=as_machine)
    verdict = judge_files(str(directory), chain(tree_files(root, limits), changed_files(root)))
    outcome = report.Judged(subject=str(directory), verdict=verdict)
    show_judged(outcome, RULES, triple, as_machine=as_machine)
    if not outcome.holds:
        raise ValidationFailed(
            "the tree contains files that would break", hint="they are listed above, each with its fix"
        )


def target_of(directory: Path) -> str:
    """Return the target of the interpreter in a directory by its loader; the default if nothing shows it."""
    from setup_local.audit.files import read_bounded
    from setup_local.audit.policy import load_policy, triples
    from setup_local.binfmt.elf import read_elf
    from setup_local.doctor.tree import find_interpreter

    try:
        elf = read_elf(read_bounded(find_interpreter(directory)))
    except (RequestError, OSError, ValueError):
        return DEFAULT_TRIPLE
    return next((triple for triple in triples() if load_policy(triple).loader == elf.interpreter), DEFAULT_TRIPLE)


def _limits(directory: Path, triple: str, floor: str) -> Limits:
    from setup_local.audit.policy import load_policy, version
    from setup_local.commands.verdicts import refuse_floor
    from setup_local.doctor.tables import check_tables
    from setup_local.doctor.tree import refuse_no_directory
    from setup_local.doctor.tree_files import Limits

    refuse_floor(floor)
    policy = load_policy(triple)
    refuse_no_directory(directory)
    roots = dict.fromkeys((os.path.realpath(directory), os.path.abspath(directory)))
    return Limits(
        roots=tuple(roots),
        policy=policy,
        floor=version(floor or policy.default_floor),
        demanded=bool(floor),
        tables=check_tables(),
    )
