"""Writing the result: completely or not at all, and refused before any work where it is impossible."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from setup_local import pipeline
from setup_local.errors import OutputError, StoreError


def test_an_archive_is_copied_and_nothing_else_stays(tmp_path: Path) -> None:
    archive = tmp_path / "store" / "a.tar.zst"
    archive.parent.mkdir()
    archive.write_bytes(b"bytes")
    output = tmp_path / "dist"
    output.mkdir()
    assert pipeline.publish(archive, output) == output / "a.tar.zst"
    assert [path.name for path in output.iterdir()] == ["a.tar.zst"]
    assert (output / "a.tar.zst").read_bytes() == b"bytes"
    assert (output / "a.tar.zst").stat().st_mode & 0o777 == 0o644


def test_an_equal_archive_is_left_alone_and_another_is_replaced(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.zst"
    archive.write_bytes(b"new")
    output = tmp_path / "dist"
    output.mkdir()
    target = output / "a.tar.zst"
    pipeline.publish(archive, output)
    assert target.stat().st_mtime_ns == archive.stat().st_mtime_ns
    os.utime(target, (1, 1))
    pipeline.publish(archive, output)
    assert target.stat().st_mtime == 1
    target.write_bytes(b"old")
    pipeline.publish(archive, output)
    assert target.read_bytes() == b"new"


def test_a_failed_copy_leaves_the_old_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, output = tmp_path / "a.tar.zst", tmp_path / "dist"
    archive.write_bytes(b"new bytes")
    output.mkdir()
    (output / "a.tar.zst").write_bytes(b"old")

    def full_disk(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipeline.shutil, "copyfile", full_disk)
    with pytest.raises(OutputError, match="No space left on device"):
        pipeline.publish(archive, output)
    assert [path.name for path in output.iterdir()] == ["a.tar.zst"]
    assert (output / "a.tar.zst").read_bytes() == b"old"


def test_an_output_that_is_a_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("a file")
    with pytest.raises(OutputError, match=r"cannot be written: File exists \(choose another --output\)"):
        pipeline.check_places(tmp_path / "dist")


def test_a_cache_that_is_a_file_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache"))
    with pytest.raises(
        StoreError, match=r"cannot be written: File exists \(set SETUP_LOCAL_CACHE to another directory"
    ):
        pipeline.check_places(tmp_path / "dist")
