"""`setup-local build`: the command behind `./build-linux.py`."""

from __future__ import annotations

import dataclasses
import os

import click

from setup_local import log, paths
from setup_local.commands.means_options import Means, means_options
from setup_local.commands.settings_options import settings_options
from setup_local.commands.variant_options import variant_options
from setup_local.values import BuildSettings, Request

_DEFAULT_PYTHON = "cpython-3.13"


def choose_python(asked: str | None, own: tuple[str, ...]) -> str:
    """Return the requested Python; without a request, the one whose source is given."""
    given = any(text.startswith(("cpython=", "cpython-")) for text in own)
    return asked or ("" if given else _DEFAULT_PYTHON)


def _plan_shown(request: Request, *, as_json: bool) -> str:
    from setup_local import pipeline
    from setup_local.build import xcode
    from setup_local.catalog.catalogs import load_catalogs
    from setup_local.fetch.cache import SourceCache
    from setup_local.plan.resolve import refuse_for_system, resolve
    from setup_local.sourcing import with_own_sources

    catalogs = with_own_sources(request, load_catalogs(), SourceCache(paths.cache_root()))
    refuse_for_system(request)
    plan = resolve(xcode.completed(request, catalogs.host, os.environ), catalogs)
    return pipeline.plan_json(plan) if as_json else pipeline.plan_text(plan)


@click.command(context_settings={"show_default": True})
@click.option(
    "--python",
    metavar="cpython-X.Y[.Z]",
    help="Version to build; X.Y selects the newest available release.  [default: cpython-3.13]",
)
@variant_options
@settings_options
@means_options
@click.option(
    "--source",
    "own",
    multiple=True,
    metavar="NAME=FILE|DIR",
    help="Use your own source of a library or of cpython; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run, print the plan as JSON.")
def build(
    *,
    python: str | None,
    own: tuple[str, ...],
    variant: Request,
    settings: BuildSettings,
    means: Means,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build a distribution. The last line of standard output is the path of the archive.

    \b
    Examples:
      ./build-linux.py
      ./build-linux.py --optimized
      ./build-linux.py --python cpython-3.11.2 --output /srv/pythons
      ./build-linux.py --musl --options noopt+static
      ./build-linux.py --toolchain llvm --llvm /usr/lib/llvm-19
      ./build-linux.py --mirror /srv/sources --offline
      ./build-linux.py --source openssl=openssl-3.5.9.tar.gz --source cpython=../cpython
      ./build-linux.py --dry-run
    """
    from setup_local import pipeline
    from setup_local.build.progress import Progress

    request = means.of(dataclasses.replace(variant, python=choose_python(python, own), sources=own))
    if dry_run:
        pipeline.requested_environment(settings)
        click.echo(_plan_shown(request, as_json=as_json))
        return
    with Progress(log.console()) as progress:
        archive = pipeline.build(request, settings, progress)
    click.echo(archive)
