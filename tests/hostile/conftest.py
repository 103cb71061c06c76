"""A process that runs commands with limits, for all tests here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "unit"))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended; `peak` is its peak memory in bytes."""

    code: int
    out: str
    err: str
    peak: int


Limited = Callable[..., Ended]


@pytest.fixture(scope="session")
def limited() -> Iterator[Limited]:
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(TESTS.parent), "LC_ALL": "C.UTF-8", "COLUMNS": "400"}
    command = [sys.executable, str(Path(__file__).parent / "limited.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environ
    ) as process:
        assert process.stdin
        assert process.stdout

        def run(*words: str | Path, directory: Path) -> Ended:
            request = {"words": [str(word) for word in words], "directory": str(directory)}
            process.stdin.write(json.dumps(request) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            return Ended(**json.loads(process.stdout.readline()))  # type: ignore[union-attr]

        yield run
        process.stdin.close()
