"""`setup-local fetch`: download a built distribution from an index."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import click

from setup_local import log, paths
from setup_local.archive_name import Flavor
from setup_local.commands.choice import EnumChoice, NamedPath

INDEX_VARIABLE = "SETUP_LOCAL_INDEX"


def this_host() -> str:
    """Return the target triple of this machine."""
    from setup_local.index.obtain import host_triple

    return host_triple(platform.machine(), platform.libc_ver()[0])


host_triple_option = click.option(
    "--target-triple",
    default=this_host,
    metavar="TRIPLE",
    help="System to get a distribution for.",
    show_default="this machine's",
)


@click.command(context_settings={"show_default": True})
@click.argument("version")
@click.option(
    "--index",
    required=True,
    envvar=INDEX_VARIABLE,
    show_envvar=True,
    metavar="URL|DIR",
    help="Index of distributions.",
)
@click.option(
    "--flavor",
    type=EnumChoice(Flavor),
    help="Kind of archive.  [default: the first available one, in this order]",
)
@host_triple_option
@click.option(
    "--build-options",
    metavar="OPTIONS",
    help="Build options as in the archive's name (noopt, pgo+lto).  [default: any]",
)
@click.option(
    "--output",
    default="dist",
    metavar="DIR",
    type=NamedPath(file_okay=False),
    help="Directory for the archive.",
)
def fetch(
    *, version: str, index: str, flavor: Flavor | None, target_triple: str, build_options: str | None, output: Path
) -> None:
    """Download a built distribution, and verify its size and SHA-256. The last line of standard output is its path.

    VERSION is 3.13 (the newest 3.13.x in the index), 3.13.5 or cpython-3.13.

    \b
    Examples:
      setup-local fetch 3.13 --index https://example.org/pythons
      setup-local fetch 3.13.5 --index dist --flavor full --output /srv/pythons
    """
    from setup_local.index.obtain import Place, Wanted, choose, deliver

    wanted = Wanted(
        version=version,
        target_triple=target_triple,
        flavor=flavor,
        build_options=build_options,
    )
    place = Place(index, cache=paths.cache_root(), environ=os.environ)
    chosen = choose(place.index(), wanted, where=index)
    click.echo(deliver(place.get(chosen), output, report=log.console().print))
