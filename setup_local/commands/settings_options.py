"""The options for how a build is run: the same for every command that builds."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from setup_local.commands.choice import EnumChoice, NamedPath
from setup_local.errors import RequestError
from setup_local.values import BuildSettings, SandboxChoice

LOCKED_VARIABLE = "SETUP_LOCAL_LOCKED"
_MOST_JOBS = 4096  # more than any machine has cores


def cores() -> int:
    """Return the number of cores that this process may use; macOS knows only how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_OPTIONS = (
    click.option(
        "--output",
        default="dist",
        metavar="DIR",
        type=NamedPath(file_okay=False),
        help="Output directory of the archive.",
        show_default=True,
    ),
    click.option(
        "--jobs",
        default=cores,
        metavar="N",
        type=click.IntRange(min=1, max=_MOST_JOBS),
        help="Number of compilers to run in parallel.  [default: number of cores]",
        show_default=False,
    ),
    click.option(
        "--sandbox",
        default="auto",
        type=EnumChoice(SandboxChoice),
        help="Isolate build steps from network and host files with bubblewrap, or in an environment with Docker.",
        show_default=True,
    ),
    click.option(
        "--environment",
        default="",
        metavar="NAME",
        help="Run build steps in this distribution (`setup-local environments list`) instead of the host's.",
    ),
    click.option(
        "--mirror",
        "mirrors",
        multiple=True,
        metavar="DIR|URL",
        help="Look for sources here first; may be repeated.",
    ),
    click.option("--offline", is_flag=True, help="Do not use the network, only the cache and mirror directories."),
    click.option(
        "--locked",
        is_flag=True,
        envvar=LOCKED_VARIABLE,
        help=f"Use only pinned sources, none that only a signed index vouches for; also {LOCKED_VARIABLE}=1.",
    ),
    click.option("--keep-build", is_flag=True, help="Keep the scratch directories of the steps."),
)


def _refuse_useless(mirror: str, *, offline: bool) -> None:
    """Raise `RequestError` for an unusable mirror before planning starts, not when it is used."""
    from setup_local.fetch.attempt import PlaceFailed
    from setup_local.fetch.http import checked_url

    where, hint = f"--mirror {mirror}", "name a directory, or an http(s) URL"
    scheme, mark, _ = mirror.partition("://")
    if mark and scheme in ("http", "https"):
        if offline:
            raise RequestError("is on a network, which --offline does not use", where=where, hint="name a directory")
        try:
            checked_url(mirror)
        except PlaceFailed as error:
            raise RequestError(str(error), where=where, hint=hint) from error
    elif mark and scheme != "file":
        raise RequestError(f"a mirror cannot be accessed with {scheme}", where=where, hint=hint)
    elif not mark and not os.path.isdir(os.path.expanduser(mirror)):
        raise RequestError("no such directory", where=where, hint=hint)


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for running a build to a command, as one argument `settings`."""

    @functools.wraps(command)
    def with_settings(
        *,
        output: Path,
        jobs: int,
        sandbox: SandboxChoice,
        environment: str,
        mirrors: tuple[str, ...],
        offline: bool,
        locked: bool,
        keep_build: bool,
        **others: Any,
    ) -> None:
        for mirror in mirrors:
            _refuse_useless(mirror, offline=offline)
        settings = BuildSettings(
            output=output,
            jobs=jobs,
            sandbox=sandbox,
            mirrors=mirrors,
            offline=offline,
            locked=locked,
            keep_build=keep_build,
            environment=environment,
        )
        command(settings=settings, **others)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), with_settings)
