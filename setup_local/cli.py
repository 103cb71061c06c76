"""The command `setup-local`: dispatches to subcommands, and is the one place that reports errors."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from typing import NoReturn

import click

from setup_local import errors, log

_COMMANDS = (
    "audit",
    "build",
    "buildenv",
    "check",
    "create",
    "doctor",
    "emit",
    "environments",
    "fetch",
    "index",
    "matrix",
    "repack",
    "size",
    "sources",
    "store",
    "toolchain",
    "validate",
)
_INTERRUPTED = 130
_BROKEN_PIPE = 141
# Errors that no stage can predict: the disk is full, or this user may not access a file.
_HOST_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class _LazyGroup(click.Group):
    """A group that imports the module of a command only when that command is requested."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(importlib.import_module(f"setup_local.commands.{cmd_name}"), cmd_name)
        return command if isinstance(command, click.Command) else None


def exit_codes() -> dict[int, str]:
    """Return the meaning of each exit code, from the error classes themselves."""
    base = errors.SetupLocalError
    classes = [item for item in vars(errors).values() if isinstance(item, type) and item.__base__ is base]
    known = [item for item in classes if issubclass(item, base)]
    meanings = {item.exit_code: str(item.__doc__).partition("\n")[0] for item in known}
    return {0: "Success."} | dict(sorted(meanings.items())) | {_INTERRUPTED: "Interrupted."}


def _epilog() -> str:
    rows = (f"  {code:3}  {meaning}" for code, meaning in exit_codes().items())
    return "\b\nExit codes:\n" + "\n".join(rows)


@click.group(cls=_LazyGroup, epilog=_epilog(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="setup-local", message="%(version)s", version="0.1.0")
def setup_local() -> None:
    """Make portable CPython distributions whose extension modules are linked statically.

    \b
    Examples:
      setup-local build --python cpython-3.13
      setup-local emit --python 3.13
      setup-local validate dist/*.tar.zst

    Completion for bash: eval "$(_SETUP_LOCAL_COMPLETE=bash_source setup-local)"
    """


def _shield_children() -> None:
    """Keep ignoring interrupts if the caller requests that (shells do, for `command &`), but not in child processes.

    Children inherit ignored signals, but not handlers. CPython's tests, the training workload of an optimized build,
    interrupt themselves.
    """
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def main(argv: list[str] | None = None) -> NoReturn:
    """Run one command and exit; every expected failure gives one message and its own exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _shield_children()
    try:
        setup_local.main(args=argv, prog_name="setup-local", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except errors.SetupLocalError as error:
        log.error(str(error))
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        log.error("interrupted; finished work is kept")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_BROKEN_PIPE)
    except OSError as error:
        if error.errno not in _HOST_TROUBLE:
            raise
        log.error(": ".join(filter(None, [error.filename, error.strerror])))
        sys.exit(errors.HostError.exit_code)
    sys.exit(0)
