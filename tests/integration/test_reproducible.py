"""An archive is rebuilt from its own contents: compiling the bytecode and packing again give the same bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest
import zstandard
from installed import listed_otherwise

from setup_local.build.launcher import HostPython
from setup_local.catalog.sysconfig import load_settings
from setup_local.stage.bytecode import compile_library
from setup_local.stage.pack import pack


def unpacked(archive: Path, into: Path) -> Path:
    with (
        archive.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        tar.extraction_filter = getattr(tarfile, "tar_filter", None)
        tar.extractall(into)  # our own archive
    return into / "python"


def bytecode(install: Path) -> dict[str, str]:
    return {
        path.relative_to(install).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in install.rglob("*.pyc")
    }


@pytest.fixture
def tree(archive: Path, tmp_path: Path) -> Path:
    return unpacked(archive, tmp_path / "another place")


def test_sha256sum_finds_every_file_as_it_was_packed(tree: Path) -> None:
    assert not listed_otherwise(tree)


def test_the_archive_comes_out_the_same(archive: Path, tree: Path, tmp_path: Path) -> None:
    (tree / "SHA256SUMS").unlink()
    interpreter = json.loads((tree / "PYTHON.json").read_text(encoding="utf-8"))["python_exe"]
    before = bytecode(tree / "install")
    assert before, "a distribution holds bytecode"
    for directory in list((tree / "install").rglob("__pycache__")):
        shutil.rmtree(directory)
    compile_library(tree / "install", HostPython(program=tree / interpreter), load_settings().bytecode.checked, jobs=1)
    assert bytecode(tree / "install") == before
    again = pack([tree], tmp_path / "again.tar.zst", threads=1)
    assert hashlib.sha256(again.read_bytes()).hexdigest() == hashlib.sha256(archive.read_bytes()).hexdigest()
