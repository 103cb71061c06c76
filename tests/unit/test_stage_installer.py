"""The edits of pip: both copies, exact matches, correct RECORD, reproducible; and the behaviour of the new code."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from setup_local.catalog.patches import PIP_LAUNCHERS, load_patch
from setup_local.errors import StageError
from setup_local.stage import installer, scripts

PATCH = load_patch(PIP_LAUNCHERS)
EDITS = PATCH.edits
FILES = tuple(dict.fromkeys(edit.file for edit in EDITS))
INFO = "pip-9.dist-info"


def sources() -> dict[str, str]:
    """Return a pip that contains only the edited places."""
    texts = {name: "".join(edit.find for edit in EDITS if edit.file == name) for name in FILES}
    return {"pip/__init__.py": "__version__ = '9'\n", **texts}


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def record(texts: dict[str, str]) -> str:
    lines = [f"{name},sha256={digest(text.encode())},{len(text)}\n" for name, text in texts.items()]
    return "".join([*lines, f"{INFO}/RECORD,,\n"])


def installed(tmp_path: Path, texts: dict[str, str]) -> Path:
    site = tmp_path / "site-packages"
    for name, text in {**texts, f"{INFO}/RECORD": record(texts)}.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    return site


def bundled(tmp_path: Path, texts: dict[str, str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    wheel = tmp_path / "ensurepip" / "_bundled" / "pip-9-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as packed:
        for name, text in {**texts, f"{INFO}/RECORD": record(texts)}.items():
            packed.writestr(zipfile.ZipInfo(name, (2025, 5, 2, 0, 0, 0)), text, compression)
    return wheel


def hold_record(text: str, contents: dict[str, bytes]) -> None:
    named = {}
    for line in text.splitlines():
        name, hashed, _size = line.rsplit(",", 2)
        named[name] = hashed.removeprefix("sha256=")
    assert named == {name: digest(data) if name != f"{INFO}/RECORD" else "" for name, data in contents.items()}


def test_the_installed_pip_is_edited_and_says_so(tmp_path: Path) -> None:
    site = installed(tmp_path, sources())
    installer.edit_pip(tmp_path, PATCH)
    scripts.update_records(site)
    for edit in EDITS:
        assert edit.replace in (site / edit.file).read_text()
    note = (site / INFO / installer.NOTE).read_text()
    assert all(name in note for name in FILES)
    names = [path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()]
    hold_record((site / INFO / "RECORD").read_text(), {name: (site / name).read_bytes() for name in names})


def test_the_wheel_is_edited_and_its_record_is_true(tmp_path: Path) -> None:
    wheel = bundled(tmp_path, sources())
    installer.edit_pip(tmp_path, PATCH)
    with zipfile.ZipFile(wheel) as packed:
        assert packed.testzip() is None
        contents = {name: packed.read(name) for name in packed.namelist()}
        assert packed.getinfo("pip/__init__.py").date_time == (2025, 5, 2, 0, 0, 0)
    assert set(contents) == {*sources(), f"{INFO}/RECORD", f"{INFO}/{installer.NOTE}"}
    assert all(edit.replace in contents[edit.file].decode() for edit in EDITS)
    hold_record(contents[f"{INFO}/RECORD"].decode(), contents)


def test_no_byte_of_the_wheel_depends_on_a_compressor(tmp_path: Path) -> None:
    first = bundled(tmp_path / "a", sources())
    second = bundled(tmp_path / "b", sources(), zipfile.ZIP_STORED)
    assert first.read_bytes() != second.read_bytes()
    for wheel in (first, second):
        installer.edit_wheel(wheel, PATCH)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize("edit", EDITS, ids=range(len(EDITS)))
@pytest.mark.parametrize("make", [installed, bundled])
def test_a_pip_that_the_patch_does_not_fit_is_refused(tmp_path: Path, make: Any, edit: Any, count: int) -> None:
    texts = sources()
    texts[edit.file] = texts[edit.file].replace(edit.find, edit.find * count)
    make(tmp_path, texts)
    with pytest.raises(StageError, match=f"contains it {count} times"):
        installer.edit_pip(tmp_path, PATCH)


@pytest.mark.parametrize("make", [installed, bundled])
def test_a_pip_without_a_file_to_edit_is_refused(tmp_path: Path, make: Any) -> None:
    texts = sources()
    del texts[FILES[0]]
    make(tmp_path, texts)
    with pytest.raises(StageError, match=r"cannot be read|does not contain"):
        installer.edit_pip(tmp_path, PATCH)


def added() -> dict[str, Any]:
    """Return the functions that the patch adds to pip."""
    names: dict[str, Any] = {"os": os, "re": re, "sys": sys}
    (text,) = (edit.replace for edit in EDITS if "def movable_start" in edit.replace)
    exec(compile(text.partition("class ")[0], "scripts.py", "exec"), names)
    return names


def begin(tmp_path: Path, name: str, *arguments: bytes) -> bytes | None:
    """Return the beginning of a script in `tmp_path / bin` for an interpreter of that name in the same directory."""
    (tmp_path / "bin").mkdir(exist_ok=True)
    (tmp_path / "bin" / name).touch()
    start: bytes | None = added()["movable_start"](str(tmp_path / "bin" / name), str(tmp_path / "bin"), *arguments)
    return start


def test_an_interpreter_beside_the_script_is_found_from_it(tmp_path: Path) -> None:
    assert begin(tmp_path, "python3.13") == scripts.start("python3.13").encode()
    start = begin(tmp_path, "python3", b" -E")
    assert start is not None
    assert b'/python3" -E "$0" "$@"' in start


def test_an_interpreter_elsewhere_keeps_its_path(tmp_path: Path) -> None:
    begin(tmp_path, "python3")
    other = tmp_path / "other"
    other.mkdir()
    start = added()["movable_start"]
    assert start(str(tmp_path / "bin" / "python3"), str(other)) is None
    (other / "python3").touch()
    assert start(str(tmp_path / "bin" / "python3"), str(other)) is None
    assert start("/usr/bin/env python3", str(other)) is None


def test_a_link_to_the_interpreter_leads_to_the_one_beside_the_script(tmp_path: Path) -> None:
    own = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    expected = begin(tmp_path, own)
    link = tmp_path / "snake"
    link.symlink_to(tmp_path / "bin" / own)
    assert added()["movable_start"](str(link), str(tmp_path / "bin")) == expected


@pytest.mark.parametrize("name", ["python $(x)", 'py"thon', "python`x`", "pythön"])
def test_a_name_that_sh_would_read_otherwise_is_not_used(tmp_path: Path, name: str) -> None:
    assert begin(tmp_path, name) is None


@pytest.mark.parametrize(
    ("body", "documented"),
    [
        (b"x = 1\n", False),
        (b"# -*- coding: latin-1 -*-\nx = '\xdf'\n", False),
        (b"\n# comment\n\n'''Usage: x'''\nx = 1\n", True),
        (b'r"""Usage: x"""\nimport sys\nx = 1\n', True),
        (b"from __future__ import annotations\nx = 1\n", False),
        (b"'''Usage: x'''\n\nfrom __future__ import annotations\nx = 1\n", True),
        (b"# a line\r\nx = 1\r\n", False),
        (b"", False),
    ],
)
def test_a_script_means_the_same_with_the_new_start(tmp_path: Path, body: bytes, documented: object) -> None:
    start = begin(tmp_path, "python3")
    text = added()["movable_script"](start, body)
    assert scripts.movable(body.decode("latin-1"), "python3").encode("latin-1") == text
    names: dict[str, Any] = {}
    exec(compile(text, "script", "exec"), names)
    plain: dict[str, Any] = {}
    exec(compile(body, "script", "exec"), plain)
    assert names.get("x") == plain.get("x")
    assert ("Usage: x" in str(names["__doc__"])) == documented
    before_sh = text.partition(b"'''exec'")[0].splitlines()
    assert before_sh[0] == b"#!/bin/sh"
    assert all(line == b"" or line.startswith(b"#") for line in before_sh)
