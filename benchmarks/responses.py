"""Measure how long commands take to answer, as ratios to `--version`; with another checkout, side by side.

    python benchmarks/responses.py [--against CHECKOUT] [--runs 10] [--build cpython-3.13] [--json FILE]

The commands take turns, and so do the checkouts, so that other load on the machine affects all of them equally. For
each: the least wall time and the least CPU time in milliseconds, and the ratio of the CPU time to that of `--version`
in the same checkout. `--build` adds a build with nothing to do; what it needs is built before that, if it is not in the
store. `--json` also writes the figures to a file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASE = "--version"
HELP = "--help"
COLUMNS = ("command", "checkout", "wall ms", "CPU ms", "ratio")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The least time that a command took, in milliseconds; `ratio` is its CPU time over that of `--version`."""

    command: str
    checkout: str
    wall: float
    cpu: float
    ratio: float


def commands(checkout: Path) -> tuple[tuple[str, ...], ...]:
    """Return the command lines to measure: the help of every command, and those that plan and print."""
    names = sorted(path.stem for path in (checkout / "setup_local" / "commands").glob("*.py"))
    known = [name for name in names if _is_command(checkout, name)]
    return ((BASE,), (HELP,), *((name, HELP) for name in known), ("emit",), ("build", "--dry-run"))


def _is_command(checkout: Path, name: str) -> bool:
    text = (checkout / "setup_local" / "commands" / f"{name}.py").read_text(encoding="utf-8")
    return any(f"@click.{kind}(" in text for kind in ("command", "group")) and f"\ndef {name}(" in text


def measure(checkout: Path, words: Sequence[str], env: dict[str, str]) -> tuple[float, float]:
    """Return the wall time and the CPU time of a command, in milliseconds."""
    argv = [str(checkout / ".venv" / "bin" / "python"), "-P", "-m", "setup_local", *words]
    begin = time.perf_counter()
    process = subprocess.Popen(argv, env=env, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{argv} ended with status {process.returncode}")
    return wall * 1000, (used.ru_utime + used.ru_stime) * 1000


def answers(checkouts: Sequence[Path], lines: Sequence[Sequence[str]], runs: int, env: dict[str, str]) -> list[Answer]:
    """Measure command lines in checkouts by turns; each one's first run, which may compile bytecode, does not count."""
    taken: dict[tuple[str, Path], list[tuple[float, float]]] = {}
    for _ in range(runs + 1):
        for words in lines:
            for checkout in checkouts:
                taken.setdefault((" ".join(words), checkout), []).append(measure(checkout, words, env))
    least = {place: tuple(map(min, zip(*times[1:], strict=True))) for place, times in taken.items()}
    return [
        Answer(
            command=line,
            checkout=checkout.name,
            wall=round(wall, 1),
            cpu=round(cpu, 1),
            ratio=round(cpu / least[BASE, checkout][1], 2),
        )
        for (line, checkout), (wall, cpu) in least.items()
    ]


def table(found: Sequence[Answer]) -> Iterator[str]:
    """Yield the lines of a table."""
    rows = [
        COLUMNS,
        *((item.command, item.checkout, f"{item.wall:.0f}", f"{item.cpu:.0f}", f"{item.ratio:.1f}") for item in found),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        texts = (cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True))
        figures = (cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True))
        yield "  ".join((*texts, *figures))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout, with its .venv")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--build", metavar="PYTHON", help="also measure a build with nothing to do")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to a file")
    options = parser.parse_args()
    checkouts = [ROOT, *([options.against.resolve()] if options.against else [])]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    lines = [list(words) for words in commands(ROOT)]
    with tempfile.TemporaryDirectory(prefix="setup-local-benchmark-") as output:
        if options.build:
            lines.append(["build", "--python", options.build, "--output", output])
        found = answers(checkouts, lines, options.runs, env)
    print("\n".join(table(found)))
    if options.json:
        options.json.write_text(json.dumps([asdict(item) for item in found], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
