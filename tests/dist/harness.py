"""Runs the `test_*` functions of a script with only the standard library and prints one line for each.

A script ends with `harness.main()`. Its exit status is 0 if all functions pass and 1 if one fails. A function that
cannot run on this machine raises `Skip` with the reason, which is always printed. Requires only Python 3.9, because
the interpreter under test can be that old.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import locale
import os
import pty
import select
import signal
import subprocess
import sys
import sysconfig
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

PATIENCE = int(os.environ.get("SETUP_LOCAL_TEST_PATIENCE", "1"))  # factor for time limits, for emulated processors
SCRIPT_SECONDS = 100 * PATIENCE
"""Time limit of a script: then the stacks of its threads are printed and the script is ended."""


class Skip(Exception):
    """A function cannot run on this machine; the message gives the reason."""


def description() -> dict[str, Any]:
    """Return PYTHON.json of the distribution under test, empty if only the installation was unpacked."""
    path = Path(sys.base_prefix).resolve().parent / "PYTHON.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def c_library() -> str:
    """Return how the distribution under test is linked to the C library: `glibc`, `musl` or `static`."""
    features = description().get("crt_features", [])
    return next((name for name in ("static", "musl") if name in features or f"{name}-dynamic" in features), "glibc")


def left_out() -> list[str]:
    """Return the extension modules left out by choice, from PYTHON.json or, without it, from `sysconfig`."""
    said = description()
    if not said:
        return str(sysconfig.get_config_var("MODDISABLED_NAMES") or "").split()
    return str(said["python_config_vars"].get("SETUP_LOCAL_LEFT_OUT", "")).split()


def want(module: str) -> None:
    """Skip a function unless the distribution contains an extension module."""
    if module in left_out():
        raise Skip(f"{module} was left out of this distribution")


def want_locale() -> None:
    """Skip if this machine's locales have the other byte order, as with an emulated processor (glibc's are binary)."""
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        if sys.byteorder == "big" and Path("/usr/lib/locale/C.utf8").exists():
            raise Skip("the locales of this machine are for processors that are little-endian") from None
        raise


def say(text: str) -> None:
    """Print one line immediately, so that it is visible even if the next line crashes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run every `test_*` function of the script and exit."""
    faulthandler.enable()
    faulthandler.dump_traceback_later(SCRIPT_SECONDS, exit=True)
    script = importlib.import_module("__main__")
    failed = [name for name, function in _functions(script) if not _holds(name, function)]
    if failed:
        say("FAILED: " + ", ".join(failed))
    sys.exit(1 if failed else 0)


def _functions(script: ModuleType) -> list[tuple[str, Callable[[], None]]]:
    return [(name, value) for name, value in vars(script).items() if name.startswith("test_") and callable(value)]


def _holds(name: str, function: Callable[[], None]) -> bool:
    start = time.monotonic()
    try:
        function()
    except Skip as reason:
        say(f"skip {name}: {reason}")
        return True
    except BaseException:  # noqa: BLE001 - whatever it is, it is reported and the next function runs
        report = traceback.format_exc()
        lacking = [module for module in left_out() if f"No module named '{module}'" in report]
        if lacking:
            say(f"skip {name}: {lacking[0]} was left out of this distribution")
            return True
        say(f"FAIL {name}\n{report}")
        return False
    say(f"ok   {name} ({time.monotonic() - start:.2f} s)")
    return True


def equal(actual: object, expected: object) -> None:
    """Raise an exception with both values if they differ."""
    if actual != expected:
        raise AssertionError(f"got {actual!r}, expected {expected!r}")


def holds(condition: object) -> None:
    """Raise an exception if a condition is false; the traceback shows its line."""
    if not condition:
        raise AssertionError("this does not hold")


@contextlib.contextmanager
def raises(kind: type[BaseException], text: str = "") -> Iterator[None]:
    """Check that the block raises an exception of this kind, with this text in its message."""
    try:
        yield
    except kind as error:
        if text not in str(error):
            raise AssertionError(f"message {str(error)!r} lacks {text!r}") from error
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def run(
    *argv: str, seconds: float = 60, env: dict[str, str] | None = None, status: int | None = 0, cwd: str = "."
) -> str:
    """Run a program, check its exit status unless that is None, and return its output on both streams."""
    done = subprocess.run(
        argv,
        env=dict(os.environ, **(env or {})),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds * PATIENCE,
        check=False,
    )
    text = done.stdout.decode("utf-8", "replace")
    if status is not None and done.returncode != status:
        raise AssertionError(f"{list(argv)} ended with {done.returncode}, expected {status}:\n{text}")
    return text


def python(*arguments: str, seconds: float = 60, env: dict[str, str] | None = None) -> str:
    """Run the interpreter under test again and return its output."""
    return run(sys.executable, *arguments, seconds=seconds, env=env)


class Terminal:
    """A program that runs in a pseudo-terminal, and its output so far."""

    def __init__(self, argv: Sequence[str], env: dict[str, str]) -> None:
        self.seen = ""
        self._judged = 0
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.execve(argv[0], list(argv), {**os.environ, **env})

    def type(self, keys: str) -> None:
        """Send keys as a terminal would."""
        os.write(self._fd, keys.encode())

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Read until `text` appears after the previous match; fail with the output since then."""
        self._read_until(lambda: text in self.seen[self._judged :], seconds)
        place = self.seen.find(text, self._judged)
        if place < 0:
            raise AssertionError(f"{text!r} did not appear; the terminal shows {self.seen[self._judged :]!r}")
        self._judged = place + len(text)

    def finish(self, seconds: float = 20) -> int:
        """Read to the end and return the exit status."""
        self._read_until(lambda: False, seconds)
        deadline = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                os.close(self._fd)
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            time.sleep(0.02)
        os.kill(self._pid, signal.SIGKILL)
        raise AssertionError(f"the program did not end; the terminal shows {self.seen!r}")

    def _read_until(self, done: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds * PATIENCE
        while not done() and time.monotonic() < deadline:
            if not select.select([self._fd], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._fd, 65536)
            except OSError:  # Linux returns EIO after the program has closed the terminal
                return
            if not data:
                return
            self.seen += data.decode("utf-8", "replace")
