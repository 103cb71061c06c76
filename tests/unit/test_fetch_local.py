"""The user's own sources: files and directories become sources of the cache, or an error gives the reason."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from setup_local.catalog.sources import ArchiveKind, Form, Source, Sources, Trust
from setup_local.errors import RequestError, SourceError
from setup_local.fetch import Obtained, unpack
from setup_local.fetch.cache import SourceCache
from setup_local.fetch.local import own_sources

SHA = "0" * 64
PATCHLEVEL = '#define PY_VERSION_HEX 0\n#define PY_VERSION      "3.14.0a5+"\n'


def known(*sources: Source) -> Sources:
    plain = [Source(name=name, version="1", forms=()) for name in ("zlib", "cpython", "lib", "lib-x")]
    return Sources(sources=(*sources, *plain))


def tarball(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def tree(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return top


def own(tmp_path: Path, name: str, path: Path, *sources: Source) -> Source:
    cache = SourceCache(tmp_path / "cache")
    found = own_sources({name: path}, known(*sources), cache)
    source = found.sources[0]
    assert source.trust is Trust.LOCAL
    assert cache.holds(source.forms[0])
    return source


def unpacked(tmp_path: Path, source: Source) -> dict[str, str]:
    cache = SourceCache(tmp_path / "cache")
    obtained = Obtained(source=source, form=source.forms[0], path=cache.path(source.forms[0]))
    top = unpack(obtained, tmp_path / "unpacked")
    return {str(path.relative_to(top)): path.read_text() for path in top.rglob("*") if path.is_file()}


def test_a_tarball_is_taken_with_its_root_and_the_version_in_its_name(tmp_path: Path) -> None:
    path = tarball(tmp_path / "zlib-1.3.2.tar.gz", {"zlib-1.3.2/zlib.h": "z", "zlib-1.3.2/a/b.c": "b"})
    source = own(tmp_path, "zlib", path)
    assert (source.name, source.version, source.forms[0].root) == ("zlib", "1.3.2", "zlib-1.3.2")
    assert unpacked(tmp_path, source) == {"zlib.h": "z", "a/b.c": "b"}


def test_it_stands_in_the_place_of_the_pin_with_that_version(tmp_path: Path) -> None:
    path = tarball(tmp_path / "zlib-1.tar.gz", {"zlib-1/zlib.h": "z"})
    found = own_sources({"zlib": path}, known(), SourceCache(tmp_path / "cache"))
    assert [source.trust for source in found.sources if source.name == "zlib"] == [Trust.LOCAL]


def test_the_root_is_as_deep_as_in_the_known_forms(tmp_path: Path) -> None:
    form = Form(file="e.tar", sha256=SHA, root="libe-R_1/e")
    path = tarball(tmp_path / "e-2.0.tar.gz", {"checkout/e/e.h": "e", "checkout/README": "r"})
    source = own(tmp_path, "e", path, Source(name="e", version="1", forms=(form,)))
    assert unpacked(tmp_path, source) == {"e.h": "e"}
    flat = tarball(tmp_path / "e-3.0.tar.gz", {"e-3.0/e.h": "flat"})
    assert own(tmp_path, "e", flat, Source(name="e", version="1", forms=(form,))).forms[0].root == "e-3.0"


def test_files_without_a_common_directory_are_taken_as_they_lie(tmp_path: Path) -> None:
    source = own(tmp_path, "zlib-9", tarball(tmp_path / "z.tar.gz", {"a.h": "a", "b.h": "b"}))
    assert source.version == "9"
    assert unpacked(tmp_path, source) == {"a.h": "a", "b.h": "b"}


@pytest.mark.parametrize(
    ("file", "version"),
    [
        ("zlib-1.3.2.tar.gz", "1.3.2"),
        ("zlib_1.3.2.orig.tar.xz", "1.3.2"),
        ("openssl-1.1.1w.tar.gz", "1.1.1w"),
        ("zlib-v1.4.0-rc1.tgz", "1.4.0-rc1"),
        ("libedit-20250104-3.1.tar.gz", "20250104"),
        ("z8-2.0.tar", "2.0"),
    ],
)
def test_versions_in_file_names(tmp_path: Path, file: str, version: str) -> None:
    assert own(tmp_path, "zlib", tarball(tmp_path / file, {"z/z.h": "z"})).version == version


def test_a_directory_is_packed_the_same_whoever_owns_it_and_whenever_it_was_written(tmp_path: Path) -> None:
    files = {"zlib.h": "z", "a/b.c": "b", ".git/HEAD": "no", "a/__pycache__/x.pyc": "no"}
    one, other = tree(tmp_path / "one" / "zlib-1.4", files), tree(tmp_path / "other" / "zlib-1.4", files)
    os.utime(other / "zlib.h", (1, 1))
    (other / "link").symlink_to("a")
    (one / "link").symlink_to("a")
    first, second = own(tmp_path, "zlib", one), own(tmp_path, "zlib", other)
    assert first == second
    assert first.version == "1.4"
    assert unpacked(tmp_path, first) == {"zlib.h": "z", "a/b.c": "b"}
    assert (tmp_path / "unpacked" / "zlib-1.4" / "link").is_symlink()


def test_a_changed_directory_has_another_hash(tmp_path: Path) -> None:
    top = tree(tmp_path / "zlib-1.4", {"zlib.h": "z"})
    first = own(tmp_path, "zlib", top)
    (top / "zlib.h").write_text("y")
    assert own(tmp_path, "zlib", top).forms[0].sha256 != first.forms[0].sha256


def test_cpython_tells_its_version_itself(tmp_path: Path) -> None:
    checkout = tree(tmp_path / "checkout", {"Include/patchlevel.h": PATCHLEVEL})
    assert own(tmp_path, "cpython", checkout).version == "3.14.0a5"


def test_wheels_keep_the_root_of_the_known_ones(tmp_path: Path) -> None:
    form = Form(file="w-1-py3-none-any.whl", sha256=SHA, kind=ArchiveKind.WHEEL, root="w")
    path = tmp_path / "w-2.5-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("w/x.py", "x")
    source = own(tmp_path, "w", path, Source(name="w", version="1", forms=(form,)))
    assert (source.version, source.forms[0].kind, source.forms[0].root) == ("2.5", ArchiveKind.WHEEL, "w")
    assert unpacked(tmp_path, source) == {"x.py": "x"}


def test_of_two_names_the_longer_one_is_meant(tmp_path: Path) -> None:
    path = tarball(tmp_path / "x.tar.gz", {"x/x.h": "x"})
    assert own(tmp_path, "lib-x-2.0", path).identity == "lib-x-2.0"
    assert own(tmp_path, "lib-2.0", path).identity == "lib-2.0"


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("zlb", "zlib-1.tar.gz", r"no source is called zlb \(did you mean zlib\?\)"),
        ("zlib", "absent.tar.gz", r"source zlib=.*absent\.tar\.gz: no such file or directory"),
        ("zlib", "master.tar.gz", r"master\.tar\.gz: its name contains no version \(use --source zlib-VERSION="),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, name: str, file: str, message: str) -> None:
    if file != "absent.tar.gz":
        tarball(tmp_path / file, {"z/z.h": "z"})
    with pytest.raises(RequestError, match=message):
        own(tmp_path, name, tmp_path / file)


@pytest.mark.parametrize("file", ["zlib-1.tar.gz", "zlib-1-py3-none-any.whl"])
def test_what_is_no_archive(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_bytes(b"nothing of the kind")
    with pytest.raises(SourceError, match="is not a source archive"):
        own(tmp_path, "zlib", tmp_path / file)


def test_what_is_no_python(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is not a CPython source: it has no Include/patchlevel\.h"):
        own(tmp_path, "cpython", tarball(tmp_path / "cpython-3.13.5.tar.gz", {"c/c.h": "c"}))


def test_pipes_are_no_sources(tmp_path: Path) -> None:
    top = tree(tmp_path / "zlib-1.4", {"zlib.h": "z"})
    os.mkfifo(top / "pipe")
    with pytest.raises(SourceError, match="is neither a file nor a link"):
        own(tmp_path, "zlib", top)
