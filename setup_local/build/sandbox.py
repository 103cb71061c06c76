"""Isolates build steps from the host: no network, a read-only host or a separate root, an empty /tmp.

bubblewrap does this without a daemon; `build/containers.py` does the same with Docker.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from setup_local.run import CommandFailed, run

_PROBE_ENV = {"PATH": "/usr/bin:/bin"}
_PROGRAMS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True, kw_only=True)
class Root:
    """A root file system in which steps run: its directory, and the hash of its content."""

    name: str
    directory: Path
    sha256: str


class Isolation(Protocol):
    """How the commands of steps are isolated from the host."""

    @property
    def root(self) -> Root | None:
        """Return the root file system used instead of the host's."""

    def wrap(self, argv: Sequence[str], *, writable: Sequence[Path], cwd: Path, env: Mapping[str, str]) -> list[str]:
        """Return the argv that runs a command in an environment, with only these directories writable."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """How a command is wrapped; without `program`, it is not. With `root`, only that root file system is visible."""

    program: str | None
    visible: tuple[Path, ...] = ()
    root: Root | None = None

    def wrap(
        self, argv: Sequence[str], *, writable: Sequence[Path], cwd: Path, env: Mapping[str, str] | None = None
    ) -> list[str]:
        """Return the argv that runs a command with only these directories writable; the environment is inherited."""
        del env
        if self.program is None:
            return list(argv)
        words = [self.program, "--die-with-parent", "--unshare-net", "--unshare-ipc", "--unshare-pid"]
        words += _mounts(self.root.directory) if self.root else ["--ro-bind", "/", "/"]
        words += ["--dev", "/dev", "--tmpfs", "/dev/shm", "--proc", "/proc", "--tmpfs", "/tmp"]  # noqa: S108
        for path in self.visible:
            words += _bind("--ro-bind", path)
        for path in writable:
            words += _bind("--bind", path)
        return [*words, "--chdir", str(cwd), "--", *(with_python(argv) if self.root else argv)]


def _bind(option: str, path: Path) -> list[str]:
    """Return the words that mount a directory at its real path; bubblewrap fails if an absolute link leads there."""
    real = str(path.resolve())
    return [option, real, real]


def _mounts(root: Path) -> list[str]:
    """Return the mounts of a root file system; its top directory is a new one, in which mount points can be created."""
    words: list[str] = []
    for name in ("usr", "etc", *_PROGRAMS):
        path = root / name
        if path.is_symlink():
            words += ["--symlink", os.readlink(path), f"/{name}"]
        elif path.is_dir():
            words += ["--ro-bind", str(path), f"/{name}"]
    return words


def with_python(argv: Sequence[str]) -> list[str]:
    """Return a command with the interpreter that runs this program replaced by that of the root file system."""
    return [word.replace(sys.executable, PYTHON) for word in argv]


def bwrap_problem() -> str | None:
    """Return why bubblewrap does not work here, None if it does."""
    program = shutil.which("bwrap")
    if program is None:
        return "the program bwrap is missing"
    sandbox = Sandbox(program=program)
    try:
        run(sandbox.wrap(["true"], writable=[], cwd=Path("/")), env=_PROBE_ENV)
    except CommandFailed as error:
        return error.output.strip().splitlines()[-1] if error.output.strip() else str(error)
    return None
