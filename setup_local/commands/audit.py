"""`setup-local audit`: check arbitrary binaries against a policy."""

from __future__ import annotations

from pathlib import Path

import click

from setup_local.commands.choice import NamedPath
from setup_local.errors import RequestError, ValidationFailed


@click.command()
@click.argument("paths", nargs=-1, required=True, type=NamedPath())
@click.option(
    "--target-triple",
    "triple",
    default="x86_64-unknown-linux-gnu",
    show_default=True,
    help="Target whose policy applies.",
)
@click.option(
    "--glibc",
    "--macos-minimum",
    "floor",
    default="",
    metavar="VERSION",
    help="Oldest glibc or macOS to support.  [default: the policy's]",
)
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
@click.option("--forbid", multiple=True, metavar="PATH", help="Path that no file may contain; may be repeated.")
def audit(*, paths: tuple[Path, ...], triple: str, floor: str, as_machine: bool, forbid: tuple[str, ...]) -> None:
    """Check the binaries in files and directories against the policy of a target.

    \b
    Examples:
      setup-local audit python/install
      setup-local audit --glibc 2.17 build/module.so
      setup-local audit --target-triple aarch64-apple-darwin --macos-minimum 13.0 build/module.so
      setup-local audit --json bin/
    """
    from setup_local.audit import report
    from setup_local.audit.policy import load_policy
    from setup_local.audit.validate import audit_paths, file_rules
    from setup_local.commands.verdicts import refuse_empty, refuse_floor, show_judged

    refuse_floor(floor)
    refuse_empty(forbid)
    name = ", ".join(str(path) for path in paths)
    policy = load_policy(triple)
    verdict = audit_paths(paths, policy, floor=floor, forbid=forbid)
    if not verdict.parts:
        raise RequestError("nothing to check: there is no binary and no text file with paths", where=name)
    outcome = report.Judged(subject=name, verdict=verdict)
    show_judged(outcome, file_rules(policy.format), triple, as_machine=as_machine)
    if not outcome.holds:
        raise ValidationFailed(f"{len(outcome.findings)} findings", hint="they are listed above")
