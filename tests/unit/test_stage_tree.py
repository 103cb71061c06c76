from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.errors import StageError
from setup_local.stage import files, licenses
from setup_local.stage.tree import link_order


def test_an_archive_comes_after_all_that_need_it() -> None:
    lines = [("libncursesw.a",), ("libpanelw.a", "libncursesw.a"), ("libz.a",), ("libssl.a", "libcrypto.a", "libz.a")]
    assert link_order(lines) == ("libpanelw.a", "libncursesw.a", "libssl.a", "libcrypto.a", "libz.a")


def test_every_file_and_symlink_is_placed_but_what_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "a" / "__pycache__").mkdir(parents=True)
    (source / "a" / "m.py").write_text("m\n")
    (source / "a" / "__pycache__" / "m.pyc").write_text("c\n")
    (source / "link").symlink_to("a/m.py")
    (source / "directory").symlink_to("a")
    files.place_tree(source, tmp_path / "target", without=frozenset({"__pycache__"}))
    assert list(files.below(tmp_path / "target")) == ["directory", "link", "a/m.py"]
    assert (tmp_path / "target" / "directory").readlink() == Path("a")


def test_an_edit_of_a_placed_file_leaves_its_source_alone(tmp_path: Path) -> None:
    source = tmp_path / "source.pc"
    source.write_text("prefix=/install\n")
    files.place(source, tmp_path / "out" / "source.pc")
    files.replace_once(tmp_path / "out" / "source.pc", "/install", "/elsewhere")
    assert source.read_text() == "prefix=/install\n"
    assert (tmp_path / "out" / "source.pc").read_text() == "prefix=/elsewhere\n"


@pytest.mark.parametrize(("text", "count"), [("", 0), ("x x", 2)])
def test_an_edit_that_does_not_match_once_fails(tmp_path: Path, text: str, count: int) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(StageError, match=f"found it {count} times"):
        files.replace_once(path, "x", "y")


@pytest.mark.parametrize("names", [(), ("config-3.13-a", "config-3.13-b")])
def test_one_match_is_needed(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).mkdir()
    with pytest.raises(StageError, match=f"found {len(names)}"):
        files.only(tmp_path, "config-3.13*")


def library(tmp_path: Path, name: str, **texts: str) -> Path:
    directory = tmp_path / name / "licenses"
    directory.mkdir(parents=True)
    for file, text in texts.items():
        (directory / file).write_text(text)
    return tmp_path / name


def test_licence_texts_are_one_file_for_each_library(tmp_path: Path) -> None:
    stdlib = tmp_path / "stdlib"
    stdlib.mkdir()
    (stdlib / "LICENSE.txt").write_text("PSF\n")
    prefixes = {
        "zlib": library(tmp_path, "zlib", LICENSE="zlib\n"),
        "xz": library(tmp_path, "xz", A="one\n", B="two\n"),
    }
    licenses.collect(tmp_path / "root", stdlib, prefixes)
    found = {path.name: path.read_text() for path in (tmp_path / "root" / "licenses").iterdir()}
    assert found == {
        "LICENSE.cpython.txt": "PSF\n",
        "LICENSE.zlib.txt": "zlib\n",
        "LICENSE.xz.txt": "==== A ====\n\none\n\n==== B ====\n\ntwo\n",
    }


@pytest.mark.parametrize("texts", [{}, {"LICENSE": " \n"}])
def test_a_library_without_licence_text_is_refused(tmp_path: Path, texts: dict[str, str]) -> None:
    stdlib = tmp_path / "stdlib"
    stdlib.mkdir()
    (stdlib / "LICENSE.txt").write_text("PSF\n")
    with pytest.raises(StageError, match="no licence text"):
        licenses.collect(tmp_path / "root", stdlib, {"zlib": library(tmp_path, "zlib", **texts)})
