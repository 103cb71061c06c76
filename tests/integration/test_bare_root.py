"""The interpreter in a root directory without terminal descriptions, certificates and time zones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bare_root import INSIDE, SCRIPTS, BareRoot, make_bare_root
from installed import Installation


@pytest.fixture(scope="module")
def bare(workshop: Path, installation: Installation, scripts: Path) -> BareRoot:
    return make_bare_root(workshop / "bare root", installation, scripts)


def _script(root: BareRoot, name: str, say: Callable[[str], None], **env: str) -> str:
    output = root.run(f"{SCRIPTS}/{name}.py", env=env)  # in a pseudo-terminal of its own
    for line in output.splitlines():
        say(line)
    assert "ok   test_" in output
    return output


def test_nothing_but_the_c_library_is_there(bare: BareRoot) -> None:
    code = "import os; print(os.listdir('/etc'), os.path.exists('/usr/share'), os.path.exists('/bin'))"
    assert bare.run("-c", code) == "['hosts'] False False\n"


def test_line_editing_in_a_terminal(bare: BareRoot, say: Callable[[str], None]) -> None:
    output = _script(bare, "line_editing", say, TERM="xterm-256color")
    for name in ("cursor_moves_and_text_is_inserted", "history_is_recalled", "completion", "interactive_interpreter"):
        assert f"ok   test_{name} " in output


def test_terminal_descriptions(bare: BareRoot, say: Callable[[str], None]) -> None:
    _script(bare, "own_terminals", say)


@pytest.mark.parametrize("term", ["", "dumb", "xterm", "xterm-kitty", "wy50"])
def test_readline_is_silent(bare: BareRoot, term: str) -> None:
    env = {"TERM": term} if term else {}
    assert bare.run("-c", "import readline; print('imported')", env=env) == "imported\n"


def test_an_unknown_terminal_is_not_taken_for_a_missing_database(bare: BareRoot) -> None:
    code = "import curses\ntry: curses.setupterm('no-such-terminal', 1)\nexcept curses.error as e: print(e)"
    assert "could not find terminal" in bare.run("-c", code)


def test_without_the_bundled_files_the_common_terminals_remain(bare: BareRoot) -> None:
    code = "import curses, sys; curses.setupterm(sys.argv[1], 1); print(curses.tigetnum('cols'))"
    options = ("--tmpfs", f"{INSIDE}/share")
    assert bare.run("-c", code, "xterm-256color", options=options) == "80\n"
    with pytest.raises(pytest.fail.Exception, match="could not find"):
        bare.run("-c", code, "wy50", options=options)


def test_an_entry_of_the_system_comes_before_those_compiled_in(bare: BareRoot) -> None:
    code = "import curses; curses.setupterm('xterm', 1); print(curses.tigetnum('colors'))"
    assert bare.run("-c", code) == "8\n"
    system = bare.path / "etc" / "terminfo"
    (system / "x").mkdir(parents=True)
    shutil.copy(f"{bare.path}{INSIDE}/share/terminfo/l/linux-16color", system / "x" / "xterm")
    try:
        assert bare.run("-c", code) == "16\n"
    finally:
        shutil.rmtree(system)
