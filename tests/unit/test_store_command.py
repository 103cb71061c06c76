"""`setup-local store`: listing and removing results."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from setup_local.build.store import Store
from setup_local.commands.store import store

_DAY = 86400


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path))
    for key, name, age in (("a" * 32, "library-zlib", 1), ("b" * 32, "cpython", 40)):
        prepared = tmp_path / name
        prepared.mkdir()
        (prepared / "file").write_text("12345")
        result = Store(tmp_path).commit(key, name, prepared, seconds=2)
        meta = result.parent / "meta.json"
        used = meta.stat().st_mtime - age * _DAY
        os.utime(meta, (used, used))
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(store, arguments, catch_exceptions=False)


def _names(cache: Path) -> list[str]:
    return [entry.name for entry in Store(cache).entries()]


def test_info_lists_results_for_people_and_machines(cache: Path) -> None:
    assert "library-zlib" in _run("info").stdout
    listed = json.loads(_run("info", "--json").stdout)
    assert [(item["name"], item["size"]) for item in listed] == [("library-zlib", 5), ("cpython", 5)]
    assert Path(listed[0]["path"]).is_relative_to(cache)


def test_gc_removes_what_was_not_used_for_the_time_given(cache: Path) -> None:
    assert _run("gc", "--dry-run").stderr == "1 results, 5 bytes, would be removed\n"
    assert _names(cache) == ["library-zlib", "cpython"]
    _run("gc")
    assert _names(cache) == ["library-zlib"]
    _run("gc", "--days", "0")
    assert _names(cache) == []


def test_gc_all_removes_everything(cache: Path) -> None:
    _run("gc", "--all")
    assert _names(cache) == []
    assert list((cache / "store").iterdir()) == []


def test_gc_removes_kept_scratch_directories(cache: Path) -> None:
    kept = cache / "work" / "build-kept"
    kept.mkdir(parents=True)
    (kept / ".keep").touch()
    assert "and 1 scratch directories removed" in _run("gc").stderr
    assert not kept.exists()
