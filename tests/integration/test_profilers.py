"""perf finds Python's functions by frame pointers, through the code of the interpreter and of the libraries."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from installed import Installation, checked, environment, run

WITHOUT = "without_frame_pointers"
# Functions that call each other directly in Python, and through SQLite, which calls the inner one for each row.
PROGRAM = """
import os, sqlite3, sys, time

def inner(_=0):
    total = 0
    for number in range(2000):
        total += number * number
    return total

def outer_in_python():
    return inner()

def outer_of_sqlite():
    return connection.execute(QUERY).fetchone()

connection = sqlite3.connect(":memory:")
connection.create_function("inner", 1, inner)
QUERY = "WITH RECURSIVE row(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 50) SELECT sum(inner(n)) FROM row"
print("pid", os.getpid(), sys.is_stack_trampoline_active(), flush=True)
for outer in (outer_in_python, outer_of_sqlite):
    end = time.process_time() + 1
    while time.process_time() < end:
        outer()
"""


@pytest.fixture(scope="module")
def perf(installation: Installation, workshop: Path) -> Path:
    """Return perf's path, if perf may observe processes and the interpreter provides names for it."""
    found = shutil.which("perf")
    if found is None:
        pytest.skip("perf (linux-perf) is not installed")
    data = workshop / "try.data"
    tried = run([found, "record", "-o", data, "true"], env=environment(workshop), cwd=workshop, seconds=60)
    if tried.returncode:
        pytest.skip(f"the kernel does not let perf look at processes: {tried.stdout.strip().splitlines()[-1]}")
    code = "import sys; print(hasattr(sys, 'activate_stack_trampoline') and sys.activate_stack_trampoline('perf'))"
    activated = run([installation.python, "-c", code], env=environment(workshop), cwd=workshop, seconds=60)
    assert activated.returncode >= 0, "the interpreter crashes when it should tell perf names"
    if activated.stdout.strip() != "None":
        pytest.skip("this CPython tells perf no names (3.12 or newer on glibc does)")
    return Path(found)


def _samples(perf: Path, python: Path, scratch: Path) -> list[list[str]]:
    """Return the stack of each of the program's samples, innermost function first."""
    env = {**environment(scratch), "PYTHONPERFSUPPORT": "1"}
    (scratch / "program.py").write_text(PROGRAM, encoding="utf-8")
    words = [perf, "record", "-F", "499", "--call-graph", "fp", "-o", "perf.data", python, "-B", "program.py"]
    output = checked(words, env=env, cwd=scratch)
    number = next(line.split()[1] for line in output.splitlines() if line.startswith("pid "))
    try:
        assert f"pid {number} True" in output
        text = checked([perf, "script", "-i", "perf.data", "-F", "ip,sym", "--no-inline"], env=env, cwd=scratch)
    finally:
        os.unlink(f"/tmp/perf-{number}.map")  # the file in which the interpreter writes names for perf
    blocks = (block.splitlines() for block in text.split("\n\n"))
    return [[line.split(None, 1)[-1] for line in block if line.strip()] for block in blocks if block]


def test_perf_finds_the_functions_of_python(
    installation: Installation, perf: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if WITHOUT in installation.description["build_options"].split("+"):
        request.applymarker(pytest.mark.xfail(strict=True, reason="this distribution has no frame pointers"))
    samples = _samples(perf, installation.python, tmp_path)
    assert len(samples) > 200
    working = [stack for stack in samples if any("py::inner:" in name for name in stack)]
    assert len(working) > 0.8 * len(samples)  # the rest is start-up
    for outer in ("py::outer_in_python:", "py::outer_of_sqlite:"):
        whole = [stack for stack in working if any(outer in name for name in stack)]
        assert len(whole) > 0.4 * len(working)
        assert all(any("py::<module>:" in name for name in stack) for stack in whole)
    assert any("sqlite3_step" in name for stack in working for name in stack)
