"""`dbm` with Berkeley DB: files are written, read back and recognised."""

from __future__ import annotations

import dbm.ndbm
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


if __name__ == "__main__":
    harness.main()
