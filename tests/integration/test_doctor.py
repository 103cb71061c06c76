"""The doctor and the check on a real installation that was moved, with a real wheel in a copy of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from installed import INDEX_VARIABLES, Installation

WHEEL = "markupsafe"


def _command(home: Path, *words: str | Path) -> tuple[int, Any]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    command = [sys.executable, "-m", "setup_local", *map(str, words), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def _copy(prefix: Path, destination: Path) -> Path:
    """Copy a tree with hard links, which is quick; files of the copy are replaced, never written to."""
    return Path(shutil.copytree(prefix, destination, symlinks=True, copy_function=os.link))


def _replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


@pytest.fixture(scope="module")
def copy(installation: Installation, workshop: Path) -> Path:
    """Return a copy of the installation that tests may change."""
    return _copy(installation.prefix, workshop / "copy for check")


@pytest.fixture(scope="module")
def wheel(installation: Installation, copy: Path) -> None:
    """Install a small wheel with a C extension into the copy."""
    index = {name: value for name, value in os.environ.items() if name.startswith(INDEX_VARIABLES)}
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(installation.home), "LANG": "C.UTF-8", **index}
    words = ("-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--disable-pip-version-check", WHEEL)
    done = subprocess.run(
        [copy / "bin" / "python3", *words], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        pytest.skip(f"the package index cannot be reached: {done.stderr.strip()[-300:]}")


def test_a_moved_installation_is_well(installation: Installation, say: Callable[[str], None]) -> None:
    _, document = _command(installation.home, "doctor", installation.root)
    _, tree = document["sections"]
    for line in tree["lines"]:
        say(f"{line['level']}: {line['topic']}: {line['found']}")
    assert tree["subject"] == str(installation.prefix)
    levels = {line["topic"]: line["level"] for line in tree["lines"]}
    # Certificates and time zones depend on the host.
    of_glibc = ["C library"] if installation.c_library == "glibc" else []
    for topic in (*of_glibc, "start", "moved", "modules", "tkinter", "pip", "bytecode"):
        assert levels[topic] == "ok", tree


def test_damage_is_a_problem(installation: Installation, workshop: Path) -> None:
    broken = _copy(installation.prefix, workshop / "broken")
    next(broken.glob("lib/python3.*/bz2.py")).unlink()
    _replace(next(broken.glob("lib/python3.*/__pycache__/shelve.*.pyc")), b"something else")
    status, document = _command(installation.home, "doctor", broken)
    bad = {line["topic"]: line for line in document["sections"][1]["lines"] if line["level"] == "problem"}
    assert status == 1
    assert "bz2" in bad["modules"]["found"]
    assert "shelve.py" in bad["bytecode"]["found"]
    assert all(line["fix"] for line in bad.values())


def test_a_path_written_into_the_tree_is_a_problem(installation: Installation, workshop: Path) -> None:
    patched = _copy(installation.prefix, workshop / "patched")
    data = next(patched.glob("lib/python3.*/_sysconfigdata*.py"))
    _replace(data, data.read_bytes() + b"\nbuild_time_vars['LIBDIR'] = '/opt/lib'\n")
    for compiled in patched.glob("lib/python3.*/__pycache__/_sysconfigdata*"):
        compiled.unlink()
    status, document = _command(installation.home, "doctor", patched)
    moved = next(line for line in document["sections"][1]["lines"] if line["topic"] == "moved")
    assert status == 1
    assert moved["found"] == "outside the tree: config LIBDIR=/opt/lib"


def test_an_interpreter_that_is_cut_off_is_a_problem(installation: Installation, workshop: Path) -> None:
    program = workshop / "cut off" / "bin" / "python3"
    program.parent.mkdir(parents=True)
    program.write_bytes(installation.python.read_bytes()[:100_000])
    program.chmod(0o755)
    status, document = _command(installation.home, "doctor", program.parent.parent)
    (line,) = document["sections"][1]["lines"]
    assert status == 1
    assert (line["topic"], line["level"]) == ("start", "problem")
    assert line["fix"]


def test_an_installation_can_be_moved(installation: Installation) -> None:
    status, document = _command(installation.home, "check", installation.prefix)
    # 3.11 installs cgi.py as a program for /usr/local/bin/python, which a system may lack.
    assert {found["rule"] for found in document["subjects"][0]["findings"]} <= {"program"}
    assert status == 0


@pytest.mark.usefixtures("wheel")
def test_a_wheel_with_a_c_extension_is_fine(installation: Installation, copy: Path) -> None:
    assert list(copy.glob(f"lib/python3.*/site-packages/{WHEEL}/*.so"))
    status, document = _command(installation.home, "check", copy)
    assert status == 0, document
    assert document["holds"] is True


def test_a_script_with_an_absolute_first_line_is_found(installation: Installation, copy: Path) -> None:
    script = copy / "bin" / "breaks"
    script.write_text(f"#!{copy}/bin/python3\nprint('here')\n", encoding="utf-8")
    script.chmod(0o755)
    status, document = _command(installation.home, "check", copy)
    script.unlink()
    errors = [found for found in document["subjects"][0]["findings"] if found["severity"] == "error"]
    assert status == 1
    assert [(found["rule"], found["where"]) for found in errors] == [("script", "bin/breaks")]
