from __future__ import annotations

import ast
import os
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

from setup_local.catalog.catalogs import load_catalogs
from setup_local.errors import StageError
from setup_local.plan.resolve import resolve
from setup_local.stage import files, licenses, tcl, tree
from setup_local.stage.tree import link_order
from setup_local.values import LinkMode, Request, ToolchainChoice


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


def test_data_for_run_time_go_into_the_share_of_the_installation(tmp_path: Path) -> None:
    (tmp_path / "tzdata" / "share" / "zoneinfo").mkdir(parents=True)
    (tmp_path / "tzdata" / "share" / "zoneinfo" / "UTC").write_text("TZif")
    (tmp_path / "tzdata" / "licenses").mkdir()
    (tmp_path / "zlib" / "lib").mkdir(parents=True)
    (tmp_path / "install" / "share" / "man").mkdir(parents=True)
    tree._place_data([tmp_path / "zlib", tmp_path / "tzdata"], tmp_path / "install")
    assert list(files.below(tmp_path / "install")) == ["share/zoneinfo/UTC"]


def test_programs_that_would_not_start_are_dropped(tmp_path: Path) -> None:
    for name in ("idle3.13", "pip3", "python3.13"):
        (tmp_path / name).touch()
    (tmp_path / "idle3").symlink_to("idle3.13")
    tree._drop_programs(tmp_path, ("idle*",))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pip3", "python3.13"]


TKINTER = """\
import sys
import types
import _tkinter # If this fails your Python may not be configured for Tk
class Tk:
    def __init__(self):
        self.tk = _tkinter.create('a', 1)
"""


class FakeTcl(ModuleType):
    """Returns the arguments for Tcl."""

    def __init__(self) -> None:
        super().__init__("_tkinter")

    @staticmethod
    def create(*arguments: object) -> tuple[object, ...]:
        return (*arguments, os.environ.get("TCL_LIBRARY"))


@pytest.fixture
def tkinter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = tmp_path / "lib" / "python3.13" / "tkinter" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text(TKINTER)
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setitem(sys.modules, "_tkinter", FakeTcl())
    monkeypatch.delenv("TCL_LIBRARY", raising=False)
    return module


def test_tcl_is_told_where_its_scripts_are(tkinter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "tcl"
    (source / "lib" / "tcl8.6").mkdir(parents=True)
    (source / "lib" / "tcl8.6" / "init.tcl").write_text("#\n")
    (source / "lib" / "tclConfig.sh").write_text("#\n")
    names = tcl.place_scripts({"tcl": source}, tmp_path / "lib")
    assert names == ("tcl8.6",)
    tcl.let_tkinter_find(tkinter.parents[1], names)
    imported = {
        name.name
        for node in ast.walk(ast.parse(tkinter.read_text()))
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert "_tkinter" in imported, "packers such as PyInstaller look for the statement"
    namespace = runpy.run_path(str(tkinter))
    assert namespace["Tk"]().tk == ("a", 1, str(tmp_path / "lib" / "tcl8.6"))
    assert "TCL_LIBRARY" not in os.environ, "programs that are started from Python must not see it"
    monkeypatch.setenv("TCL_LIBRARY", "/the/users/own")
    assert namespace["Tk"]().tk == ("a", 1, "/the/users/own")


def test_without_tcl_tkinter_stays_as_it_is(tkinter: Path) -> None:
    tcl.let_tkinter_find(tkinter.parents[1], ())
    assert tkinter.read_text() == TKINTER


def test_a_tkinter_of_another_form_is_refused(tkinter: Path) -> None:
    tkinter.write_text("import _tkinter\n")
    with pytest.raises(StageError, match="found it 0 times"):
        tcl.let_tkinter_find(tkinter.parents[1], ("tcl8.6",))


def test_a_module_that_is_left_out_needs_no_archive(tmp_path: Path) -> None:
    request = Request(
        python="3.13.5", target_triple="x86_64-unknown-linux-gnu", glibc=None, toolchain=ToolchainChoice.AUTO
    )
    plan = resolve(request, load_catalogs())
    (gdbm,) = (item for item in plan.extensions if item.name == "_gdbm")
    assert gdbm.link is LinkMode.DISABLED
    prefix = tmp_path / "libraries"
    for name in {name for item in plan.linked_extensions for name in item.archives}:
        (prefix / "lib").mkdir(parents=True, exist_ok=True)
        (prefix / "lib" / name).write_text(name)
    placed = tree._place_archives(plan, {"all": prefix}, tmp_path / "target")
    assert "libssl.a" in placed
    assert not set(gdbm.archives) & set(placed)
    (prefix / "lib" / "libssl.a").unlink()
    with pytest.raises(StageError, match=r"no library provides libssl\.a"):
        tree._place_archives(plan, {"all": prefix}, tmp_path / "target")
