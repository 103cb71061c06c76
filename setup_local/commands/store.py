"""`setup-local store`: list the content of the store, and free space."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from setup_local import paths

if TYPE_CHECKING:
    from rich.table import Table

    from setup_local.build.store import Entry

_DAY = 86400


@click.group()
def store() -> None:
    """List and trim the store of build results.

    \b
    Examples:
      setup-local store info
      setup-local store gc --days 14
      setup-local store gc --all
    """


@store.command()
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
def info(*, as_machine: bool) -> None:
    """List the results in the store, the most recently used first."""
    from rich.console import Console

    from setup_local.build.store import Store, as_json

    entries = Store(paths.cache_root()).entries()
    if as_machine:
        click.echo(json.dumps([as_json(entry) for entry in entries], indent=2))
        return
    Console().print(_table(entries))


def _table(entries: list[Entry]) -> Table:
    from rich.filesize import decimal
    from rich.table import Table

    table = Table(title=f"{paths.cache_root() / 'store'}: {decimal(sum(entry.size for entry in entries))}")
    for column, justify in (
        ("step", "left"),
        ("key", "left"),
        ("size", "right"),
        ("built in", "right"),
        ("last used", "left"),
    ):
        table.add_column(column, justify="right" if justify == "right" else "left")
    for entry in entries:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        table.add_row(entry.name, entry.key[:12], decimal(entry.size), f"{entry.seconds:.1f} s", used)
    return table


@store.command()
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(min=0), help="Keep results used within this many days."
)
@click.option("--all", "everything", is_flag=True, help="Remove every result.")
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
def gc(*, days: int, everything: bool, dry_run: bool) -> None:
    """Remove results not used recently, directories kept by --keep-build, and what interrupted stages left to continue from."""
    from rich.filesize import decimal

    from setup_local.build.store import Store
    from setup_local.build.workspace import remove_kept, remove_resumable

    chosen = Store(paths.cache_root())
    chosen.sweep()
    limit = time.time() - days * _DAY
    doomed = [entry for entry in chosen.entries() if everything or entry.used < limit]
    for entry in doomed:
        if not dry_run:
            chosen.remove(entry)
    cache = paths.cache_root()
    kept = 0 if dry_run else remove_kept(cache) + remove_resumable(cache)
    verb = "would be removed" if dry_run else f"and {kept} scratch directories removed"
    click.echo(f"{len(doomed)} results, {decimal(sum(entry.size for entry in doomed))}, {verb}", err=True)
