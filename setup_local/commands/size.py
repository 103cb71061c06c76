"""`setup-local size`: the sizes of an archive's parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local import log
from setup_local.commands.choice import NamedPath
from setup_local.errors import OutputError

if TYPE_CHECKING:
    from rich.table import Table

    from setup_local.catalog.flavors import FlavorCatalog
    from setup_local.flavors.sizes import PartSize, Sizes


@click.command()
@click.argument("archive", type=NamedPath())
@click.option("--svg", "picture", type=NamedPath(), metavar="FILE", help="Also draw a treemap to this file.")
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
def size(*, archive: Path, picture: Path | None, as_machine: bool) -> None:
    """Show the size of each part of an archive, and which flavours leave it out.

    Sizes are those of the unpacked files; nothing is unpacked to disk.

    \b
    Examples:
      setup-local size dist/cpython-*-full.tar.zst
      setup-local size dist/cpython-*-install_only.tar.gz --svg sizes.svg
    """
    from rich.console import Console

    from setup_local.catalog.flavors import load_flavors
    from setup_local.flavors import treemap
    from setup_local.flavors.sizes import as_json, measure

    catalog = load_flavors()
    sizes = measure(archive, catalog)
    if picture is not None:
        _write(picture, treemap.svg(sizes))
    if as_machine:
        click.echo(json.dumps(as_json(sizes), indent=2))
        return
    Console(highlight=False).print(_table(sizes, catalog))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=path) from error


def _table(sizes: Sizes, catalog: FlavorCatalog) -> Table:
    from rich.filesize import decimal
    from rich.table import Table

    title = f"{log.escaped(sizes.archive)}: {decimal(sizes.packed)} packed, {decimal(sizes.size)} unpacked"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("part")
    for column in ("files", "size", "of which bytecode", "of which debug information", "share"):
        table.add_column(column, justify="right")
    table.add_column("left out of")
    for item in sizes.parts:
        table.add_row(*_row(item, sizes.size), ", ".join(_lacking(item, catalog)))
    return table


def _row(item: PartSize, whole: int) -> tuple[str, ...]:
    from rich.filesize import decimal

    bytecode = decimal(item.bytecode) if item.bytecode else ""
    share = f"{item.size / whole:.1%}" if whole else ""
    debug = decimal(item.debug) if item.debug else ""
    return item.part.title, str(len(item.files)), decimal(item.size), bytecode, debug, share


def _lacking(item: PartSize, catalog: FlavorCatalog) -> list[str]:
    return [flavor.name for flavor in catalog.flavor if item.part.name in flavor.without]
