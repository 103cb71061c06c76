"""`setup-local check --fix`: the faults that it repairs or leaves alone, and the RECORD files, which stay correct."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.commands.check import check
from setup_local.errors import ValidationFailed
from setup_local.stage import installer, scripts

BODY = "import sys\n"
PATCH = load_patch(PIP_LAUNCHERS)
EDITS = PATCH.edits


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python3").touch()
    (root / "lib" / "python3.13" / "site-packages").mkdir(parents=True)
    return root


def script(tree: Path, start: str, body: str = BODY, name: str = "bin/tool") -> Path:
    path = tree / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(start.format(tree=tree) + body)
    path.chmod(0o755)
    return path


def fixed(tree: Path) -> str:
    shown = CliRunner().invoke(check, ["--fix", str(tree)])
    assert shown.exception is None, shown.output
    return shown.output


def refused(tree: Path) -> str:
    shown = CliRunner().invoke(check, ["--fix", str(tree)])
    assert isinstance(shown.exception, ValidationFailed)
    return shown.output


@pytest.mark.parametrize(
    "start",
    [
        "#!{tree}/bin/python3\n",
        "#!{tree}/bin/python3\r\n",
        "#!/where/it/was/bin/python3\n",
        "#!/bin/sh\n'''exec' {tree}/bin/python3 \"$0\" \"$@\"\n' '''\n",
        "#!/bin/sh\n'''exec' \"{tree}/bin/python3\" \"$0\" \"$@\"\n' '''\n",
        "#!/bin/sh\n'''exec' '{tree}/bin/python3' \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_a_script_of_the_tree_is_repaired(tree: Path, start: str) -> None:
    path = script(tree, start)
    assert "bin/tool: now starts the python3 next to it" in fixed(tree)
    assert path.read_text() == scripts.start("python3") + BODY
    assert path.stat().st_mode & 0o777 == 0o755
    assert "bin/tool" not in fixed(tree)


def test_a_script_in_a_path_with_blanks_is_repaired(tree: Path) -> None:
    blank = tree.rename(tree.with_name("Maß und Zahl"))
    path = script(blank, "#!/bin/sh\n'''exec' \"{tree}/bin/python3\" \"$0\" \"$@\"\n' '''\n")
    fixed(blank)
    assert path.read_text() == scripts.start("python3") + BODY


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("#!{tree}/bin/python3 -I\n", "bin/tool"),
        ("#!{tree}/bin/python3\n", "other/tool"),
        ("#!{tree}/bin/pypy3\n", "bin/tool"),
        ("#!/gone/bin/python4\n", "bin/tool"),
    ],
)
def test_what_is_not_known_is_left_alone_and_still_told(tree: Path, start: str, name: str) -> None:
    path = script(tree, start, name=name)
    before = path.read_bytes()
    assert f"script {name}" in refused(tree)
    assert path.read_bytes() == before


def test_a_script_of_the_system_is_left_alone(tree: Path) -> None:
    path = script(tree, "#!/usr/bin/python3\n")
    before = path.read_bytes()
    CliRunner().invoke(check, ["--fix", str(tree)])
    assert path.read_bytes() == before


def test_only_the_repaired_file_gets_a_new_hash(tree: Path) -> None:
    path = script(tree, "#!{tree}/bin/python3\n")
    record = tree / "lib" / "python3.13" / "site-packages" / "x-1.dist-info" / "RECORD"
    record.parent.mkdir()
    (record.parent / "edited").write_text("by the user")
    record.write_text("../../../bin/tool,sha256=old,1\nx-1.dist-info/edited,sha256=kept,2\n")
    fixed(tree)
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode().rstrip("=")
    assert record.read_text().splitlines() == [
        f"../../../bin/tool,sha256={digest},{path.stat().st_size}",
        "x-1.dist-info/edited,sha256=kept,2",
    ]


def pip(tree: Path, more: str = "") -> Path:
    site = tree / "lib" / "python3.13" / "site-packages"
    for name in {edit.file for edit in EDITS}:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("".join(edit.find for edit in EDITS if edit.file == name) + more)
    (site / "pip-30.dist-info").mkdir()
    (site / "pip-30.dist-info" / "RECORD").write_text(f"{installer.WRITES_SCRIPTS},sha256=old,1\n")
    return site


def test_a_later_pip_is_told_and_edited(tree: Path) -> None:
    site = pip(tree)
    told = CliRunner().invoke(check, [str(tree)])
    assert told.exit_code == 0
    assert "this pip was installed later" in " ".join(told.output.split())
    assert not installer.is_edited(site, PATCH)
    assert "now writes relocatable scripts" in fixed(tree)
    assert installer.is_edited(site, PATCH)
    lines = (site / "pip-30.dist-info" / "RECORD").read_text().splitlines()
    assert all("=old," not in line and not line.endswith(",0") for line in lines)
    assert installer.WRITES_SCRIPTS not in fixed(tree)


def test_a_pip_that_the_edits_do_not_fit_is_left_as_it_is(tree: Path) -> None:
    site = pip(tree, more=EDITS[0].find)
    before = (site / installer.WRITES_SCRIPTS).read_bytes()
    assert "is left unchanged" in fixed(tree)
    assert (site / installer.WRITES_SCRIPTS).read_bytes() == before


def test_a_link_to_the_tree_changes_nothing(tree: Path) -> None:
    link = tree.with_name("link")
    link.symlink_to(tree)
    path = script(tree, f"#!{link}/bin/python3\n")
    fixed(link)
    assert path.read_text().startswith("#!/bin/sh")
    assert os.path.islink(link)
