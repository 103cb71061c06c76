"""`setup-local repack`: make smaller archives from a full one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local import log
from setup_local.commands.choice import EnumChoice, NamedPath
from setup_local.commands.settings_options import cores
from setup_local.errors import RequestError
from setup_local.values import ArchiveFormat

if TYPE_CHECKING:
    from setup_local.catalog.flavors import Flavor


Made = tuple[str, str, Path, str]
"""An archive: what kind of word asked for it, that word, where it is, and what it is."""


@click.command()
@click.argument("archive", type=NamedPath())
@click.option("--flavor", "names", multiple=True, metavar="NAME", help="Flavour to make, or `all`; may be repeated.")
@click.option(
    "--json-version",
    "versions",
    multiple=True,
    metavar="7",
    help="Make a full archive with PYTHON.json of this version, for PyOxidizer.",
)
@click.option("--output", default="dist", show_default=True, type=NamedPath(), help="Directory for the archives.")
@click.option(
    "--format", "suffix", default="gz", show_default=True, type=EnumChoice(ArchiveFormat), help=".tar.gz or .tar.zst."
)
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of paths.")
def repack(
    *,
    archive: Path,
    names: tuple[str, ...],
    versions: tuple[str, ...],
    output: Path,
    suffix: ArchiveFormat,
    as_machine: bool,
) -> None:
    """Make smaller archives from a full one: only the installation, stripped, or the bare minimum.

    The paths of the archives are printed. The same full archive always gives the same bytes. A stripped flavour comes
    with an archive of the debug information that was removed from it.

    \b
    Examples:
      setup-local repack dist/cpython-*-full.tar.zst --flavor install_only
      setup-local repack dist/cpython-*-full.tar.zst --flavor all --output dist
      setup-local repack dist/cpython-*-full.tar.zst --flavor minimal --format zst
      setup-local repack dist/cpython-*-full.tar.zst --json-version 7
    """
    from setup_local.flavors.older_description import VERSIONS

    if not names and not versions:
        raise RequestError("nothing to make", where=archive, hint="name a --flavor, or --json-version 7")
    if unknown := [version for version in versions if version not in VERSIONS]:
        raise RequestError(f"no version {unknown[0]!r} of PYTHON.json", hint=f"known: {', '.join(VERSIONS)}")
    made = [
        _shown(*item, as_machine=as_machine)
        for item in (*_flavors(archive, names, output, suffix), *_older(archive, versions, output))
    ]
    if as_machine:
        click.echo(json.dumps({"format": 1, "archives": made}, indent=2))


def _flavors(archive: Path, names: tuple[str, ...], output: Path, suffix: ArchiveFormat) -> Iterator[Made]:
    """Yield each flavour as soon as it is made; unrequested debug information may be missing (as on Windows)."""
    from setup_local.catalog.flavors import load_flavors
    from setup_local.flavors.repack import NoDebugInformation
    from setup_local.flavors.repack import repack as write_flavor

    catalog = load_flavors()
    known = {flavor.name: flavor for flavor in catalog.flavor}
    threads = cores()
    for name in _wanted(names, known):
        try:
            path = write_flavor(archive, known[name], catalog, output=output, suffix=suffix.value, threads=threads)
        except NoDebugInformation:
            if name in names:
                raise
            continue
        yield "flavor", name, path, known[name].title


def _older(archive: Path, versions: tuple[str, ...], output: Path) -> Iterator[Made]:
    """Yield each archive with an older description as soon as it is made."""
    from setup_local.flavors.older_description import with_description

    for version in dict.fromkeys(versions):
        path = with_description(archive, version, output=output, threads=cores())
        yield "json_version", version, path, f"the full archive, with PYTHON.json of version {version}"


def _wanted(names: tuple[str, ...], known: Mapping[str, Flavor]) -> list[str]:
    """Return the flavours to make: a stripped one includes the archive of its debug information."""
    wanted = list(known) if "all" in names else list(dict.fromkeys(names))
    if any(known[name].stripped for name in wanted if name in known):
        wanted = list(dict.fromkeys([*wanted, *(name for name, flavor in known.items() if flavor.detached)]))
    if unknown := [name for name in wanted if name not in known]:
        raise RequestError(f"no flavour {unknown[0]!r}", hint=f"known: {', '.join(known)}, all")
    return wanted


def _shown(kind: str, name: str, path: Path, title: str, *, as_machine: bool) -> dict[str, object]:
    """Print one archive, and return its machine-readable description."""
    from rich.filesize import decimal

    size = path.stat().st_size
    log.console().print(f"{name}: {decimal(size)}, {title}")
    if not as_machine:
        click.echo(path)
    return {kind: name, "path": str(path), "size": size}
