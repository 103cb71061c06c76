"""Commands from Windows: what `wsl.exe` is started with. `tests/integration/test_windows.py` starts one, in Wine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from setup_local import paths, wsl
from setup_local.build.cxx import COMPILERS_VARIABLE
from setup_local.build.toolchain import SYSROOT_VARIABLE
from setup_local.paths import CACHE_VARIABLE
from setup_local.wsl import WslError, linux_words, passed_environment, run_in_wsl


def mounted(path: str) -> str:
    return f"<{path}>"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("build", "build"),
        ("--optimized", "--optimized"),
        ("cpython-3.13", "cpython-3.13"),
        ("_ssl,_sqlite3", "_ssl,_sqlite3"),
        ("dist", "dist"),
        ("dist\\windows", "dist/windows"),
        ("--output=..\\dist", "--output=../dist"),
        ("C:\\dist", "<C:\\dist>"),
        ("c:/my dist", "<c:/my dist>"),
        ("--sdk=D:\\sdk", "--sdk=<D:\\sdk>"),
        ("\\\\server\\share\\sdk", "<\\\\server\\share\\sdk>"),
        ("https://example.org/mirror", "https://example.org/mirror"),
        ("--mirror=https://example.org/mirror", "--mirror=https://example.org/mirror"),
        ("name=C:\\x", "name=C:/x"),
        ("", ""),
    ],
)
def test_absolute_windows_paths_are_translated(word: str, expected: str) -> None:
    assert linux_words([word], mounted) == [expected]


def test_linux_programs_get_the_projects_variables_and_those_of_the_user() -> None:
    given = {
        "WSLENV": "EDITOR:NO_COLOR",
        "SETUP_LOCAL_CACHE": "C:\\cache",
        "SETUP_LOCAL_MIRROR": "https://example.org/mirror",
        "NO_COLOR": "1",
        "PATH": "x",
    }
    expected = {"WSLENV": "EDITOR:NO_COLOR:SETUP_LOCAL_CACHE/p:SETUP_LOCAL_MIRROR", "WSL_UTF8": "1"}
    assert passed_environment(given) == {**given, **expected}
    assert passed_environment({"PATH": "x"})["WSLENV"] == ""


def test_every_variable_that_users_set_is_passed() -> None:
    """A constant names each; other variables are those of CPython's build and of the compilers' wrappers."""
    internal = {SYSROOT_VARIABLE, COMPILERS_VARIABLE}
    named = {
        match[1]
        for file in paths.PACKAGE.rglob("*.py")
        for match in re.finditer(r'(?m)^\w+_VARIABLE = "(SETUP_LOCAL_\w+)"$', file.read_text(encoding="utf-8"))
    }
    assert CACHE_VARIABLE in named
    assert named - internal == {name for name in wsl.PASSED if name.startswith("SETUP_LOCAL_")}


def program(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Make a script the `wsl.exe` that is found, on a machine with a distribution."""
    file = directory / "wsl.exe"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    monkeypatch.setattr(wsl, "_has_distribution", lambda: True)


def test_the_exit_status_is_that_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(
        tmp_path,
        monkeypatch,
        'case "$2" in wslpath) echo "/mnt/$4";; *) [ "$3" = --version ] || { echo "$@" > "$0.words"; exit 14; };; esac',
    )
    assert run_in_wsl(Path("C:/src/setup-local"), ["build", "--output", "D:\\dist"]) == 14
    words = (tmp_path / "wsl.exe.words").read_text()
    assert words == "--exec python3 /mnt/C:/src/setup-local build --output /mnt/D:/dist\n"


def test_a_distribution_without_python_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "echo no such program; exit 1")
    with pytest.raises(WslError, match=r"does not run python3: in Debian and Ubuntu: `wsl sudo apt-get install .*make"):
        run_in_wsl(Path("C:/src/setup-local"), ["build"])


def test_a_path_that_linux_does_not_see_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, 'case "$2" in wslpath) echo "wslpath: Q:/x" >&2; exit 1;; esac')
    with pytest.raises(WslError, match=r"C:/src/setup-local cannot be reached .*: wslpath: Q:/x"):
        run_in_wsl(Path("C:/src/setup-local"), ["build"])


def test_another_system_has_no_distribution() -> None:
    assert not wsl._has_distribution()
