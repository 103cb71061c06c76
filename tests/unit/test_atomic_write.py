"""A file appears under its name only when it is complete."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from setup_local.atomic_write import atomic_write


def test_what_is_written_takes_the_place_of_the_old(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with atomic_write(target) as fresh:
        fresh.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [target]


def test_what_fails_leaves_the_old_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_write(target) as fresh:
        shutil.copyfile(tmp_path / "missing", fresh)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
