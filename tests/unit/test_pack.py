from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest
import zstandard

from setup_local import manifest
from setup_local.audit.archive import MemberKind
from setup_local.audit.safe_archive import read_safe_members
from setup_local.errors import OutputError, StageError
from setup_local.stage.pack import MTIME, pack

DESCRIPTION = '{"version": "8"}\n'


@pytest.fixture
def trees(tmp_path: Path) -> list[Path]:
    root = tmp_path / "tree" / "python"
    (root / "install" / "bin").mkdir(parents=True)
    (root / "install" / "lib-b").mkdir()
    (root / "install" / "lib").mkdir()
    program = root / "install" / "bin" / "python3.13"
    program.write_bytes(os.urandom(200_000) * 8)
    program.chmod(0o775)
    (root / "install" / "bin" / "python3").symlink_to("python3.13")
    (root / "install" / "lib" / "b.py").write_text("b\n")
    (root / "install" / "lib" / "a.py").hardlink_to(root / "install" / "lib" / "b.py")
    (root / "install" / "lib-b" / "z.py").write_text("z\n")
    (root / "install" / "lib" / "directory").symlink_to("../lib-b")
    (tmp_path / "description").mkdir()
    (tmp_path / "description" / "PYTHON.json").write_text(DESCRIPTION)
    return [root, tmp_path / "description"]


def members(archive: Path) -> list[tarfile.TarInfo]:
    with archive.open("rb") as stream, zstandard.ZstdDecompressor().stream_reader(stream) as plain:
        return tarfile.open(fileobj=io.BytesIO(plain.read())).getmembers()


def test_the_description_is_first_and_all_else_sorted(trees: list[Path], tmp_path: Path) -> None:
    names = [member.name for member in members(pack(trees, tmp_path / "a.tar.zst", threads=2))]
    assert names[:2] == ["python/PYTHON.json", "python/SHA256SUMS"]
    assert names[2:] == sorted(names[2:], key=str.encode)
    assert "python/install/lib/directory" in names
    assert not any(name.startswith("python/install/lib/directory/") for name in names)


def test_the_manifest_lists_files_and_links_to_files(trees: list[Path], tmp_path: Path) -> None:
    path = pack(trees, tmp_path / "a.tar.zst", threads=1)
    contents = {member.name: read() for member, read in read_safe_members(path) if member.kind is MemberKind.FILE}
    listed = manifest.parse(contents.pop("python/SHA256SUMS"))
    hashes = {name.removeprefix("python/"): hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    assert listed == hashes | {"install/bin/python3": hashes["install/bin/python3.13"]}


def test_members_say_nothing_of_the_machine(trees: list[Path], tmp_path: Path) -> None:
    found = members(pack(trees, tmp_path / "a.tar.zst", threads=1))
    assert {(member.uid, member.gid, member.uname, member.gname, member.mtime) for member in found} == {
        (0, 0, "", "", MTIME)
    }
    modes = {member.name.rpartition("/")[2]: member.mode for member in found if not member.issym()}
    assert modes["python3.13"] == 0o755
    assert modes["b.py"] == modes["PYTHON.json"] == 0o644


def test_symlinks_stay_and_hard_links_become_files(trees: list[Path], tmp_path: Path) -> None:
    found = {member.name: member for member in members(pack(trees, tmp_path / "a.tar.zst", threads=1))}
    assert found["python/install/bin/python3"].linkname == "python3.13"
    assert found["python/install/lib/a.py"].isreg()
    assert found["python/install/lib/b.py"].isreg()


def test_where_a_file_comes_from_changes_no_byte(trees: list[Path], tmp_path: Path) -> None:
    one = pack(trees, tmp_path / "one.tar.zst", threads=1).read_bytes()
    (tmp_path / "documents" / "install" / "lib").mkdir(parents=True)
    (trees[0] / "install" / "lib" / "b.py").rename(tmp_path / "documents" / "install" / "lib" / "b.py")
    assert pack([*trees, tmp_path / "documents"], tmp_path / "two.tar.zst", threads=1).read_bytes() == one


def test_a_file_that_two_trees_have_is_refused(trees: list[Path], tmp_path: Path) -> None:
    (trees[0] / "PYTHON.json").write_text("{}")
    with pytest.raises(StageError, match=r"PYTHON\.json is in two of the packed trees"):
        pack(trees, tmp_path / "a.tar.zst", threads=1)
    assert not (tmp_path / "a.tar.zst").exists()


def test_threads_times_and_places_change_no_byte(trees: list[Path], tmp_path: Path) -> None:
    one = pack(trees, tmp_path / "one.tar.zst", threads=1).read_bytes()
    for path in trees[0].rglob("*.py"):
        os.utime(path, (1, 1))
    moved = trees[0].parent.rename(tmp_path / "elsewhere") / "python"
    assert pack([moved, trees[1]], tmp_path / "two.tar.zst", threads=2).read_bytes() == one


def test_gzip_holds_no_time_and_no_name(trees: list[Path], tmp_path: Path) -> None:
    data = pack(trees, tmp_path / "a.tar.gz", threads=1).read_bytes()
    assert data[3] == 0, "no optional header field"
    assert data[4:8] == bytes(4), "no time"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        assert archive.getnames()[0] == "python/PYTHON.json"
    assert pack(trees, tmp_path / "b.tar.gz", threads=1).read_bytes() == data


def test_another_suffix_is_refused(trees: list[Path], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not end with"):
        pack(trees, tmp_path / "a.zip", threads=1)
    assert not list(tmp_path.glob("*a.zip*"))


def test_a_directory_that_does_not_exist_is_one_clear_line(trees: list[Path], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        pack(trees, tmp_path / "none" / "a.tar.zst", threads=1)


def test_nothing_half_written_is_left(trees: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("setup_local.stage.pack._add", full)
    with pytest.raises(OutputError, match="No space left on device"):
        pack(trees, tmp_path / "a.tar.zst", threads=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["description", "tree"]


def test_an_older_archive_is_replaced_as_a_whole(trees: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "a.tar.zst"
    target.write_text("old")
    pack(trees, target, threads=1)
    assert members(target)
