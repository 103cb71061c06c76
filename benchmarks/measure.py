"""Runs one benchmark in one interpreter: a pyperf worker, in a place, with a complete environment."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from benchmarks.comparison import Interpreter, Measured, Round
from benchmarks.places import Place
from setup_local.run import run

PACKAGES, LIBRARY, SCRIPTS, OUTPUT = "packages", "library", "scripts", "output"
_RESULT = "result.json"
_SCRIPTS = PurePosixPath("pyperformance/data-files/benchmarks")
_OWN = "workloads"
_LIMIT_SECONDS = 300
_ABOUT = "import json, sys; print(json.dumps([sys.version, sys.version_info[:3]]))"


class BenchmarkFailed(Exception):
    """A benchmark ended with an error, or did not end; the message is the last line of its error output."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much to run: rounds, values per round, and the minimum duration of a value in seconds.

    A value that takes `slow` seconds or more is the only one of its round.
    """

    rounds: int
    values: int
    seconds: float
    slow: float


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One benchmark; `own_library` is whether it runs on the interpreter's own standard library."""

    name: str
    kind: str
    script: str
    arguments: tuple[str, ...]
    own_library: bool

    def file(self, place: Place) -> PurePosixPath:
        """Return the path of the script as seen in a place."""
        if self.script == _OWN:
            return place.path(SCRIPTS) / f"{_OWN}.py"
        return place.path(PACKAGES) / _SCRIPTS / f"bm_{self.script}" / "run_benchmark.py"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where both interpreters run; `library` is whether they share a standard library."""

    place: Place
    ours: PurePosixPath
    peer: PurePosixPath
    library: bool
    effort: Effort

    def about(self, python: PurePosixPath, name: str) -> tuple[Interpreter, tuple[int, ...]]:
        """Return what an interpreter reports about itself, and its version."""
        command = self.place.argv([str(python), "-I", "-c", _ABOUT])
        version, numbers = json.loads(run(command, env=_environment(())).stdout)
        return Interpreter(name=name, version=version), tuple(numbers)

    def calibrated(self, benchmark: Benchmark) -> tuple[int, int]:
        """Return the number of loops for a value, the same for both, and the number of values in a round."""
        options = ["--calibrate-loops", "--min-time", str(self.effort.seconds), "--warmups=0", "--values=1"]
        metadata, runs = self._worker(self.peer, benchmark, options, seed=0)
        loops = int(metadata["loops"])
        longest = max(loops * value for run in runs for _, value in run["warmups"])
        return loops, 1 if longest >= self.effort.slow else self.effort.values

    def round(self, benchmark: Benchmark, number: int, loops: int, values: int) -> Round:
        """Run a benchmark in both interpreters, in alternating order and with the same hash seed."""
        options = [f"--loops={loops}", "--warmups=1", f"--values={values}"]
        ours_first = number % 2 == 0
        taken: dict[PurePosixPath, tuple[float, ...]] = {}
        for python in (self.ours, self.peer) if ours_first else (self.peer, self.ours):
            _, runs = self._worker(python, benchmark, options, seed=number + 1)
            taken[python] = tuple(value for run in runs for value in run["values"])
        return Round(ours_first=ours_first, ours=taken[self.ours], peer=taken[self.peer])

    def measured(self, benchmark: Benchmark, loops: int, rounds: list[Round]) -> Measured:
        """Return the figures of a benchmark whose rounds are complete."""
        return Measured(name=benchmark.name, kind=benchmark.kind, loops=loops, rounds=tuple(rounds))

    def _worker(
        self, python: PurePosixPath, benchmark: Benchmark, options: list[str], *, seed: int
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Run a pyperf worker; return the metadata and the runs from the document that it writes."""
        result = Path(self.place.shown[OUTPUT]) / _RESULT
        result.unlink(missing_ok=True)
        words = [str(python), str(benchmark.file(self.place)), "--worker", "--worker-task=0", "--quiet", *options]
        words += ["--output", str(self.place.path(OUTPUT) / _RESULT), *benchmark.arguments]
        shared = [LIBRARY] if self.library and not benchmark.own_library else []
        env = _environment([self.place.path(name) for name in (*shared, PACKAGES)], seed=seed)
        try:
            subprocess.run(
                self.place.argv(words),
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
                timeout=_LIMIT_SECONDS,
            )
            document = json.loads(result.read_text(encoding="utf-8"))
        except subprocess.CalledProcessError as error:
            raise BenchmarkFailed((error.stderr.strip().splitlines() or ["no message"])[-1]) from error
        except (subprocess.TimeoutExpired, OSError, ValueError) as error:
            raise BenchmarkFailed(str(error)) from error
        return document["metadata"], document["benchmarks"][0]["runs"]


def _environment(path: list[PurePosixPath] | tuple[()], *, seed: int = 0) -> dict[str, str]:
    """Return the whole environment of a benchmark."""
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", "PYTHONHASHSEED": str(seed)}
    return env | ({"PYTHONPATH": ":".join(map(str, path))} if path else {})
