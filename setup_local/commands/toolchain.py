"""`setup-local toolchain`: the toolchains that a build can use here, and why not others."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local import log, paths
from setup_local.commands.buildenv import PYTHON
from setup_local.commands.choice import EnumChoice, NamedPath
from setup_local.commands.settings_options import settings_options
from setup_local.values import DEFAULT_TRIPLE, BuildSettings, Request, ToolchainChoice

if TYPE_CHECKING:
    from rich.table import Table

    from setup_local.build.toolchains import Listed

_WIDE = 200


@click.group()
def toolchain() -> None:
    """List, build and transfer toolchains.

    \b
    Examples:
      setup-local toolchain list
      setup-local toolchain list --llvm /opt/llvm --json
    """


@toolchain.command("bootstrap")
@settings_options
@click.option("--until", default="", metavar="STAGE", help="Stop after this stage.")
@click.option(
    "--processor",
    "processors",
    multiple=True,
    metavar="NAME",
    help="Processor that Clang compiles for, in addition to this machine's; may be repeated.  [default: all]",
)
def bootstrap_command(*, settings: BuildSettings, until: str, processors: tuple[str, ...]) -> None:
    """Build Clang from sources in a distribution, with only its old GCC; takes hours, continues after being killed.

    \b
    Examples:
      setup-local toolchain bootstrap --environment bullseye
      setup-local toolchain bootstrap --environment bullseye --until binutils
      setup-local toolchain bootstrap --environment bullseye --processor x86_64
    """
    from setup_local.build.progress import Progress
    from setup_local.toolmaking import bootstrap

    with Progress(log.console()) as progress:
        made = bootstrap(settings, progress, until=until, processors=processors)
    click.echo(made)


@toolchain.command("list")
@click.option(
    "--llvm",
    "directory",
    metavar="DIR",
    type=NamedPath(exists=True, file_okay=False, resolve_path=True),
    help="Look for the host's LLVM only here.",
)
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
def list_command(*, directory: Path | None, as_machine: bool) -> None:
    """List the wheel's toolchain, every LLVM of this host and its Xcode: version, tools, and why one is not used.

    \b
    Examples:
      setup-local toolchain list
      setup-local toolchain list --json
      setup-local toolchain list --llvm /usr/lib/llvm-19
    """
    from rich.console import Console

    from setup_local.build.toolchains import list_toolchains

    found = list_toolchains(paths.cache_root(), path=os.environ.get("PATH", os.defpath), directory=directory)
    if as_machine:
        click.echo(json.dumps([asdict(item) for item in found], indent=2))
        return
    console = Console(highlight=False)
    (console if console.is_terminal else Console(width=_WIDE)).print(_table(found))


def _table(found: tuple[Listed, ...]) -> Table:
    from rich.table import Table

    table = Table()
    for column in ("toolchain", "LLVM", "place", "tools", "used"):
        table.add_column(column, overflow="fold")
    for item in found:
        verdict = item.reason if item.taken else f"no: {item.reason}"
        table.add_row(item.toolchain, item.version or "?", item.place, " ".join(item.tools), verdict)
    return table


@toolchain.command("export")
@click.argument("file", type=NamedPath(dir_okay=False))
@click.option(
    "--environment", default="", metavar="NAME", help="Environment of the toolchain; not needed if there is only one."
)
def export_command(*, file: Path, environment: str) -> None:
    """Write a bootstrapped toolchain to one archive with a manifest of its files, and print the archive's SHA-256.

    \b
    Example:
      setup-local toolchain export clang-of-bullseye.tar.gz
    """
    from setup_local.build.bootstrapped import export, find_bootstrapped

    sha256 = export(find_bootstrapped(paths.cache_root(), environment), file)
    click.echo(f"{sha256}  {file}")


@toolchain.command("import")
@click.argument("file", type=NamedPath(exists=True, dir_okay=False))
@click.option("--sha256", default="", metavar="HEX", help="Refuse an archive with another hash.")
def import_command(*, file: Path, sha256: str) -> None:
    """Import a toolchain that was exported elsewhere, after verifying every file in it.

    \b
    Examples:
      setup-local toolchain import clang-of-bullseye.tar.gz
      setup-local toolchain import clang-of-bullseye.tar.gz --sha256 9f86d081884c7d65...
    """
    from setup_local.build.bootstrapped import take_over

    found = take_over(file, paths.cache_root(), sha256.lower())
    click.echo(f"{found.environment}: {found.directory}")


@toolchain.command("fetch")
@click.argument("url")
@click.option("--sha256", required=True, metavar="HEX", help="Hash that `toolchain export` printed.")
def fetch_command(*, url: str, sha256: str) -> None:
    """Download an exported toolchain, and import it.

    \b
    Example:
      setup-local toolchain fetch https://example.org/clang-of-bullseye.tar.gz --sha256 9f86d081884c7d65...
    """
    from setup_local.build.bootstrapped import fetch_over

    found = fetch_over(url, sha256.lower(), paths.cache_root(), os.environ)
    click.echo(f"{found.environment}: {found.directory}")


@toolchain.command("build", context_settings={"show_default": True})
@click.option("--target-triple", default=DEFAULT_TRIPLE, metavar="TRIPLE", help="System to compile for.")
@click.option("--glibc", metavar="X.Y", help="Oldest glibc the result runs on.  [default: the target's]")
@click.option("--toolchain", "choice", default="auto", type=EnumChoice(ToolchainChoice), help="Clang to use.")
@settings_options
def build_command(*, target_triple: str, glibc: str | None, choice: ToolchainChoice, settings: BuildSettings) -> None:
    """Build the compilers, the C library and the C++ library for a target, and print their locations.

    \b
    Examples:
      setup-local toolchain build
      setup-local toolchain build --target-triple x86_64-unknown-linux-musl
    """
    from setup_local.build.progress import Progress
    from setup_local.buildenv import make_tools

    request = Request(python=PYTHON, target_triple=target_triple, glibc=glibc, toolchain=choice)
    with Progress(log.console()) as progress:
        tools = make_tools(request, settings, progress)
    for name, place in (("compilers", tools.compilers), ("libc", tools.libc), ("c++", tools.cxx)):
        click.echo(f"{name}: {place}")
