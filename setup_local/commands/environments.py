"""`setup-local environments`: the distributions in which a build can run, and their pins."""

from __future__ import annotations

import json
import os
from enum import Enum
from typing import TYPE_CHECKING

import click

from setup_local import log, paths
from setup_local.commands.choice import EnumChoice

if TYPE_CHECKING:
    from setup_local.catalog.environments import Environment


class IndexPlace(Enum):
    """Where the index of an environment's packages comes from."""

    SNAPSHOT = "snapshot"
    APT = "apt"


@click.group()
def environments() -> None:
    """List and pin the distributions in which build steps can run (--environment).

    \b
    Examples:
      setup-local environments list
      setup-local environments resolve wheezy
    """


@environments.command("list")
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
def list_command(*, as_machine: bool) -> None:
    """List the environments: suite, snapshot, C library, and how many packages have no pinned hash yet.

    \b
    Example:
      setup-local environments list
    """
    from setup_local.catalog.environments import environment_names, load_environment

    found = [load_environment(name) for name in environment_names()]
    if as_machine:
        click.echo(json.dumps([_as_json(item) for item in found], indent=2))
        return
    for item in found:
        state = f"{len(item.unresolved)} packages without a hash" if item.unresolved else "all pinned"
        click.echo(
            f"{item.name:10} {item.title:10} {item.snapshot}  glibc {item.libc_version}  "
            f"{len(item.packages):3} packages, {state}"
        )


def _as_json(item: Environment) -> dict[str, object]:
    return {
        "name": item.name,
        "suite": item.suite,
        "snapshot": item.snapshot,
        "libc-version": item.libc_version,
        "packages": len(item.packages),
        "unresolved": list(item.unresolved),
    }


@environments.command("resolve")
@click.argument("name")
@click.option(
    "--from",
    "place",
    default="snapshot",
    type=EnumChoice(IndexPlace),
    show_default=True,
    help="Use the snapshot archive, or the host's apt.",
)
def resolve_command(*, name: str, place: IndexPlace) -> None:
    """Select the packages of an environment, and write their versions and hashes to its file.

    \b
    Examples:
      setup-local environments resolve wheezy
      setup-local environments resolve bullseye --from apt
    """
    from setup_local.atomic_write import atomic_write
    from setup_local.catalog.environments import environment_file, load_environment
    from setup_local.fetch.apt import Apt
    from setup_local.fetch.debian_packages import choose, read_index
    from setup_local.fetch.environment_index import apt_index, snapshot_index
    from setup_local.pins.environment_pins import with_packages

    environment, file = load_environment(name), environment_file(name)
    if place is IndexPlace.SNAPSHOT:
        index = snapshot_index(environment, os.environ)
    else:
        index = apt_index(environment, Apt(paths.cache_root() / "apt", environ=os.environ, report=log.console().print))
    packages = choose(environment, read_index(index))
    text = with_packages(file.read_text(encoding="utf-8"), packages, where=file)
    with atomic_write(file) as fresh:
        fresh.write_text(text, encoding="utf-8")
    size = sum(package.size for package in packages.values())
    click.echo(f"{file}: {len(packages)} packages, {size / 1e6:.0f} MB")
