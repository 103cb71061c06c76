"""Terminals in a root directory without terminal descriptions; test_trust.py covers certificates and time zones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bare_root import INSIDE, PYTHON, SCRIPTS, Root
from installed import Installation, libpython

OTHER, COLORS_OF_OTHER = "linux-16color", "16"
COLUMNS = "import curses, sys; curses.setupterm(sys.argv[1], 1); print(curses.tigetnum('cols'))"
COLORS = "import curses; curses.setupterm('xterm', 1); print(curses.tigetnum('colors'))"


@pytest.fixture
def bare(tmp_path: Path, installation: Installation, scripts: Path) -> Root:
    installation.want("_curses", "readline")
    return Root.make(tmp_path / "root", installation, scripts)


def _script(root: Root, name: str, say: Callable[[str], None]) -> str:
    output = root.run(PYTHON, "-B", f"{SCRIPTS}/{name}.py", env={"TERM": "xterm-256color"})
    for line in output.splitlines():
        say(line)
    return output


def test_nothing_but_the_c_library_is_there(bare: Root) -> None:
    code = "import os; print(os.listdir('/etc'), os.path.exists('/usr/share'), os.path.exists('/bin/sh'))"
    assert bare.run(PYTHON, "-c", code) == "[] False False\n"


def test_line_editing_in_a_terminal(bare: Root, say: Callable[[str], None]) -> None:
    output = _script(bare, "line_editing", say)
    for name in ("cursor_moves_and_text_is_inserted", "history_is_recalled", "completion", "interactive_interpreter"):
        assert f"ok   test_{name} " in output


def test_terminal_descriptions(bare: Root, say: Callable[[str], None]) -> None:
    assert "ok   test_every_compiled_in_entry " in _script(bare, "own_terminals", say)


@pytest.mark.parametrize("term", ["", "dumb", "xterm", "xterm-kitty", "wy50"])
def test_readline_is_silent(bare: Root, term: str) -> None:
    env = {"TERM": term} if term else {}
    assert bare.run(PYTHON, "-c", "import readline; print('imported')", env=env) == "imported\n"


def test_an_unknown_terminal_is_not_taken_for_a_missing_database(bare: Root) -> None:
    done = bare.attempt(PYTHON, "-c", COLUMNS, "no-such-terminal")
    assert "curses.error: setupterm: could not find terminal" in done.stdout


def test_without_the_bundled_files_the_common_terminals_remain(bare: Root, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    without = bare.with_mounts({f"{INSIDE}/share/terminfo": tmp_path / "nothing"})
    assert without.run(PYTHON, "-c", COLUMNS, "xterm-256color") == "80\n"
    assert "could not find" in without.attempt(PYTHON, "-c", COLUMNS, "wy50").stdout


def test_an_entry_of_the_system_comes_before_those_compiled_in(bare: Root) -> None:
    assert bare.run(PYTHON, "-c", COLORS) == "8\n"
    other = bare.installation.prefix / "share" / "terminfo" / OTHER[0] / OTHER
    bare.furnish({"/usr/share/terminfo/x/xterm": other})
    assert bare.run(PYTHON, "-c", COLORS) == f"{COLORS_OF_OTHER}\n"


def test_an_entry_of_the_user_comes_before_those_of_the_system(bare: Root) -> None:
    entries = bare.installation.prefix / "share" / "terminfo"
    bare.furnish({"/usr/share/terminfo/x/xterm": entries / "x" / "xterm", "/own/x/xterm": entries / OTHER[0] / OTHER})
    assert bare.run(PYTHON, "-c", COLORS) == "8\n"
    assert bare.run(PYTHON, "-c", COLORS, env={"TERMINFO": "/own"}) == f"{COLORS_OF_OTHER}\n"


def test_a_damaged_entry_of_the_system_is_passed_over(bare: Root, tmp_path: Path) -> None:
    (tmp_path / "damaged").write_bytes(b"not compiled")
    bare.furnish({"/usr/share/terminfo/x/xterm": tmp_path / "damaged"})
    assert bare.run(PYTHON, "-c", COLORS) == "8\n"


def test_without_proc_the_common_terminals_remain(bare: Root, tmp_path: Path) -> None:
    if libpython(bare.installation.prefix).parent.name == "lib":
        pytest.skip("without /proc, glibc does not know what $ORIGIN is, so a shared libpython is not found")
    (tmp_path / "nothing").mkdir()
    without = bare.with_mounts({"/proc": tmp_path / "nothing"})
    assert without.run(PYTHON, "-c", COLUMNS, "xterm") == "80\n"
    assert "could not find" in without.attempt(PYTHON, "-c", COLUMNS, "wy50").stdout
