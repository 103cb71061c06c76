"""The options that say how the work is done: the same for every command that builds."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from setup_local.commands.choice import EnumChoice
from setup_local.values import BuildSettings, SandboxChoice

LOCKED_VARIABLE = "SETUP_LOCAL_LOCKED"


def _cores() -> int:
    return len(os.sched_getaffinity(0))


_OPTIONS = (
    click.option(
        "--output",
        default="dist",
        metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where the archive goes.",
        show_default=True,
    ),
    click.option(
        "--jobs",
        default=_cores,
        metavar="N",
        type=click.IntRange(min=1),
        help="Compilers that run at once.  [default: cores]",
        show_default=False,
    ),
    click.option(
        "--sandbox",
        default="auto",
        type=EnumChoice(SandboxChoice),
        help="Keep build steps from network and host files.",
        show_default=True,
    ),
    click.option(
        "--mirror",
        "mirrors",
        multiple=True,
        metavar="DIR|URL",
        help="Look here for sources first; may be repeated.",
    ),
    click.option("--offline", is_flag=True, help="Use no network: only the cache and mirror directories."),
    click.option(
        "--locked",
        is_flag=True,
        envvar=LOCKED_VARIABLE,
        help=f"Take pinned sources only, none that an index vouches for; also {LOCKED_VARIABLE}=1.",
    ),
    click.option("--keep-build", is_flag=True, help="Keep the scratch directories of the steps."),
)


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of the work, as one argument `settings`."""

    @functools.wraps(command)
    def with_settings(
        *,
        output: Path,
        jobs: int,
        sandbox: SandboxChoice,
        mirrors: tuple[str, ...],
        offline: bool,
        locked: bool,
        keep_build: bool,
        **others: Any,
    ) -> None:
        settings = BuildSettings(
            output=output,
            jobs=jobs,
            sandbox=sandbox,
            mirrors=mirrors,
            offline=offline,
            locked=locked,
            keep_build=keep_build,
        )
        command(settings=settings, **others)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), with_settings)
