"""Unpacking keeps the files that builds need and writes nothing outside its directory."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from setup_local.catalog.sources import ArchiveKind, Form, Source
from setup_local.errors import SourceError
from setup_local.fetch import Obtained, unpack

TIME = 1_600_000_001


def obtained(path: Path, kind: ArchiveKind = ArchiveKind.TAR, root: str = "") -> Obtained:
    form = Form(file=path.name, sha256="0" * 64, size=1, kind=kind, root=root)
    return Obtained(source=Source(name="a", version="1", forms=(form,)), form=form, path=path)


def member(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> bytes:
    """Return one member as blocks of a tar archive, so that forbidden names are possible too."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mode, info.mtime = len(data), kind, link, mode, TIME
    return info.tobuf() + data + b"\0" * (-len(data) % tarfile.BLOCKSIZE)


def tar(path: Path, *members: bytes, compress: Callable[[bytes], bytes] = bytes) -> Path:
    path.write_bytes(compress(b"".join(members) + b"\0" * tarfile.BLOCKSIZE * 2))
    return path


def deb(path: Path, name: str, data: bytes) -> Path:
    def entry(name: str, data: bytes) -> bytes:
        return f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)

    path.write_bytes(
        b"!<arch>\n" + entry("debian-binary", b"2.0\n") + entry("control.tar.xz", b"x") + entry(name, data)
    )
    return path


TREE = (
    member("a-1", kind=tarfile.DIRTYPE, mode=0o755),
    member("a-1/configure", b"#!/bin/sh\n", mode=0o755),
    member("a-1/src/a.c", b"int a;\n"),
    member("a-1/docs/index", b"text\n"),
    member("a-1/src/link.c", kind=tarfile.SYMTYPE, link="../src/a.c"),
    member("a-1/src/same.c", kind=tarfile.LNKTYPE, link="a-1/src/a.c"),
)


def test_a_tar_keeps_times_and_execute_bits(tmp_path: Path) -> None:
    tree = unpack(obtained(tar(tmp_path / "a.tar.xz", *TREE, compress=lzma.compress), root="a-1"), tmp_path / "out")
    assert tree == tmp_path / "out" / "a-1"
    assert (tree / "src/a.c").read_text() == "int a;\n"
    assert (tree / "src/a.c").stat().st_mtime == TIME
    assert os.access(tree / "configure", os.X_OK)
    assert (tree / "src/a.c").stat().st_mode & 0o777 == 0o644
    assert (tree / "src/link.c").readlink() == Path("../src/a.c")
    assert (tree / "src/same.c").samefile(tree / "src/a.c")


def test_only_some_directories(tmp_path: Path) -> None:
    archive = obtained(tar(tmp_path / "a.tar", *TREE), root="a-1")
    tree = unpack(archive, tmp_path / "out", only=("docs", "configure"))
    assert sorted(str(path.relative_to(tree)) for path in tree.rglob("*")) == ["configure", "docs", "docs/index"]


def test_what_lies_outside_of_the_root_is_left_out(tmp_path: Path) -> None:
    tree = unpack(obtained(tar(tmp_path / "a.tar", *TREE), root="a-1/docs"), tmp_path / "out")
    assert [path.name for path in tree.iterdir()] == ["index"]
    assert not (tmp_path / "out" / "a-1" / "configure").exists()


def test_the_top_directory_may_have_any_name(tmp_path: Path) -> None:
    archive = tar(tmp_path / "a.tar", *TREE)
    assert unpack(obtained(archive, root="*"), tmp_path / "all") == tmp_path / "all" / "a-1"
    tree = unpack(obtained(archive, root="*/docs"), tmp_path / "docs", only=("index",))
    assert sorted(path.name for path in (tmp_path / "docs").rglob("*")) == ["a-1", "docs", "index"]
    assert (tree / "index").is_file()


def test_there_is_one_top_directory_or_nobody_can_tell(tmp_path: Path) -> None:
    two = tar(tmp_path / "two.tar", member("a/x"), member("b/x"))
    with pytest.raises(SourceError, match=r"contains 2 directories \*, not one"):
        unpack(obtained(two, root="*"), tmp_path / "two")
    with pytest.raises(SourceError, match=r"contains no directories \*/source, not one"):
        unpack(obtained(tar(tmp_path / "a.tar", *TREE), root="*/source"), tmp_path / "none")


@pytest.mark.parametrize(("root", "only"), [("b-1", ()), ("a-1", ("absent",))])
def test_a_root_or_directory_that_is_missing(tmp_path: Path, root: str, only: tuple[str, ...]) -> None:
    with pytest.raises(SourceError, match="does not contain"):
        unpack(obtained(tar(tmp_path / "a.tar", *TREE), root=root), tmp_path / "out", only=only)


