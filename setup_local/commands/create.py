"""`setup-local create`: an environment from a distribution."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local import log, paths
from setup_local.archive_name import Flavor
from setup_local.commands.choice import EnumChoice, NamedPath
from setup_local.commands.fetch import INDEX_VARIABLE, host_triple_option
from setup_local.errors import RequestError

if TYPE_CHECKING:
    from setup_local.index.obtain import Wanted

_VERSION = re.compile(r"([a-z]+-)?\d+(\.\d+){0,2}((a|b|rc)\d+)?")
_PACKAGE_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+]*")


@click.command(context_settings={"show_default": True})
@click.argument("directory", metavar="DIR", envvar="PYTHON_INSTALL_DIR", type=NamedPath(file_okay=False))
@click.option(
    "--from",
    "origin",
    envvar="PYTHON_VERSION",
    show_envvar=True,
    metavar="ARCHIVE|VERSION",
    help="Archive, or version to look up in the index.  [default: the newest in the index]",
)
@click.option("--index", envvar=INDEX_VARIABLE, show_envvar=True, metavar="URL|DIR", help="Index of distributions.")
@click.option("--flavor", type=EnumChoice(Flavor), help="Kind of archive, as for `fetch`.")
@host_triple_option
@click.option("--pip", envvar="PIP_VERSION", show_envvar=True, metavar="X", help="Install this version of pip.")
@click.option(
    "--setuptools",
    envvar="SETUPTOOLS_VERSION",
    show_envvar=True,
    metavar="X",
    help="Install this version of setuptools.",
)
@click.option(
    "--virtualenv",
    envvar="VIRTUALENV_VERSION",
    show_envvar=True,
    metavar="X",
    help="Install this version of virtualenv.",
)
def create(
    *,
    directory: Path,
    origin: str | None,
    index: str | None,
    flavor: Flavor | None,
    target_triple: str,
    **packages: str | None,
) -> None:
    """Unpack an environment to DIR, which must be empty or must not exist. It can be moved afterwards.

    The last line of standard output is the path of its interpreter. DIR can also be given as
    PYTHON_INSTALL_DIR; options take precedence over variables.

    \b
    Examples:
      setup-local create /srv/python --from dist/cpython-3.13.5-x86_64-unknown-linux-gnu-noopt-full.tar.zst
      setup-local create env --from 3.13 --index https://example.org/pythons --virtualenv 20.31.2
      PYTHON_VERSION=3.13.5 PYTHON_INSTALL_DIR=/srv/python setup-local create --index dist
    """
    from setup_local.index.environment import create as make
    from setup_local.index.environment import refuse_occupied
    from setup_local.index.obtain import Wanted

    wanted = _package_versions(packages)
    refuse_occupied(directory)  # before anything is downloaded
    archive = Path(origin) if origin and _is_archive(origin) else None
    if archive is None:
        version = Wanted(version=origin or "", target_triple=target_triple, flavor=flavor)
        archive = _looked_up(version, index)
    report = log.console().print
    click.echo(make(archive, directory, packages=wanted, environ=os.environ, report=report))


def _package_versions(packages: dict[str, str | None]) -> dict[str, str]:
    chosen = {name: version for name, version in packages.items() if version}
    for name, version in chosen.items():
        if not _PACKAGE_VERSION.fullmatch(version):
            raise RequestError(
                "is not an exact version", where=f"--{name} {version}", hint=f"for example --{name} 25.1"
            )
    return chosen


def _is_archive(origin: str) -> bool:
    """Return whether the origin is a file and not a version; raise `RequestError` if it is neither."""
    if os.path.isfile(origin):
        return True
    if os.path.lexists(origin):
        raise RequestError("is not a file", where=f"--from {origin}", hint="name an archive, or a version: --from 3.13")
    if _VERSION.fullmatch(origin):
        return False
    raise RequestError("is neither a file nor a version", where=f"--from {origin}", hint="for example --from 3.13")


def _looked_up(wanted: Wanted, index: str | None) -> Path:
    from setup_local.index.obtain import Place, choose

    if index is None:
        raise RequestError("no index is given", hint="use --index URL|DIR, or --from with the path of an archive")
    place = Place(index, cache=paths.cache_root(), environ=os.environ)
    return place.get(choose(place.index(), wanted, where=index))
