"""Bootstrapped toolchains: found by their environment, and moved to other hosts in one verified archive."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from setup_local import cli, manifest, paths
from setup_local.build.bootstrap_chain import RECORD
from setup_local.build.bootstrapped import bootstrapped, export, fetch_over, find_bootstrapped, register, take_over
from setup_local.commands.toolchain import toolchain as commands
from setup_local.errors import OutputError, SourceError, ToolchainError
from setup_local.fetch.http import Downloader


def toolchain(directory: Path, environment: str = "bullseye") -> Path:
    (directory / "bin").mkdir(parents=True)
    (directory / "bin" / "clang-22").write_text("program")
    (directory / "bin" / "clang-22").chmod(0o755)
    (directory / "bin" / "clang").symlink_to("clang-22")
    (directory / RECORD).write_text(json.dumps({"environment": environment}))
    return directory


def changed(archive: Path, name: str, content: bytes | None) -> None:
    """Rewrite an archive with one member changed, removed (None), or added."""
    sink = io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=sink, mode="w") as new:
        for member in old:
            data = old.extractfile(member) if member.isreg() else None
            if member.name != f"toolchain/{name}":
                new.addfile(member, data)
        if content is not None:
            member = tarfile.TarInfo(f"toolchain/{name}")
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    archive.write_bytes(gzip.compress(sink.getvalue()))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    export(toolchain(tmp_path / "made"), tmp_path / "a.tar.gz")
    return tmp_path / "a.tar.gz"


def test_what_is_exported_is_the_same_elsewhere(tmp_path: Path, archive: Path) -> None:
    found = take_over(archive, tmp_path / "cache")
    assert found.environment == "bullseye"
    assert find_bootstrapped(tmp_path / "cache") == found.directory
    assert os.readlink(found.directory / "bin" / "clang") == "clang-22"
    assert os.access(found.directory / "bin" / "clang-22", os.X_OK)
    assert not (found.directory / manifest.NAME).exists()


def test_exporting_twice_gives_the_same_bytes(tmp_path: Path, archive: Path) -> None:
    again = take_over(archive, tmp_path / "cache").directory
    assert export(again, tmp_path / "b.tar.gz") == manifest.file_digest(archive)


def test_the_hash_of_the_archive_can_be_demanded(tmp_path: Path, archive: Path) -> None:
    take_over(archive, tmp_path / "cache", manifest.file_digest(archive))
    with pytest.raises(ToolchainError, match="does not have the requested SHA-256"):
        take_over(archive, tmp_path / "cache", "0" * 64)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bin/clang-22", b"evil", "was changed: bin/clang"),
        ("bin/clang-22", None, "was changed: bin/clang"),
        ("bin/more", b"evil", "was changed: bin/more"),
        (RECORD, b'{"environment": "../x"}', f"was changed: {RECORD}"),
        (manifest.NAME, b"nonsense\n", "has no usable manifest: line 1"),
        (manifest.NAME, None, "has no usable manifest"),
        ("../../out", b"evil", "is not a toolchain that can be imported"),
    ],
)
def test_an_archive_that_was_tampered_with_changes_nothing(
    tmp_path: Path, archive: Path, name: str, content: bytes | None, said: str
) -> None:
    there = take_over(archive, tmp_path / "cache").directory
    changed(archive, name, content)
    with pytest.raises(ToolchainError, match=said):
        take_over(archive, tmp_path / "cache")
    assert (there / "bin" / "clang").read_text() == "program"
    assert [path.name for path in (tmp_path / "cache" / "toolchains").iterdir()] == ["bullseye"]


@pytest.mark.parametrize("name", ["../x", "", "a/b"])
def test_a_record_cannot_choose_a_place_elsewhere(tmp_path: Path, name: str) -> None:
    export(toolchain(tmp_path / "made", name), tmp_path / "a.tar.gz")
    with pytest.raises(ToolchainError, match="names no environment"):
        take_over(tmp_path / "a.tar.gz", tmp_path / "cache")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"text")
    with pytest.raises(ToolchainError, match="is not a toolchain that can be imported"):
        take_over(tmp_path / "a.tar.gz", tmp_path / "cache")


def test_an_archive_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        export(toolchain(tmp_path / "made"), tmp_path / "not" / "there.tar.gz")


def test_a_result_that_left_the_store_is_no_toolchain(tmp_path: Path) -> None:
    register(tmp_path / "cache", "bullseye", toolchain(tmp_path / "made"))
    register(tmp_path / "cache", "trixie", tmp_path / "gone")
    assert [item.environment for item in bootstrapped(tmp_path / "cache")] == ["bullseye"]
    assert find_bootstrapped(tmp_path / "cache", "bullseye") == tmp_path / "made"
    with pytest.raises(ToolchainError, match=r"no bootstrapped toolchain trixie \(make one with"):
        find_bootstrapped(tmp_path / "cache", "trixie")


def test_of_several_one_must_be_named(tmp_path: Path) -> None:
    for name in ("bullseye", "trixie"):
        register(tmp_path / "cache", name, toolchain(tmp_path / name, name))
    register(tmp_path / "cache", "trixie", tmp_path / "trixie")
    with pytest.raises(ToolchainError, match=r"several .*: bullseye, trixie \(name one with --environment\)"):
        find_bootstrapped(tmp_path / "cache")
    assert find_bootstrapped(tmp_path / "cache", "trixie") == tmp_path / "trixie"


def test_an_archive_that_cannot_be_downloaded_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"http://nothing\.invalid/a: cannot be downloaded"):
        fetch_over("http://nothing.invalid/a", "0" * 64, tmp_path / "cache", {})
    assert not list((tmp_path / "cache" / "toolchains").iterdir())


def test_what_is_downloaded_is_verified_like_any_archive(
    tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(_: object, url: str, target: Path, *, limit: int) -> None:
        assert (url, limit > 1 << 30) == ("https://x.invalid/a", True)
        shutil.copyfile(archive, target)

    monkeypatch.setattr(Downloader, "download", download)
    with pytest.raises(ToolchainError, match="does not have the requested SHA-256"):
        fetch_over("https://x.invalid/a", "0" * 64, tmp_path / "cache", {})
    found = fetch_over("https://x.invalid/a", manifest.file_digest(archive), tmp_path / "cache", {})
    assert find_bootstrapped(tmp_path / "cache") == found.directory


def test_what_was_tampered_with_is_one_message_of_the_command(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    changed(archive, "bin/clang-22", b"evil")
    with pytest.raises(SystemExit) as caught:
        cli.main(["toolchain", "import", str(archive)])
    assert caught.value.code == ToolchainError.exit_code
    shown = capsys.readouterr().err
    assert shown.splitlines() == [f"error: {archive}: was changed: bin/clang differs from its manifest"]


def test_a_toolchain_goes_to_another_cache_by_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "one"))
    register(tmp_path / "one", "bullseye", toolchain(tmp_path / "made"))
    assert CliRunner().invoke(commands, ["export", str(tmp_path / "a")], catch_exceptions=False).exit_code == 0
    sha256 = manifest.file_digest(tmp_path / "a")
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "two"))
    words = ["import", str(tmp_path / "a"), "--sha256", sha256.upper()]
    taken = CliRunner().invoke(commands, words, catch_exceptions=False)
    assert taken.stdout.strip() == f"bullseye: {find_bootstrapped(tmp_path / 'two')}"
