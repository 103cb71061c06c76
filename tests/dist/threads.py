"""Threads, with or without the interpreter's lock (GIL), depending on the build; none of our modules enables it."""

from __future__ import annotations

import importlib.machinery
import sys
import sysconfig
import threading
from collections import Counter
from pathlib import Path

import harness

THREADS = 8
ROUNDS = 2000
IMPORTED = """
import importlib, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
for name in sys.argv[1:]:
    before = sys._is_gil_enabled()
    try:
        importlib.import_module(name)
    except ImportError as error:
        print("cannot be imported:", name, error)
    if sys._is_gil_enabled() != before:
        print("brings the lock back:", name)
        break
"""
# Enabling the lock is this module's purpose; only CPython's own tests import it.
ASKS_FOR_THE_LOCK = {"_testsinglephase"}
NEEDS_MORE = {"nis", "_gdbm"}


def _free() -> bool:
    return "t" in sys.abiflags


def test_threads_share_containers() -> None:
    found: list[int] = []
    counted: Counter[int] = Counter()
    table: dict[tuple[int, int], int] = {}
    lock = threading.Lock()

    def work(number: int) -> None:
        for turn in range(ROUNDS):
            found.append(turn)
            table[number, turn] = turn
            with lock:
                counted[turn] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    harness.equal(len(found), THREADS * ROUNDS)
    harness.equal(len(table), THREADS * ROUNDS)
    harness.equal(set(counted.values()), {THREADS})


def test_the_lock_is_as_built() -> None:
    code = "import sys; print(getattr(sys, '_is_gil_enabled', lambda: True)())"
    harness.equal(harness.python("-c", code).strip(), str(not _free()))
    if _free():
        harness.equal(harness.python("-X", "gil=1", "-c", code).strip(), "True")
        harness.equal(harness.python("-c", code, env={"PYTHON_GIL": "1"}).strip(), "True")


def test_no_module_brings_the_lock_back() -> None:
    if not _free():
        raise harness.Skip("this build has the lock")
    names = set(sys.builtin_module_names)
    for path in Path(sysconfig.get_path("platstdlib"), "lib-dynload").iterdir():
        suffix = next((one for one in importlib.machinery.EXTENSION_SUFFIXES if path.name.endswith(one)), None)
        if suffix:
            names.add(path.name[: -len(suffix)])
    wanted = sorted(names - ASKS_FOR_THE_LOCK - NEEDS_MORE)
    harness.say(f"     {len(wanted)} modules")
    harness.holds(len(wanted) > 70)
    harness.equal(harness.python("-c", IMPORTED, *wanted), "")


if __name__ == "__main__":
    harness.main()
