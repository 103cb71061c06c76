"""Measure the cost of validating an archive, compared with only reading and decompressing it.

    python benchmarks/validate.py ARCHIVE [--runs 5] [--json]

Each run is a separate process, and the kinds take turns, so that other load on the machine affects all of them equally.
For each: the median and the least processor time in seconds, the ratio of the median to that of decompressing, and the
peak memory in MiB. `--json` prints one JSON document instead of a table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from setup_local.audit.safe_archive import read_safe_members  # noqa: E402 (needs the path above)
from setup_local.audit.streams import CHUNK, unpacked  # noqa: E402
from setup_local.audit.validate import validate_archive  # noqa: E402
from setup_local.catalog.limits import load_limits  # noqa: E402

COLUMNS = ("what", "median s", "least s", "ratio", "peak MiB")
Figures = dict[str, float | str]


def decompress(archive: Path) -> None:
    """Only read and decompress."""
    with unpacked(archive, load_limits()) as stream:
        while stream.read(CHUNK):
            pass


def read(archive: Path) -> None:
    """Read every member through the gate."""
    for _, content in read_safe_members(archive):
        content()


def judge(archive: Path) -> None:
    """Apply every rule, whatever the result."""
    validate_archive(archive)


KINDS: dict[str, Callable[[Path], None]] = {"decompress": decompress, "read": read, "validate": judge}


def measured(kind: str, archive: Path) -> tuple[float, float]:
    """Return processor seconds and peak memory of one run, without the start of Python."""
    child = os.fork()
    if not child:
        KINDS[kind](archive)
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{kind} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def figures(archive: Path, runs: int) -> list[Figures]:
    """Return a row for each kind, from this many runs in turns."""
    taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for _ in range(runs):
        for kind, rows in taken.items():
            rows.append(measured(kind, archive))
    base = statistics.median(seconds for seconds, _ in taken["decompress"])
    return [
        {
            "what": kind,
            "median s": round(median := statistics.median(seconds for seconds, _ in rows), 2),
            "least s": round(min(seconds for seconds, _ in rows), 2),
            "ratio": round(median / base, 2),
            "peak MiB": round(max(peak for _, peak in rows)),
        }
        for kind, rows in taken.items()
    ]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = figures(asked.archive, asked.runs)
    if asked.json:
        print(json.dumps({"archive": asked.archive.name, "runs": asked.runs, "figures": rows}, indent=2))
        return
    print("  ".join(f"{name:>10}" for name in COLUMNS))
    for row in rows:
        print("  ".join(f"{row[name]:>10}" for name in COLUMNS))


if __name__ == "__main__":
    main()
