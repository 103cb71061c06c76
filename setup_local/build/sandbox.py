"""Keeps build steps apart from the host with bubblewrap: no network, a read-only host, an empty /tmp."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from setup_local import paths
from setup_local.errors import HostError
from setup_local.run import CommandFailed, run
from setup_local.values import SandboxChoice

_PACKAGE_HINT = "install the package bubblewrap, or use --sandbox none"
_PROBE_ENV = {"PATH": "/usr/bin:/bin"}


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """How a command is wrapped; with no `program`, it is not."""

    program: str | None
    visible: tuple[Path, ...] = ()

    def wrap(self, argv: Sequence[str], *, writable: Sequence[Path], cwd: Path) -> list[str]:
        """Return the argv that runs a command with only these directories writable."""
        if self.program is None:
            return list(argv)
        words = [
            self.program,
            "--die-with-parent",
            "--unshare-net",
            "--unshare-ipc",
            "--unshare-pid",
            "--ro-bind",
            "/",
            "/",
        ]
        words += ["--dev", "/dev", "--tmpfs", "/dev/shm", "--proc", "/proc", "--tmpfs", "/tmp"]  # noqa: S108
        for path in self.visible:
            words += ["--ro-bind", str(path), str(path)]
        for path in writable:
            words += ["--bind", str(path), str(path)]
        return [*words, "--chdir", str(cwd), "--", *argv]


def choose_sandbox(choice: SandboxChoice, cache: Path, also_visible: Sequence[Path] = ()) -> Sandbox:
    """Return the sandbox to use; `HostError` if bubblewrap is demanded and does not work here.

    `also_visible` are directories that steps need and that may lie below `/tmp`.
    """
    match choice:
        case SandboxChoice.NONE:
            return Sandbox(program=None)
        case SandboxChoice.BWRAP | SandboxChoice.AUTO:
            problem = _problem()
            if problem is None:
                visible = (cache, paths.PACKAGE.parent, Path(sys.prefix), Path(sys.base_prefix), *also_visible)
                return Sandbox(program=shutil.which("bwrap"), visible=visible)
            if choice is SandboxChoice.BWRAP:
                raise HostError(f"bubblewrap cannot be used: {problem}", hint=_PACKAGE_HINT)
            return Sandbox(program=None)
        case _:
            assert_never(choice)


def _problem() -> str | None:
    program = shutil.which("bwrap")
    if program is None:
        return "there is no program bwrap"
    sandbox = Sandbox(program=program)
    try:
        run(sandbox.wrap(["true"], writable=[], cwd=Path("/")), env=_PROBE_ENV)
    except CommandFailed as error:
        return error.output.strip().splitlines()[-1] if error.output.strip() else str(error)
    return None
