"""`setup-local repack`: make smaller archives of a full one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from setup_local import log
from setup_local.commands.choice import EnumChoice, NamedPath
from setup_local.errors import RequestError
from setup_local.values import ArchiveFormat


@click.command()
@click.argument("archive", type=NamedPath())
@click.option(
    "--flavor", "names", multiple=True, required=True, metavar="NAME", help="What to make; can be repeated, or `all`."
)
@click.option("--output", default="dist", show_default=True, type=NamedPath(), help="Where the archives go.")
@click.option(
    "--format", "suffix", default="gz", show_default=True, type=EnumChoice(ArchiveFormat), help=".tar.gz or .tar.zst."
)
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of paths.")
def repack(*, archive: Path, names: tuple[str, ...], output: Path, suffix: ArchiveFormat, as_machine: bool) -> None:
    """Make smaller archives of a full one: only the installation, stripped, or with the bare necessities.

    The paths of the archives are printed. The same full archive always gives the same bytes. With a stripped flavour comes
    an archive of the debug information that it lacks.

    \b
    Examples:
      setup-local repack dist/cpython-*-full.tar.zst --flavor install_only
      setup-local repack dist/cpython-*-full.tar.zst --flavor all --output dist
      setup-local repack dist/cpython-*-full.tar.zst --flavor minimal --format zst
    """
    from rich.filesize import decimal

    from setup_local.catalog.flavors import load_flavors
    from setup_local.flavors.repack import repack as write_flavor

    catalog = load_flavors()
    known = {flavor.name: flavor for flavor in catalog.flavor}
    wanted = list(known) if "all" in names else list(dict.fromkeys(names))
    if any(known[name].stripped for name in wanted if name in known):
        wanted = list(dict.fromkeys([*wanted, *(name for name, flavor in known.items() if flavor.detached)]))
    if unknown := [name for name in wanted if name not in known]:
        raise RequestError(f"no flavour {unknown[0]!r}", hint=f"there are: {', '.join(known)}, all")
    made = []
    for name in wanted:
        path = write_flavor(
            archive, known[name], catalog, output=output, suffix=suffix.value, threads=len(os.sched_getaffinity(0))
        )
        size = path.stat().st_size
        log.console().print(f"{name}: {decimal(size)}, {known[name].title}")
        made.append({"flavor": name, "path": str(path), "size": size})
        if not as_machine:
            click.echo(path)
    if as_machine:
        click.echo(json.dumps({"format": 1, "archives": made}, indent=2))
