"""Programs of the installation and modules that are run with `-m`."""

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
    for name in ("python3", f"python{VERSION}"):
        answer = harness.run(str(BIN / name), "-c", "import sys; print(sys.base_prefix)").strip()
        harness.equal((name, Path(answer).resolve()), (name, PREFIX.resolve()))


def test_interpreter_through_a_symbolic_link() -> None:
    with tempfile.TemporaryDirectory() as directory:
        link = Path(directory) / "my python"
        link.symlink_to(BIN / "python3")
        answer = harness.run(str(link), "-c", "import sys, ssl, ctypes; print(sys.base_prefix)").strip()
        harness.equal(Path(answer).resolve(), PREFIX.resolve())


def test_whole_installation_through_a_symbolic_link() -> None:
    with tempfile.TemporaryDirectory() as directory:
        link = Path(directory) / "current"
        link.symlink_to(PREFIX, target_is_directory=True)
        code = "import sys, sysconfig, ssl; print(sys.base_prefix, sysconfig.get_config_var('INCLUDEPY'), sep='\\n')"
        base, include = harness.run(str(link / "bin/python3"), "-c", code).splitlines()
        harness.equal((Path(base).resolve(), Path(include, "Python.h").is_file()), (PREFIX.resolve(), True))


def test_interpreter_found_in_path() -> None:
    code = "import sys; print(sys.base_prefix)"
    answer = harness.run("/usr/bin/env", "python3", "-c", code, env={"PATH": f"{BIN}:/usr/bin:/bin"}).strip()
    harness.equal(Path(answer).resolve(), PREFIX.resolve())


def test_config_program() -> None:
    program = str(BIN / f"python{VERSION}-config")
    harness.equal(Path(harness.run(program, "--prefix").strip()).resolve(), PREFIX.resolve())
    includes = [word[2:] for word in shlex.split(harness.run(program, "--includes")) if word.startswith("-I")]
    if not any(Path(directory, "Python.h").is_file() for directory in includes):
        raise AssertionError(f"none of {includes} holds Python.h")
    harness.holds(harness.run(program, "--extension-suffix").strip().endswith(".so"))


def test_pip_and_pydoc_programs() -> None:
    harness.holds(harness.run(str(BIN / "pip3"), "--version").startswith("pip "))
    text = harness.run(str(BIN / f"pydoc{VERSION}"), "math.sin")
    harness.holds("Return the sine" in text)


def test_modules_that_are_programs() -> None:
    for arguments, expected in (
        (("-m", "sysconfig"), "Platform:"),
        (("-m", "site"), "sys.path"),
        (("-m", "pydoc", "os.path.join"), "Join two or more"),
        (("-m", "idlelib", "-h"), "USAGE"),
        (("-m", "timeit", "-n1", "-r1", "pass"), "loop"),
        (("-m", "zipfile", "-h"), "usage"),
        (("-m", "calendar", "2024", "2"), "29"),
        (("-m", "dis", "-h"), "usage"),
        (("-m", "ensurepip", "--version"), "pip"),
        (("-m", "json.tool", "--help"), "usage"),
        (("-m", "platform"), "Linux"),
        (("-m", "tarfile", "--help"), "usage"),
        (("-m", "unittest", "--help"), "usage"),
        (("-m", "compileall", "--help"), "usage"),
    ):
        text = harness.python(*arguments)
        harness.equal((arguments, expected in text), (arguments, True))


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
