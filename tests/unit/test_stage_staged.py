"""The record beside a staged tree restores all facts about it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from test_describe import STAGED

from setup_local.errors import StageError
from setup_local.stage.staged import RECORD, TREE, read_record, write_record


@pytest.mark.parametrize("shared", [None, "install/lib/libpython3.13.so.1.0"])
def test_what_is_written_is_read(tmp_path: Path, shared: str | None) -> None:
    staged = dataclasses.replace(STAGED, root=tmp_path / TREE, shared_libpython=shared)
    write_record(staged, tmp_path)
    found = read_record(tmp_path)
    assert found == staged
    assert list(found.archives) == list(staged.archives), "they are in link order"
    assert found.interpreter == tmp_path / "python" / "install" / "bin" / "python3.13"


def test_the_record_follows_its_directory(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    write_record(dataclasses.replace(STAGED, root=tmp_path / "one" / TREE), tmp_path / "one")
    assert str(tmp_path) not in (tmp_path / "one" / RECORD).read_text()
    assert read_record((tmp_path / "one").rename(tmp_path / "two")).root == tmp_path / "two" / TREE


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"root": "/"}'])
def test_another_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(StageError, match="is not a record of a staged tree"):
        read_record(tmp_path)


def test_a_tree_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="cannot be read"):
        read_record(tmp_path)
