"""Programs of the installation, and modules run with `-m`."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

import harness

PREFIX = Path(sys.base_prefix)
BIN = PREFIX / "bin"
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_interpreter_under_each_of_its_names() -> None:
    for name in ("python", "python3", f"python{VERSION}", f"python{VERSION}{sys.abiflags}"):
        answer = harness.run(str(BIN / name), "-c", "import sys; print(sys.base_prefix)").strip()
        harness.equal((name, Path(answer).resolve()), (name, PREFIX.resolve()))


def test_modules_that_are_programs() -> None:
    for arguments, expected in (
        (("-m", "sysconfig"), "Platform:"),
        (("-m", "site"), "sys.path"),
        (("-m", "pydoc", "os.path.join"), "Join two or more"),
        (("-m", "timeit", "-n1", "-r1", "pass"), "loop"),
        (("-m", "zipfile", "-h"), "usage"),
        (("-m", "calendar", "2024", "2"), "29"),
        (("-m", "dis", "-h"), "usage"),
        (("-m", "json.tool", "--help"), "usage"),
        (("-m", "platform"), "Linux"),
        (("-m", "tarfile", "--help"), "usage"),
        (("-m", "unittest", "--help"), "usage"),
        (("-m", "compileall", "--help"), "usage"),
    ):
        text = harness.python(*arguments)
        harness.equal((arguments, expected in text), (arguments, True))


def test_idle() -> None:
    if "_tkinter" in harness.left_out():
        harness.equal(sorted(BIN.glob("idle*")), [])
        raise harness.Skip("PYTHON.json says that _tkinter was left out")
    harness.holds("USAGE" in harness.python("-m", "idlelib", "-h"))
    harness.holds("USAGE" in harness.run(str(BIN / "idle3"), "-h"))


def test_zip_application() -> None:
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "app"
        source.mkdir()
        (source / "__main__.py").write_text("print('packed')\n", encoding="utf-8")
        harness.python("-m", "zipapp", str(source))
        harness.equal(harness.python(f"{source}.pyz").strip(), "packed")


def test_isolated_and_without_site() -> None:
    for options in (("-I",), ("-S",), ("-E",), ("-s",), ("-O",), ("-X", "dev")):
        harness.equal((options, harness.python(*options, "-c", "import ssl; print(1)").strip()), (options, "1"))


def test_error_is_shown_with_the_line_of_the_library() -> None:
    text = harness.run(sys.executable, "-c", "import json; json.loads('{')", status=1)
    harness.holds("raise JSONDecodeError" in text or "scan_once(" in text)


if __name__ == "__main__":
    harness.main()
