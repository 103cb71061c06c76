"""An unpacked distribution for Windows, whose programs run here in Wine (`scripts/install-wine`)."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import pytest

WINE_VARIABLE = "SETUP_LOCAL_TEST_WINE"
DISPLAY_VARIABLE = "WINE_DISPLAY"
"""The variable that passes a display to the program of scripts/install-wine, which passes on no other."""
_LACKING = re.compile(r"unimplemented function (\S+), aborting")


class Tree:
    """An unpacked distribution, and methods that start its programs."""

    def __init__(self, place: Path, wine: Path) -> None:
        self.root = place
        self.python = place / "install" / "python.exe"
        self.description = json.loads((place / "PYTHON.json").read_text(encoding="utf-8"))
        self._wine = wine

    @property
    def is_freethreaded(self) -> bool:
        """Return whether the interpreter was built without the GIL."""
        return self.description["python_config_vars"]["Py_GIL_DISABLED"] == "1"

    def ended(
        self, args: list[str | Path], seconds: float = 300, display: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the interpreter to its end, whatever its exit status.

        Its output goes to files: Wine's own programs, which start with it, would keep a pipe open.
        """
        with TemporaryFile() as output, TemporaryFile() as errors:
            status = subprocess.run(
                [self._wine, self.python, *args],
                cwd=self.root,
                env=self._environment(display),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                timeout=seconds,
                check=False,
            ).returncode
            return subprocess.CompletedProcess(args, status, _text(output), _text(errors))

    def run(self, args: list[str | Path], seconds: float = 300, display: str = "") -> str:
        """Run the interpreter; fail with all its output if the exit status is not 0."""
        done = self.ended(args, seconds, display)
        if lacking := _LACKING.search(done.stderr):
            pytest.skip(f"Wine lacks {lacking[1]}")
        if done.returncode:
            pytest.fail(f"ended with {done.returncode}:\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done.stdout

    @contextmanager
    def start(self, args: list[str | Path], *, display: str, log: Path) -> Iterator[subprocess.Popen[str]]:
        """Start the interpreter on a display; its error output goes to a file."""
        with log.open("wb") as stream:
            running = subprocess.Popen(
                [self._wine, self.python, *args],
                cwd=self.root,
                env=self._environment(display),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                errors="replace",
            )
        try:
            yield running
        finally:
            running.kill()
            running.wait(60)

    def _environment(self, display: str) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.root), **({DISPLAY_VARIABLE: display} if display else {})}


def _text(file: IO[bytes]) -> str:
    """Return the content of a file with Python's line endings."""
    file.seek(0)
    return file.read().decode(errors="replace").replace("\r\n", "\n")


def windows_path(path: Path) -> str:
    """Return the path by which Wine sees a path of this machine."""
    return "Z:" + str(path).replace("/", "\\")
