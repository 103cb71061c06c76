"""Measure how long our interpreter takes to start: where it was unpacked, moved, and compared with another Python.

    python benchmarks/startup.py ARCHIVE [--against /usr/bin/python3] [--runs 40] [--json]

The interpreters take turns, so that other load on the machine affects all of them equally. For each program, in
milliseconds: the median and the least time, and the median of the CPU time; the ratio of that to the first
interpreter's; and, if strace is available, the number of system calls, which does not depend on the machine's load.
`--json` prints one JSON document instead of a table.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {
    "-I -S -c pass": ("-I", "-S", "-c", "pass"),
    "-c pass": ("-c", "pass"),
    "import json, asyncio, http.client": ("-c", "import json, asyncio, http.client"),
    "sysconfig.get_config_vars()": ("-c", "import sysconfig; sysconfig.get_config_vars()"),
}
WARM_UP = 3
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
COLUMNS = ("interpreter", "median ms", "least ms", "CPU ms", "ratio", "calls")
Figures = dict[str, float | int | None]


def unpacked(archive: Path, directory: Path) -> Path:
    """Return the prefix of an archive's installation, unpacked by our own command."""
    target = directory / "unpacked"
    subprocess.run([str(ROOT / "setup-local"), "create", str(target), "--from", str(archive)], check=True, stdout=2)
    return target


def interpreters(first: Path, directory: Path, against: Path | None) -> Iterator[tuple[str, str]]:
    """Yield name and path of every interpreter that is measured; the moved tree is a copy of the first."""
    moved = directory / "another place" / "Maß"
    moved.parent.mkdir()
    shutil.copytree(first, directory / "copy", symlinks=True)
    (directory / "copy").rename(moved)
    environment = directory / "environment"
    subprocess.run([str(moved / "bin/python3"), "-m", "venv", "--without-pip", str(environment)], check=True)
    yield "where it was unpacked", str(first / "bin" / "python3")
    yield "moved", str(moved / "bin" / "python3")
    yield "virtual environment", str(environment / "bin" / "python3")
    if against is not None:
        yield f"{against} ({version_of(against)})", str(against)


def version_of(python: Path) -> str:
    """Return an interpreter's version."""
    code = "import platform; print(platform.python_version())"
    return subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def milliseconds(argv: Sequence[str]) -> tuple[float, float]:
    """Return the duration of a command, and its CPU time, in milliseconds."""
    begin = time.perf_counter()
    process = subprocess.Popen(argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    taken = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{argv} ended with status {process.returncode}")
    return taken * 1000, (used.ru_utime + used.ru_stime) * 1000


def system_calls(argv: Sequence[str]) -> int | None:
    """Return the number of system calls of a command, None if strace cannot count them."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    command = [strace, "-f", "-c", *argv]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    total = re.search(r"^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s+(?:\d+\s+)?total$", done.stderr, re.MULTILINE)
    return int(total[1]) if total else None


def measured(pythons: Mapping[str, str], arguments: Sequence[str], runs: int) -> dict[str, Figures]:
    """Return the figures of one program for every interpreter, which take turns."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in pythons}
    for number in range(WARM_UP + runs):
        for name, python in pythons.items():
            sample = milliseconds([python, *arguments])
            if number >= WARM_UP:
                samples[name].append(sample)
    cpu = {name: statistics.median(used for _, used in taken) for name, taken in samples.items()}
    first = next(iter(cpu.values()))
    return {
        name: {
            "median_ms": round(statistics.median(wall for wall, _ in taken), 2),
            "least_ms": round(min(wall for wall, _ in taken), 2),
            "cpu_ms": round(cpu[name], 2),
            "cpu_ratio": round(cpu[name] / first, 3),
            "system_calls": system_calls([pythons[name], *arguments]),
        }
        for name, taken in samples.items()
    }


def table(report: Mapping[str, Mapping[str, Figures]]) -> str:
    """Return the figures as a table for each program."""
    lines = []
    for program, interpreters in report.items():
        lines += [f"\n{program}", f"  {COLUMNS[0]:40}" + "".join(f"{column:>12}" for column in COLUMNS[1:])]
        for name, figures in interpreters.items():
            lines.append(
                f"  {name:40}" + "".join(f"{'-' if value is None else value:>12}" for value in figures.values())
            )
    return "\n".join(lines)


def main() -> None:
    """Unpack, move, measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--against", type=Path, metavar="PYTHON")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="setup-local-benchmark-") as directory:
        first = unpacked(options.archive.absolute(), Path(directory))
        pythons = dict(interpreters(first, Path(directory), options.against))
        report = {program: measured(pythons, arguments, options.runs) for program, arguments in PROGRAMS.items()}
    if options.json:
        about = {"archive": options.archive.name, "runs": options.runs, "cores": len(os.sched_getaffinity(0))}
        json.dump({**about, "programs": report}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(table(report) + "\n")


if __name__ == "__main__":
    main()
