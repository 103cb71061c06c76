"""Measure the cost of a build: a cold one, one with nothing to do, and the validation of its archive.

    python benchmarks/build.py [--python cpython-3.13.5] [--keep-sources]

Prints one JSON document: for each run the wall time and CPU time in seconds, how busy the cores were (CPU time over
wall time times cores), and the peak memory of all its processes in MiB. CPU time is that of the whole machine, because
processes in a sandbox are not counted towards their parent: run nothing else. The cold run starts with an empty store;
`--keep-sources` uses the sources from the user's own cache, so that the figure does not include the network.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.25
PAGE = resource.getpagesize()


def machine_seconds() -> float:
    """Return the CPU time that all processes have used since the machine started (proc(5), /proc/stat)."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def session_memory(session: int) -> int:
    """Return the resident bytes of every process that descends from `session` (Linux only)."""
    parents, sizes = {}, {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.name)] = int(fields[1])
        sizes[int(entry.name)] = int(fields[21]) * PAGE
    return sum(size for process, size in sizes.items() if _descends(process, session, parents))


def _descends(process: int, ancestor: int, parents: dict[int, int]) -> bool:
    while process and process != ancestor:
        process = parents.get(process, 0)
    return process == ancestor


def measure(argv: list[str], env: dict[str, str]) -> tuple[dict[str, float], str]:
    """Run a command; return its figures and the last line of its standard output."""
    before, begin = machine_seconds(), time.monotonic()
    with subprocess.Popen(argv, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        peak, done = [0], threading.Event()

        def watch() -> None:
            while not done.wait(SAMPLE_SECONDS):
                peak[0] = max(peak[0], session_memory(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        output = process.communicate()[0]
        done.set()
        watcher.join()
    wall, cpu = time.monotonic() - begin, machine_seconds() - before
    if process.returncode:
        sys.exit(f"{argv} ended with status {process.returncode}")
    cores = len(os.sched_getaffinity(0))
    figures = {"wall": wall, "cpu": cpu, "busy": cpu / wall / cores, "peak_mib": peak[0] / 2**20}
    return {name: round(value, 2) for name, value in figures.items()}, output.strip().rpartition("\n")[2]


def main() -> None:
    """Run the three measurements in a separate cache."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default="cpython-3.13.5")
    parser.add_argument("--keep-sources", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="setup-local-benchmark-") as directory:
        env = dict(os.environ) | {"SETUP_LOCAL_CACHE": directory}
        if options.keep_sources:
            own = Path(os.environ.get("SETUP_LOCAL_CACHE") or Path.home() / ".cache" / "setup-local")
            (Path(directory) / "sources").symlink_to(own / "sources")
        command = [str(ROOT / "build-linux.py"), "--python", options.python, "--output", f"{directory}/dist"]
        report: dict[str, object] = {"python": options.python, "cores": len(os.sched_getaffinity(0))}
        report["cold"], archive = measure(command, env)
        report["nothing_to_do"], _ = measure(command, env)
        report["validate"], _ = measure([str(ROOT / "setup-local"), "validate", archive], env)
        report["archive_mib"] = round(Path(archive).stat().st_size / 2**20, 1)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
