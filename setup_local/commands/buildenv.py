"""`setup-local buildenv`: the environment in which other software is compiled for a distribution."""

from __future__ import annotations

import json
from pathlib import Path

import click

from setup_local import log
from setup_local.commands.choice import EnumChoice, NamedPath
from setup_local.commands.means_options import choose_toolchain
from setup_local.commands.settings_options import settings_options
from setup_local.values import DEFAULT_TRIPLE, BuildSettings, Request, ToolchainChoice

PYTHON = "cpython-3.13"


@click.command(context_settings={"show_default": True})
@click.argument("directory", metavar="[DIR]", required=False, type=NamedPath(exists=True, file_okay=False))
@click.option(
    "--target-triple", default=DEFAULT_TRIPLE, metavar="TRIPLE", help="System to compile for, if DIR is not given."
)
@click.option("--glibc", metavar="X.Y", help="Oldest glibc the result runs on.  [default: 2.12 on x86_64]")
@click.option("--toolchain", default="auto", type=EnumChoice(ToolchainChoice), help="Clang to use.")
@click.option(
    "--llvm",
    metavar="DIR",
    type=NamedPath(exists=True, file_okay=False, resolve_path=True),
    help="Directory of the host's LLVM.",
)
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of shell commands.")
@settings_options
def buildenv(
    *,
    directory: Path | None,
    target_triple: str,
    glibc: str | None,
    toolchain: ToolchainChoice,
    llvm: Path | None,
    as_machine: bool,
    settings: BuildSettings,
) -> None:
    """Print the environment for compiling C code as portably as the interpreter, for `eval` in a shell.

    DIR is an unpacked distribution: its target is used, and its programs come first in PATH. Compilers and sysroot are built
    if they are missing.

    \b
    Examples:
      eval "$(setup-local buildenv python/install)"; python3 -m pip wheel --no-deps ./package
      setup-local buildenv --target-triple x86_64-unknown-linux-musl --json
    """
    from setup_local.build.progress import Progress
    from setup_local.buildenv import as_shell, build_environment

    request = Request(
        python=PYTHON,
        target_triple=target_triple,
        glibc=glibc,
        toolchain=choose_toolchain(toolchain, llvm),
        llvm=llvm,
    )
    with Progress(log.console()) as progress:
        found = build_environment(request, settings, progress, directory)
    click.echo(json.dumps(found, indent=2) if as_machine else as_shell(found))
