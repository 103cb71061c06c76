"""The program of ncurses' recipe that selects terminal descriptions."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from setup_local.catalog.libraries import RECIPES

PROGRAM = RECIPES / "ncurses" / "terminals.py"
FUNCTIONS: dict[str, Any] = runpy.run_path(str(PROGRAM))


def _entry(names: str) -> bytes:
    """Return the beginning of a compiled entry: a header of twelve bytes, and its names."""
    return bytes(12) + names.encode() + b"\0rest"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a directory with ncurses' layout; each entry is stored under each of its names."""
    root = tmp_path / "database"
    for names in ("xterm|X11 terminal", "xterm+keys|building block", "Old|old|an alias", "ABC|a", "abc|b"):
        for name in names.split("|")[:-1]:
            (root / name[0]).mkdir(parents=True, exist_ok=True)
            (root / name[0] / name).write_bytes(_entry(names))
    return root


def _run(database: Path, monkeypatch: pytest.MonkeyPatch, listing: str) -> tuple[str, set[str]]:
    top = database.parent
    (top / "list.toml").write_text(listing, encoding="utf-8")
    words = [str(PROGRAM), str(database), str(top / "list.toml"), str(top / "out.h"), str(top / "out")]
    monkeypatch.setattr(sys, "argv", words)
    FUNCTIONS["main"]()
    placed = {path.relative_to(top / "out").as_posix() for path in (top / "out").rglob("*") if path.is_file()}
    return (top / "out.h").read_text(encoding="ascii"), placed


def test_compiled_in_entries_are_the_bytes_of_their_files(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = _run(database, monkeypatch, 'compiled-in = ["xterm", "old"]\nbundled = ["xterm"]\n')
    bodies = re.findall(r"unsigned char entry_\d+\[\] = \{\n(.*?)\n\};", text, re.DOTALL)
    entries = [bytes(int(word) for word in re.findall(r"\d+", body)) for body in bodies]
    assert entries == [_entry("xterm|X11 terminal"), _entry("Old|old|an alias")]
    assert text.count("sizeof entry_") == 2


def test_no_two_bundled_names_differ_in_case_alone(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, placed = _run(database, monkeypatch, 'compiled-in = []\nbundled = ["*"]\n')
    assert placed == {"x/xterm", "O/Old", "a/abc"}


def test_building_blocks_are_not_bundled(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, placed = _run(database, monkeypatch, 'compiled-in = []\nbundled = ["xterm*"]\n')
    assert placed == {"x/xterm"}


@pytest.mark.parametrize("listing", ['compiled-in = ["vt9"]\nbundled = []\n', 'compiled-in = []\nbundled = ["vt*"]\n'])
def test_what_the_database_lacks_is_an_error(listing: str, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="no terminal vt"):
        _run(database, monkeypatch, listing)
