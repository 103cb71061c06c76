"""`setup-local sources outdated` and `bump`: maintaining the pins of the catalog."""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local import log, paths
from setup_local.errors import OutputError, RequestError, SourceError

if TYPE_CHECKING:
    from setup_local.fetch import Fetcher
    from setup_local.pins.bump import Bump
    from setup_local.pins.outdated import Standing

_CATALOG = "sources.toml"


def _fetcher(*, offline: bool = False) -> Fetcher:
    from setup_local.fetch import Fetcher

    return Fetcher(paths.cache_root(), offline=offline, report=log.console().print, environ=os.environ)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--try", "tried", is_flag=True, help="Also try to fetch every pinned source that is not in the cache.")
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
def outdated(names: tuple[str, ...], *, tried: bool, as_machine: bool) -> None:
    """List releases newer than the pins, and pins that are unused or no longer available.

    Only signed indexes are searched. Versions that no recipe accepts are left out.

    \b
    Examples:
      setup-local sources outdated
      setup-local sources outdated openssl --try
    """
    from setup_local.catalog.catalogs import load_catalogs
    from setup_local.commands.tables import print_table, table
    from setup_local.pins.outdated import standings

    found = standings(names, load_catalogs(), _fetcher(), tried=tried)
    if as_machine:
        click.echo(json.dumps([_facts(item) for item in found], indent=2))
        return
    rows = table("source", "newest pin", "newer", "where", "note")
    for item in found:
        rows.add_row(item.name, item.pinned, item.newer or "-", item.place, item.note)
    print_table(rows)


def _facts(item: Standing) -> dict[str, str | None]:
    return {
        "name": item.name,
        "pinned": item.pinned,
        "newer": item.newer or None,
        "place": item.place or None,
        "note": item.note or None,
    }


@click.command()
@click.argument("name")
@click.argument("version", required=False)
@click.option("--dry-run", is_flag=True, help="Run all checks and print the change, but write nothing.")
def bump(name: str, version: str | None, *, dry_run: bool) -> None:
    """Pin a newer version of a source: the newest of each series that recipes accept, or VERSION.

    It is fetched from a place listed in a signed index; all patches are tried, and a CPython is compared with the
    catalog. Only data/sources.toml is changed, and only if everything fits.

    \b
    Examples:
      setup-local sources bump openssl
      setup-local sources bump cpython 3.13.15 --dry-run
    """
    from setup_local.catalog.catalogs import load_catalogs
    from setup_local.pins.bump import Bump, find, pinned_text, try_newest

    catalogs, fetcher = load_catalogs(), _fetcher()
    catalog = paths.DATA / _CATALOG
    with tempfile.TemporaryDirectory() as work:
        outcomes = [
            try_newest(old, newer, catalogs, fetcher, Path(work))
            for old, newer in find(name, version, catalogs, fetcher)
        ]
    bumps = tuple(item for item in outcomes if isinstance(item, Bump))
    failures = [item for item in outcomes if isinstance(item, SourceError)]
    if failures and not bumps:
        raise failures[0]
    for failure in failures:
        log.error(str(failure))
    if not bumps:
        raise RequestError("no signed index has anything newer", where=name, hint="see `sources outdated`")
    before = catalog.read_text(encoding="utf-8")
    after = pinned_text(before, bumps)
    for item in bumps:
        _tell(item)
    click.echo(
        "".join(
            difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "before", "after")
        )
    )
    if not dry_run:
        _write(catalog, after)


def _tell(item: Bump) -> None:
    console = log.console()
    console.print(f"{item.new.identity} takes precedence over {item.old.identity}")
    for line in item.checks:
        console.print(f"  {line}")


def _write(catalog: Path, text: str) -> None:
    from setup_local.atomic_write import atomic_write

    try:
        with atomic_write(catalog) as fresh:
            fresh.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=catalog) from error
