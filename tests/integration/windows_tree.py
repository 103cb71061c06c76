"""An unpacked distribution for Windows, whose programs run here in Wine (`scripts/install-wine`)."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

WINE_VARIABLE = "SETUP_LOCAL_TEST_WINE"
_LACKING = re.compile(r"unimplemented function (\S+), aborting")


class Tree:
    """An unpacked distribution, and how its programs are started."""

    def __init__(self, place: Path, wine: Path) -> None:
        self.root = place
        self.python = place / "install" / "python.exe"
        self.description = json.loads((place / "PYTHON.json").read_text(encoding="utf-8"))
        self._wine = wine

    def run(self, args: list[str | Path], seconds: float = 300) -> str:
        """Run the interpreter; fail with all that it printed when it does not end with 0."""
        env = {"PATH": os.defpath, "HOME": str(self.root)}
        words = [self._wine, self.python, *args]
        done = subprocess.run(
            words,
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        if lacking := _LACKING.search(done.stderr):
            pytest.skip(f"Wine lacks {lacking[1]}")
        if done.returncode:
            pytest.fail(f"ended with {done.returncode}:\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done.stdout


def windows_path(path: Path) -> str:
    """Return a path of this machine as Wine has it."""
    return "Z:" + str(path).replace("/", "\\")