@pytest.mark.parametrize(
    "members",
    [
        (member("../evil", b"x"),),
        (member("a/../../evil", b"x"),),
        (member("/evil", b"x"),),
        (member("link", kind=tarfile.SYMTYPE, link="/etc"),),
        (member("link", kind=tarfile.SYMTYPE, link="../.."),),
        (member("a/deep", kind=tarfile.DIRTYPE), member("a/link", kind=tarfile.SYMTYPE, link="deep/../../../out2")),
        (member("hard", kind=tarfile.LNKTYPE, link="/etc/passwd"),),
        (member("hard", kind=tarfile.LNKTYPE, link="not-there"),),
        (member("pipe", kind=tarfile.FIFOTYPE),),
        (member("device", kind=tarfile.CHRTYPE),),
    ],
    ids=[
        "parent",
        "parent-inside",
        "absolute",
        "link",
        "link-up",
        "link-sideways",
        "hard",
        "dangling",
        "fifo",
        "device",
    ],
)
def test_unsafe_members_are_refused(tmp_path: Path, members: tuple[bytes, ...]) -> None:
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(obtained(tar(tmp_path / "a.tar", *members)), tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_a_chain_of_links_leads_nowhere(tmp_path: Path) -> None:
    """Each link looks harmless by its text; together they lead outside."""
    members = (
        member("a/b", kind=tarfile.DIRTYPE, mode=0o755),
        member("x", kind=tarfile.SYMTYPE, link="a/b"),
        member("y", kind=tarfile.SYMTYPE, link="x/../.."),
        member("y/z/evil", b"x"),
    )
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(obtained(tar(tmp_path / "a.tar", *members)), tmp_path / "out")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "z").exists()


def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    members = (
        member("victim", b"safe"),
        member("link", kind=tarfile.SYMTYPE, link="victim"),
        member("link", b"new"),
    )
    tree = unpack(obtained(tar(tmp_path / "a.tar", *members)), tmp_path / "out")
    assert (tree / "victim").read_bytes() == b"safe"
    assert (tree / "link").read_bytes() == b"new"


@pytest.mark.parametrize("cut", [100, 700, 1100])
def test_a_truncated_tar(tmp_path: Path, cut: int) -> None:
    whole = tar(tmp_path / "a.tar", *TREE).read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[:cut])
    with pytest.raises(SourceError):
        unpack(obtained(tmp_path / "a.tar", root="a-1"), tmp_path / "out", only=("docs",))


def test_a_truncated_compressed_tar(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar.xz", *TREE, compress=lzma.compress)
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(SourceError):
        unpack(obtained(path, root="a-1"), tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("data.tar", bytes),
        ("data.tar.xz", lzma.compress),
        ("data.tar.zst", lambda data: zstandard.ZstdCompressor().compress(data)),
    ],
)
def test_a_debian_package(tmp_path: Path, name: str, compress: Callable[[bytes], bytes]) -> None:
    members = (member("./usr/include/a.h", b"#define A\n"), member("./usr/share/doc/a", b"x"))
    data = tar(tmp_path / name, *members, compress=compress).read_bytes()
    package = deb(tmp_path / "a.deb", name, data)
    tree = unpack(obtained(package, ArchiveKind.DEB, root="usr/include"), tmp_path / "out")
    assert [path.name for path in tree.iterdir()] == ["a.h"]


@pytest.mark.parametrize("data", [b"no archive", b"!<arch>\n", b"!<arch>\n" + b"x" * 60])
def test_no_debian_package(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.deb").write_bytes(data)
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(obtained(tmp_path / "a.deb", ArchiveKind.DEB), tmp_path / "out")


def wheel(path: Path, name: str, mode: int) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo(name, date_time=(2020, 9, 13, 12, 26, 40))
        info.external_attr = mode << 16
        archive.writestr(info, b"\x7fELF")
    return path


def test_a_wheel_keeps_execute_bits_and_times(tmp_path: Path) -> None:
    path = wheel(tmp_path / "a.whl", "pkg/program", 0o100755)
    tree = unpack(obtained(path, ArchiveKind.WHEEL), tmp_path / "out")
    assert os.access(tree / "pkg" / "program", os.X_OK)
    assert (tree / "pkg" / "program").stat().st_mtime == TIME - 1


@pytest.mark.parametrize(("name", "mode"), [("../evil", 0o100644), ("/evil", 0o100644), ("link", 0o120777)])
def test_unsafe_wheels_are_refused(tmp_path: Path, name: str, mode: int) -> None:
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(obtained(wheel(tmp_path / "a.whl", name, mode), ArchiveKind.WHEEL), tmp_path / "out")


def test_a_damaged_wheel(tmp_path: Path) -> None:
    path = wheel(tmp_path / "a.whl", "program", 0o100755)
    path.write_bytes(path.read_bytes().replace(b"\x7fELF", b"\x7fELG", 1))
    with pytest.raises(SourceError, match="CRC"):
        unpack(obtained(path, ArchiveKind.WHEEL), tmp_path / "out")


def test_an_archive_larger_than_memory_buffers(tmp_path: Path) -> None:
    data = os.urandom(1 << 20)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("a/big")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    (tmp_path / "a.tar.gz").write_bytes(buffer.getvalue())
    assert (unpack(obtained(tmp_path / "a.tar.gz", root="a"), tmp_path / "out") / "big").read_bytes() == data
