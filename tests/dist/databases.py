"""`sqlite3` with every documented feature."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path

import harness

NOT_LOADED = {
    "glibc": "cannot open shared object file",
    "musl": "Error loading shared library",
    "static": "Dynamic loading not supported",
}

COMPILE_OPTIONS = {
    "ENABLE_COLUMN_METADATA",
    "ENABLE_FTS5",
    "ENABLE_GEOPOLY",
    "ENABLE_MATH_FUNCTIONS",
    "ENABLE_PREUPDATE_HOOK",
    "ENABLE_RTREE",
    "ENABLE_SESSION",
}


def _all(*statements: str) -> list[tuple[object, ...]]:
    """Run statements in an in-memory database and return the rows of the last."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        rows = [database.execute(statement).fetchall() for statement in statements]
        return rows[-1]


def test_compile_options() -> None:
    harness.say(f"     SQLite {sqlite3.sqlite_version}")
    options = {str(row[0]) for row in _all("pragma compile_options")}
    harness.equal(COMPILE_OPTIONS - options, set())
    harness.equal({"OMIT_LOAD_EXTENSION", "THREADSAFE=0", "ENABLE_FTS3_TOKENIZER", "USE_URI"} & options, set())


def test_threads_may_share_connections() -> None:
    harness.equal(_all("select sqlite_compileoption_used('THREADSAFE=1')"), [(1,)])


def test_statements_cannot_reach_pointers_or_other_files() -> None:
    """`fts3_tokenizer` returns and accepts addresses; a name is a URI only if the program requests that."""
    harness.equal(_all("select fts3_tokenizer('simple')"), [(None,)])
    with harness.raises(sqlite3.OperationalError, "disabled"):
        _all("select fts3_tokenizer('simple', x'0000000000000000')")
    with tempfile.TemporaryDirectory() as directory:
        name = f"file:{directory}/x?mode=memory"
        with harness.raises(sqlite3.OperationalError, "unable to open database file"):
            sqlite3.connect(name).execute("create table t (x)")
        with contextlib.closing(sqlite3.connect(name, uri=True)) as database:
            harness.equal(database.execute("create table t (x)").fetchall(), [])


def test_full_text_search() -> None:
    for module in ("fts3", "fts4", "fts5"):
        rows = _all(
            f"create virtual table page using {module}(title, body)",
            "insert into page values ('first', 'a quick brown fox'), ('second', 'a lazy dog')",
            "select title from page where page match 'fox OR cat'",
        )
        harness.equal((module, rows), (module, [("first",)]))


def test_r_tree() -> None:
    rows = _all(
        "create virtual table box using rtree(id, x0, x1, y0, y1)",
        "insert into box values (1, 0, 1, 0, 1), (2, 5, 6, 5, 6)",
        "select id from box where x0 >= 4",
    )
    harness.equal(rows, [(2,)])


def test_geopoly() -> None:
    area = _all("select geopoly_area('[[0,0],[2,0],[2,2],[0,2],[0,0]]')")
    harness.equal(area, [(4.0,)])


def test_json() -> None:
    harness.equal(_all("""select json_extract('{"a": [1, 2, {"b": "c"}]}', '$.a[2].b')"""), [("c",)])
    harness.equal(_all("""select '{"a": 7}' ->> 'a'"""), [(7,)])


def test_mathematical_functions() -> None:
    harness.equal(_all("select sqrt(16), pow(2, 10), round(pi(), 5), floor(-1.5)"), [(4.0, 1024.0, 3.14159, -2.0)])


def test_column_metadata() -> None:
    with contextlib.closing(sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)) as database:
        sqlite3.register_converter("halves", lambda text: int(text) / 2)
        database.execute("create table t (x halves)")
        database.execute("insert into t values (3)")
        harness.equal(database.execute("select x from t").fetchall(), [(1.5,)])


def test_loadable_extensions_are_possible() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.enable_load_extension(True)  # noqa: FBT003 - the parameter is positional only
        with harness.raises(sqlite3.OperationalError, NOT_LOADED[harness.c_library()]):
            database.load_extension("/nowhere/extension")


def test_window_functions_and_upsert() -> None:
    rows = _all(
        "create table t (k integer primary key, n)",
        "insert into t values (1, 10), (2, 20) on conflict (k) do update set n = excluded.n",
        "insert into t values (2, 30) on conflict (k) do update set n = excluded.n",
        "select k, sum(n) over (order by k) from t",
    )
    harness.equal(rows, [(1, 10), (2, 40)])


def test_backup_into_a_file() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "copy ü.db"
        with (
            contextlib.closing(sqlite3.connect(":memory:")) as source,
            contextlib.closing(sqlite3.connect(path)) as copy,
        ):
            source.execute("create table t as select 'kept' as x")
            source.backup(copy)
        with contextlib.closing(sqlite3.connect(path)) as again:
            again.execute("pragma journal_mode = wal")
            harness.equal(again.execute("select x from t").fetchall(), [("kept",)])


if __name__ == "__main__":
    harness.main()
