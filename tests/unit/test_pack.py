from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path
from types import MappingProxyType

import pytest
import zstandard

from setup_local import manifest
from setup_local.audit.archive import MemberKind
from setup_local.audit.safe_archive import read_safe_members
from setup_local.errors import OutputError
from setup_local.stage.objects import Objects
from setup_local.stage.pack import MTIME, pack
from setup_local.stage.tree import StagedTree


class Text:
    """A description that is any text."""

    def to_json(self) -> str:
        return '{"version": "8"}\n'


def staged(root: Path) -> StagedTree:
    nothing: MappingProxyType[str, str] = MappingProxyType({})
    return StagedTree(
        root=root,
        python_exe="install/bin/python3.13",
        libpython="install/lib/libpython3.13.a",
        objects=Objects(core=(), extensions={}),
        inittab=nothing,
        inittab_cflags=(),
        required=frozenset(),
        system_libraries=(),
        archives=nothing,
        licenses=nothing,
        tcl_library_paths=(),
    )


@pytest.fixture
def tree(tmp_path: Path) -> StagedTree:
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
    return staged(root)


def members(archive: Path) -> list[tarfile.TarInfo]:
    with archive.open("rb") as stream, zstandard.ZstdDecompressor().stream_reader(stream) as plain:
        return tarfile.open(fileobj=io.BytesIO(plain.read())).getmembers()


def test_the_description_is_first_and_all_else_sorted(tree: StagedTree, tmp_path: Path) -> None:
    names = [member.name for member in members(pack(tree, Text(), tmp_path / "a.tar.zst", threads=2))]
    assert names[:2] == ["python/PYTHON.json", "python/SHA256SUMS"]
    assert names[2:] == sorted(names[2:], key=str.encode)
    assert "python/install/lib/directory" in names
    assert not any(name.startswith("python/install/lib/directory/") for name in names)


def test_the_manifest_lists_files_and_links_to_files(tree: StagedTree, tmp_path: Path) -> None:
    path = pack(tree, Text(), tmp_path / "a.tar.zst", threads=1)
    contents = {member.name: read() for member, read in read_safe_members(path) if member.kind is MemberKind.FILE}
    listed = manifest.parse(contents.pop("python/SHA256SUMS"))
    hashes = {name.removeprefix("python/"): hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    assert listed == hashes | {"install/bin/python3": hashes["install/bin/python3.13"]}


def test_members_say_nothing_of_the_machine(tree: StagedTree, tmp_path: Path) -> None:
    found = members(pack(tree, Text(), tmp_path / "a.tar.zst", threads=1))
    assert {(member.uid, member.gid, member.uname, member.gname, member.mtime) for member in found} == {
        (0, 0, "", "", MTIME)
    }
    modes = {member.name.rpartition("/")[2]: member.mode for member in found if not member.issym()}
    assert modes["python3.13"] == 0o755
    assert modes["b.py"] == modes["PYTHON.json"] == 0o644


def test_symlinks_stay_and_hard_links_become_files(tree: StagedTree, tmp_path: Path) -> None:
    found = {member.name: member for member in members(pack(tree, Text(), tmp_path / "a.tar.zst", threads=1))}
    assert found["python/install/bin/python3"].linkname == "python3.13"
    assert found["python/install/lib/a.py"].isreg()
    assert found["python/install/lib/b.py"].isreg()


def test_threads_times_and_places_change_no_byte(tree: StagedTree, tmp_path: Path) -> None:
    one = pack(tree, Text(), tmp_path / "one.tar.zst", threads=1).read_bytes()
    for path in tree.root.rglob("*.py"):
        os.utime(path, (1, 1))
    moved = tree.root.parent.rename(tmp_path / "elsewhere") / "python"
    assert pack(staged(moved), Text(), tmp_path / "two.tar.zst", threads=2).read_bytes() == one


def test_gzip_holds_no_time_and_no_name(tree: StagedTree, tmp_path: Path) -> None:
    data = pack(tree, Text(), tmp_path / "a.tar.gz", threads=1).read_bytes()
    assert data[3] == 0, "no optional header field"
    assert data[4:8] == bytes(4), "no time"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        assert archive.getnames()[0] == "python/PYTHON.json"
    assert pack(tree, Text(), tmp_path / "b.tar.gz", threads=1).read_bytes() == data


def test_another_suffix_is_refused(tree: StagedTree, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="neither"):
        pack(tree, Text(), tmp_path / "a.zip", threads=1)
    assert not list(tmp_path.glob("*a.zip*"))


def test_a_directory_that_does_not_exist_is_one_clear_line(tree: StagedTree, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        pack(tree, Text(), tmp_path / "none" / "a.tar.zst", threads=1)


def test_nothing_half_written_is_left(tree: StagedTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("setup_local.stage.pack._add", full)
    with pytest.raises(OutputError, match="No space left on device"):
        pack(tree, Text(), tmp_path / "a.tar.zst", threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_an_older_archive_is_replaced_as_a_whole(tree: StagedTree, tmp_path: Path) -> None:
    target = tmp_path / "a.tar.zst"
    target.write_text("old")
    pack(tree, Text(), target, threads=1)
    assert members(target)
