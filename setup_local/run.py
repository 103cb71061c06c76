"""The one function that runs other programs: argv, complete environment, log file, no shell."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

COMMAND_ECHO = "$ cd "  # how the line of a log begins that names a command, before its output
_SIGNALLED = 128


class CommandFailed(Exception):
    """A program ended with a status other than 0, or could not be started.

    Not an error for users: the caller knows what the failure means and reports it.
    """

    def __init__(self, argv: Sequence[str], status: int, output: str) -> None:
        super().__init__(f"{shlex.join(argv)} ended with status {status}")
        self.argv = tuple(argv)
        self.status = status
        self.output = output

    @property
    def crashed(self) -> bool:
        """Return whether a signal ended the program, or its child, reported as shells and sandboxes do."""
        return self.status < 0 or self.status > _SIGNALLED


class Children:
    """The programs running now, so that another thread can end all of them at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self.stopped = False

    @contextmanager
    def watching(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Count a process, which leads its own process group, as running."""
        with self._lock:
            self._groups.add(process.pid)
            if self.stopped:
                os.killpg(process.pid, signal.SIGKILL)
        try:
            yield
        finally:
            with self._lock:
                self._groups.discard(process.pid)

    def stop(self) -> None:
        """Kill everything that is running, and whatever is started later."""
        with self._lock:
            self.stopped = True
            for group in self._groups:
                os.killpg(group, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished command printed on standard output."""

    stdout: str


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    log: Path | None = None,
    pass_fds: Sequence[int] = (),
    children: Children | None = None,
    shown: Sequence[str] = (),
) -> Outcome:
    """Run a program to its end; with `log`, append the command and its output to that file.

    Without `log`, standard output is returned. `children` can end it early; `shown` replaces the argv in the log
    if it is more informative. Raises `CommandFailed`.
    """
    words = [str(word) for word in argv]
    if log is None:
        return _captured(words, env=env, cwd=cwd, pass_fds=pass_fds)
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"{COMMAND_ECHO}{shlex.quote(str(cwd or Path.cwd()))}; {shlex.join(shown or words)}\n")
        stream.flush()
        status = _status(words, stream.fileno(), children or Children(), env=env, cwd=cwd, pass_fds=pass_fds)
    if status:
        raise CommandFailed(words, status, "")
    return Outcome(stdout="")


def feed(argv: Sequence[str | Path], stdin: IO[bytes], *, env: Mapping[str, str]) -> Outcome:
    """Run a program that reads a file to its end; return its output. Raises `CommandFailed`."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words, env=dict(env), stdin=stdin, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise CommandFailed(words, 127, str(error)) from error
    if done.returncode:
        raise CommandFailed(words, done.returncode, done.stdout + done.stderr)
    return Outcome(stdout=done.stdout)


def _captured(words: list[str], *, env: Mapping[str, str], cwd: Path | None, pass_fds: Sequence[int]) -> Outcome:
    try:
        done = subprocess.run(
            words,
            env=dict(env),
            cwd=cwd,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise CommandFailed(words, 127, str(error)) from error
    if done.returncode:
        raise CommandFailed(words, done.returncode, done.stdout + done.stderr)
    return Outcome(stdout=done.stdout)


def _status(
    words: list[str],
    output: int,
    children: Children,
    *,
    env: Mapping[str, str],
    cwd: Path | None,
    pass_fds: Sequence[int],
) -> int:
    """Run in a separate process group, so that an interrupted build leaves no compiler behind."""
    try:
        process = subprocess.Popen(
            words,
            env=dict(env),
            cwd=cwd,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(words, 127, str(error)) from error
    with children.watching(process):
        return process.wait()
