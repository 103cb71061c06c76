import ast
import base64
import hashlib
from pathlib import Path

import pytest

from setup_local.errors import StageError
from setup_local.stage import scripts

BODY = "# -*- coding: utf-8 -*-\nimport sys\nsys.exit(0)\n"


@pytest.mark.parametrize("first", ["#!/install/bin/python3.13", "#!/usr/bin/env python3", "#!/install/bin/python3.13 "])
def test_a_script_becomes_both_shell_and_python(first: str) -> None:
    text = scripts.relocate_text(f"{first}\n{BODY}", "python3.13")
    assert text.startswith("#!/bin/sh\n'''exec' ")
    assert '/python3.13" "$0" "$@"' in text
    assert text.endswith(BODY)
    assert isinstance(ast.parse(text).body[0], ast.Expr)


@pytest.mark.parametrize("text", ["#!/bin/sh\necho\n", "import sys\n", ""])
def test_other_files_are_left_alone(text: str) -> None:
    assert scripts.relocate_text(text, "python3.13") is None


def make_bin(tmp_path: Path) -> Path:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "pip3").write_text(f"#!/install/bin/python3.13\n{BODY}")
    (programs / "python3.13").write_bytes(b"\x7fELF")
    (programs / "pip").symlink_to("pip3")
    (programs / "python3-config").write_text("#!/bin/sh\n")
    return programs


def test_every_script_is_rewritten_and_can_be_run(tmp_path: Path) -> None:
    programs = make_bin(tmp_path)
    assert scripts.relocate_scripts(tmp_path, "python3.13") == ("pip3",)
    assert "/install" not in (programs / "pip3").read_text()
    assert (programs / "pip3").stat().st_mode & 0o111
    assert (programs / "python3.13").read_bytes() == b"\x7fELF"


def test_an_unknown_first_line_is_refused(tmp_path: Path) -> None:
    (make_bin(tmp_path) / "odd").write_text("#!/install/bin/python3.13 -E -s\n")
    with pytest.raises(StageError, match="unknown first line"):
        scripts.relocate_scripts(tmp_path, "python3.13")


def test_the_other_names_of_a_hard_link_keep_their_bytes(tmp_path: Path) -> None:
    programs = make_bin(tmp_path)
    kept = tmp_path / "store"
    kept.hardlink_to(programs / "pip3")
    scripts.relocate_scripts(tmp_path, "python3.13")
    assert kept.read_text().startswith("#!/install")


def test_records_are_true_again(tmp_path: Path) -> None:
    programs = make_bin(tmp_path)
    site = tmp_path / "lib" / "python3.13" / "site-packages"
    info = site / "pip-1.dist-info"
    info.mkdir(parents=True)
    record = info / "RECORD"
    record.write_text(
        '../../../bin/pip3,sha256=old,1\n"a,b.py",sha256=kept,2\npip/__pycache__/a.pyc,,\npip-1.dist-info/RECORD,,\n'
    )
    scripts.update_records(site)
    digest = base64.urlsafe_b64encode(hashlib.sha256((programs / "pip3").read_bytes()).digest()).decode().rstrip("=")
    assert record.read_text().splitlines() == [
        f"../../../bin/pip3,sha256={digest},{(programs / 'pip3').stat().st_size}",
        '"a,b.py",sha256=kept,2',
        "pip/__pycache__/a.pyc,,",
        "pip-1.dist-info/RECORD,,",
    ]
