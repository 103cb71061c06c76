"""`setup-local build`: what `./build-linux.py` runs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from setup_local import log, paths
from setup_local.commands.choice import EnumChoice, NamedPath
from setup_local.commands.settings_options import settings_options
from setup_local.commands.variant_options import variant_options
from setup_local.errors import RequestError
from setup_local.values import ArchiveFormat, BuildSettings, LlvmToolsChoice, Request, ToolchainChoice

_DEFAULT_PYTHON = "cpython-3.13"


def choose_toolchain(choice: ToolchainChoice, llvm: Path | None) -> ToolchainChoice:
    """Return the toolchain that two options mean; raise `RequestError` if they disagree."""
    if llvm is None:
        return choice
    if choice is ToolchainChoice.ZIG:
        raise RequestError("--llvm is a directory for --toolchain llvm, not zig", hint="leave one of them out")
    return ToolchainChoice.LLVM


def choose_python(asked: str | None, own: tuple[str, ...]) -> str:
    """Return the Python that is asked for; without a word, the one whose source is given."""
    given = any(text.startswith(("cpython=", "cpython-")) for text in own)
    return asked or ("" if given else _DEFAULT_PYTHON)


def refuse_no_profile(path: Path) -> None:
    """Raise `RequestError` for a file that no instrumented program of LLVM wrote."""
    from setup_local.binfmt.detect import HEAD, FileKind, detect

    try:
        with path.open("rb") as stream:
            kind = detect(stream.read(HEAD))
    except OSError as error:
        raise RequestError(f"cannot be read: {error.strerror}", where=f"--profile {path}") from error
    if kind is not FileKind.PROFILE:
        hint = "take build/cpython.profdata of an archive that was built with --optimized"
        raise RequestError("is not a profile of LLVM", where=f"--profile {path}", hint=hint)


def _plan_shown(request: Request, *, as_json: bool) -> str:
    from setup_local import pipeline
    from setup_local.catalog.catalogs import load_catalogs
    from setup_local.fetch.cache import SourceCache
    from setup_local.plan.resolve import resolve
    from setup_local.sourcing import with_own_sources

    plan = resolve(request, with_own_sources(request, load_catalogs(), SourceCache(paths.cache_root())))
    return pipeline.plan_json(plan) if as_json else pipeline.plan_text(plan)


@click.command(context_settings={"show_default": True})
@click.option(
    "--python",
    metavar="cpython-X.Y[.Z]",
    help="Version to build; X.Y takes the newest that can be had.  [default: cpython-3.13]",
)
@variant_options
@settings_options
@click.option(
    "--profile",
    metavar="FILE",
    type=NamedPath(exists=True, dir_okay=False, resolve_path=True),
    help="Take this profile (build/cpython.profdata of an archive) instead of making one.",
)
@click.option(
    "--toolchain",
    default="auto",
    type=EnumChoice(ToolchainChoice),
    help="Clang from the ziglang wheel, or LLVM of the host.",
)
@click.option(
    "--llvm",
    metavar="DIR",
    type=NamedPath(exists=True, file_okay=False, resolve_path=True),
    help="Directory of the host's LLVM, for --toolchain llvm.  [default: the newest]",
)
@click.option(
    "--llvm-tools",
    default="auto",
    type=EnumChoice(LlvmToolsChoice),
    help="LLVM's tools for --optimized: from packages, or compiled.",
)
@click.option(
    "--format",
    "archive_format",
    default="zst",
    type=EnumChoice(ArchiveFormat),
    help="A .tar.zst, or a .tar.gz, half as long again, which every system unpacks.",
)
@click.option(
    "--source",
    "own",
    multiple=True,
    metavar="NAME=FILE|DIR",
    help="Build with your own source of a library or of cpython; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run, print the plan as JSON.")
def build(
    *,
    python: str | None,
    own: tuple[str, ...],
    variant: Request,
    settings: BuildSettings,
    profile: Path | None,
    toolchain: ToolchainChoice,
    llvm: Path | None,
    llvm_tools: LlvmToolsChoice,
    archive_format: ArchiveFormat,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build a distribution. The last line on standard output is the path of the archive.

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

    if profile is not None:
        refuse_no_profile(profile)
    request = dataclasses.replace(
        variant,
        python=choose_python(python, own),
        sources=own,
        toolchain=choose_toolchain(toolchain, llvm),
        profile=profile,
        llvm=llvm,
        llvm_tools=llvm_tools,
        archive_format=archive_format,
    )
    if dry_run:
        click.echo(_plan_shown(request, as_json=as_json))
        return
    with Progress(log.console()) as progress:
        archive = pipeline.build(request, settings, progress)
    click.echo(archive)
