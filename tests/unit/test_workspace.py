"""Scratch space: leftovers of a killed build are removed, those of a running one are not; trees are merged safely."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.build.store import Store
from setup_local.build.workspace import Workspace, merge_trees, remove_kept, remove_resumable
from setup_local.errors import StoreError


def test_the_workspace_is_gone_at_the_end(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        locked = workspace.directory("step")
        (locked / "file").write_text("x")
        locked.chmod(0o500)
    assert not workspace.root.exists()


def test_leftovers_are_swept_but_living_workspaces_are_not(tmp_path: Path) -> None:
    left = tmp_path / "work" / "build-dead"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    with Workspace(tmp_path) as living, Workspace(tmp_path) as other:
        assert not left.exists()
        assert living.root.is_dir()
        assert other.root.is_dir()


def test_what_a_dying_program_still_wrote_into_is_swept_at_the_end(tmp_path: Path) -> None:
    left = tmp_path / "work" / "build-dead"
    with Workspace(tmp_path):
        left.mkdir()
        (left / "late").write_text("x")
    assert not left.exists()


def test_kept_workspaces_are_never_swept(tmp_path: Path) -> None:
    with Workspace(tmp_path, keep=True) as kept:
        (kept.directory("step") / "object.o").write_text("x")
    with Workspace(tmp_path):
        assert (kept.root / "step" / "object.o").is_file()
        assert remove_kept(tmp_path) == 1
    assert not kept.root.exists()


def test_merging_refuses_different_files_of_one_name(tmp_path: Path) -> None:
    for name, text in (("a", "one"), ("b", "one"), ("c", "two")):
        (tmp_path / name / "include").mkdir(parents=True)
        (tmp_path / name / "include" / "zlib.h").write_text(text)
    merged = merge_trees([tmp_path / "a", tmp_path / "b"], tmp_path / "merged")
    assert (merged / "include" / "zlib.h").read_text() == "one"
    with pytest.raises(StoreError, match="two libraries install different files"):
        merge_trees([tmp_path / "a", tmp_path / "c"], tmp_path / "clash")


def test_merging_keeps_symbolic_links(tmp_path: Path) -> None:
    tree = tmp_path / "a"
    (tree / "lib").mkdir(parents=True)
    (tree / "lib" / "real").write_text("x")
    (tree / "lib" / "link").symlink_to("real")
    (tree / "lib64").symlink_to("lib")
    merged = merge_trees([tree], tmp_path / "merged")
    assert (merged / "lib" / "link").readlink() == Path("real")
    assert (merged / "lib64").readlink() == Path("lib")


def test_store_entries_can_be_removed_and_half_removed_ones_are_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    (prepared / "f").write_text("12345")
    store.commit("k" * 32, "zlib", prepared, seconds=1.5)
    (entry,) = store.entries()
    assert (entry.name, entry.size, entry.seconds) == ("zlib", 5, 1.5)
    entry.path.rename(entry.path.with_name(f".{entry.path.name}.doomed"))
    store.sweep()
    assert list((tmp_path / "store").iterdir()) == []


def test_an_unreadable_entry_is_named(tmp_path: Path) -> None:
    entry = tmp_path / "store" / "key-zlib"
    entry.mkdir(parents=True)
    (entry / "meta.json").write_text("{")
    with pytest.raises(StoreError, match=r"unreadable entry \(remove its directory\)"):
        Store(tmp_path).entries()


def test_resumed_scratch_space_outlives_the_workspace(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        (workspace.resumed("key-step") / "one.o").write_text("x")
    with Workspace(tmp_path) as later:
        assert (later.resumed("key-step") / "one.o").is_file()
        assert later.resumed("other-step") != later.resumed("key-step")


def test_scratch_space_of_killed_steps_can_be_removed_unless_somebody_uses_it(tmp_path: Path) -> None:
    key, other = "a" * 32, "b" * 32
    with Workspace(tmp_path) as workspace:
        for name in (key, other):
            (workspace.resumed(f"{name}-step") / "one.o").write_text("x")
    with Store(tmp_path).locked(other):
        assert remove_resumable(tmp_path) == 1
    assert [path.name for path in (tmp_path / "work" / "resumable").iterdir()] == [f"{other}-step"]
    assert remove_resumable(tmp_path) == 1
