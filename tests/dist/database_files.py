"""`dbm` with Berkeley DB: files are written, read back and recognised."""

from __future__ import annotations

import dbm.ndbm
import importlib
import tempfile
from pathlib import Path

import harness


def test_dbm_of_berkeley_db() -> None:
    harness.equal(dbm.ndbm.library, "Berkeley DB")
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "store")
        with dbm.ndbm.open(path, "n") as store:
            for number in range(500):
                store[f"key {number}"] = b"\0value %d" % number
            del store["key 3"]
        harness.equal([entry.name for entry in Path(directory).iterdir()], ["store.db"])
        with dbm.ndbm.open(path, "r") as store:
            harness.equal(len(store.keys()), 499)
            harness.equal(store[b"key 499"], b"\0value 499")
            harness.equal(store.get("key 3"), None)
        harness.equal(dbm.whichdb(path), "dbm.ndbm")


def test_dbm_of_gnu() -> None:
    extensions = harness.description().get("build_info", {}).get("extensions", {})
    if "_gdbm" not in extensions:
        raise harness.Skip("PYTHON.json names no _gdbm")
    gnu = importlib.import_module("dbm.gnu")
    harness.say(f"     gdbm {'.'.join(map(str, gnu._GDBM_VERSION))}" if hasattr(gnu, "_GDBM_VERSION") else "     gdbm")
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "store ü.gdbm")
        with gnu.open(path, "n") as store:
            for number in range(500):
                store[f"key {number}"] = b"\0value %d" % number
            store.reorganize()
            store.sync()
        with gnu.open(path, "r") as store:
            harness.equal(len(store.keys()), 500)
            harness.equal(store[b"key 499"], b"\0value 499")
            harness.equal(store.get("no key"), None)
        harness.equal(dbm.whichdb(path), "dbm.gnu")


if __name__ == "__main__":
    harness.main()
