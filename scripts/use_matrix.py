#!/usr/bin/env python3
"""Build every distribution of a matrix file and use each: the audit, the tests that run it, CPython's own tests.

Ends with a table (Markdown) of what was really done, and with status 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITES = {
    "executed": (
        "test_distribution.py",
        "test_moved.py",
        "test_old_glibc.py",
        "test_musl.py",
        "test_shared.py",
        "test_trust.py",
        "test_launchers.py",
    ),
    "regression tests": ("test_regression.py",),
}
COLUMNS = ("distribution", "built", "validated", *SUITES)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many tests of a suite passed, were skipped (or are expected failures, with a reason), and failed."""

    passed: int
    skipped: int
    failed: int

    def __str__(self) -> str:
        """Return the text in a table: `48 passed, 3 skipped`."""
        counts = ((self.passed, "passed"), (self.skipped, "skipped"), (self.failed, "FAILED"))
        return ", ".join(f"{count} {word}" for count, word in counts if count) or "FAILED"

    @property
    def holds(self) -> bool:
        """Return whether something ran and nothing failed."""
        return self.passed > 0 and not self.failed


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was done with one distribution."""

    name: str
    built: str
    validated: bool = False
    tallies: tuple[Tally, ...] = ()

    @property
    def holds(self) -> bool:
        """Return whether it was built, and all of it passed."""
        return self.validated and all(tally.holds for tally in self.tallies)

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (self.name, self.built, "yes" if self.validated else "NO", *map(str, self.tallies))


def build(matrix: Path, output: Path) -> list[dict[str, str]]:
    """Build the matrix; return its cells as `setup-local matrix --json` describes them."""
    words = [str(ROOT / "setup-local"), "matrix", str(matrix), "--output", str(output), "--json"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        raise SystemExit(done.returncode)
    cells: list[dict[str, str]] = json.loads(done.stdout)["cells"]
    return cells


def use(archive: Path) -> Row:
    """Validate an archive and run all suites with it."""
    valid = subprocess.run([str(ROOT / "setup-local"), "validate", str(archive)], check=False).returncode == 0
    name = archive.name.removesuffix("-full.tar.zst")
    return Row(name=name, built="yes", validated=valid, tallies=tuple(run(archive, files) for files in SUITES.values()))


def run(archive: Path, files: Iterable[str]) -> Tally:
    """Run test modules with an archive; return their results."""
    modules = [str(ROOT / "tests" / "integration" / file) for file in files]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.xml")
        words = [sys.executable, "-m", "pytest", "-q", *modules, "--archive", str(archive), f"--junitxml={report}"]
        subprocess.run(words, cwd=ROOT, check=False, stdout=sys.stderr)
        return tally(report.read_text(encoding="utf-8")) if report.is_file() else Tally(passed=0, skipped=0, failed=1)


def tally(report: str) -> Tally:
    """Return the counts in a JUnit report."""
    suites = ET.fromstring(report).iter("testsuite")  # noqa: S314 - pytest wrote it a moment ago
    counts = [
        {name: int(suite.get(name, 0)) for name in ("tests", "skipped", "failures", "errors")} for suite in suites
    ]
    total = {name: sum(item[name] for item in counts) for name in ("tests", "skipped", "failures", "errors")}
    failed = total["failures"] + total["errors"]
    return Tally(passed=total["tests"] - total["skipped"] - failed, skipped=total["skipped"], failed=failed)


def table(rows: Sequence[Row]) -> str:
    """Return all rows as a Markdown table."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS)]
    lines += [(*row.cells, *("" for _ in range(len(COLUMNS) - len(row.cells)))) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str]) -> int:
    """Build, use, and print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("matrix", type=Path, help="matrix file (docs/matrix.md)")
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "matrix", help="directory for the archives")
    chosen = parser.parse_args(arguments)
    cells = build(chosen.matrix, chosen.output)
    made = [(cell, Path(cell["path"]) if "path" in cell else None) for cell in cells]
    rows = [use(path) if path else Row(name=cell.get("archive", "?"), built=cell["result"]) for cell, path in made]
    print(table(rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
