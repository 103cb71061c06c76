"""`readline` in a pseudo-terminal: moving, inserting, history and completion, with and without the new prompt."""

from __future__ import annotations

import contextlib
import locale
import readline
import sys
import tempfile
from pathlib import Path

import harness

LEFT = "\033[D"
UP = "\033[A"
SESSION = """
import readline
def complete(text, state):
    return [w for w in ("alphabet", "alphorn") if w.startswith(text)][state:state + 1][0]
readline.set_completer(complete)
readline.parse_and_bind(BINDING)
while True:
    line = input("ask> ")
    print("GOT", ascii(line))
    if line == "quit":
        break
print("HISTORY", readline.get_current_history_length())
"""
BASIC = {"TERM": "xterm", "PYTHON_BASIC_REPL": "1", "PYTHON_COLORS": "0", "PYTHON_HISTORY": "/dev/null"}


def _uses_libedit() -> bool:
    backend = getattr(readline, "backend", "")  # since Python 3.13
    return backend == "editline" or "libedit" in (readline.__doc__ or "")


def _session() -> harness.Terminal:
    binding = "bind ^I rl_complete" if _uses_libedit() else "tab: complete"
    code = SESSION.replace("BINDING", repr(binding))
    terminal = harness.Terminal([sys.executable, "-B", "-c", code], BASIC)
    terminal.wait_for("ask> ")
    return terminal


def _quit(terminal: harness.Terminal) -> None:
    terminal.type("quit\n")
    terminal.wait_for("HISTORY ")
    harness.equal(terminal.finish(), 0)


def _want_wide_characters() -> None:
    """Skip if there is no UTF-8 locale: the line editors use the C library's character classification."""
    with contextlib.suppress(locale.Error):  # a bare system lacks even the locale that LANG names
        locale.setlocale(locale.LC_CTYPE, "")
    if locale.nl_langinfo(locale.CODESET) != "UTF-8":
        raise harness.Skip("the C library finds no UTF-8 locale here")


def test_backend() -> None:
    extensions = harness.description().get("build_info", {}).get("extensions", {})
    if extensions:
        linked = {link["name"] for link in extensions["readline"][0]["links"]}
        harness.equal(_uses_libedit(), "edit" in linked)
        harness.equal(getattr(readline, "backend", None) in (None, "editline" if "edit" in linked else "readline"), True)
        harness.equal(not _uses_libedit(), "readline" in linked)
    harness.say(f"     {'libedit' if _uses_libedit() else 'GNU readline'}, {(readline.__doc__ or '').strip()}")


def test_cursor_moves_and_text_is_inserted() -> None:
    terminal = _session()
    terminal.type("12345" + LEFT * 3 + "ab\x7f\n")  # delete the b again
    terminal.wait_for("GOT '12a345'")
    _quit(terminal)


def test_history_is_recalled() -> None:
    terminal = _session()
    terminal.type("first line\n")
    terminal.wait_for("GOT 'first line'")
    terminal.wait_for("ask> ")
    terminal.type(UP + " again\n")
    terminal.wait_for("GOT 'first line again'")
    _quit(terminal)


def test_completion() -> None:
    terminal = _session()
    terminal.type("alpha\t!\n")
    terminal.wait_for("GOT 'alphabet")
    _quit(terminal)


def test_wide_characters() -> None:
    _want_wide_characters()
    terminal = _session()
    terminal.type("äöü" + LEFT + "é\n")
    terminal.wait_for(r"GOT '\xe4\xf6\xe9\xfc'")
    _quit(terminal)


def test_history_in_a_file() -> None:
    _want_wide_characters()
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "history ü")
        readline.clear_history()
        for line in ("one", "two words", "drei: ä"):
            readline.add_history(line)
        readline.write_history_file(path)
        readline.clear_history()
        harness.equal(readline.get_current_history_length(), 0)
        readline.read_history_file(path)
        harness.equal([readline.get_history_item(number) for number in (1, 2, 3)], ["one", "two words", "drei: ä"])


def test_interactive_interpreter() -> None:
    terminal = harness.Terminal([sys.executable, "-B", "-q"], BASIC)
    terminal.wait_for(">>> ")
    terminal.type("print(6 * 8)" + LEFT + "\x7f7\n")
    terminal.wait_for("42")
    terminal.type("import sys; sys.exit(3)\n")
    harness.equal(terminal.finish(), 3)


def test_interactive_interpreter_with_the_new_prompt() -> None:
    if sys.version_info < (3, 13):
        raise harness.Skip("the new prompt came with Python 3.13")
    terminal = harness.Terminal([sys.executable, "-B", "-q"], {"TERM": "xterm", "PYTHON_HISTORY": "/dev/null"})
    terminal.wait_for(">>> ")
    terminal.type("1000 + 2345\r")
    terminal.wait_for("3345")
    terminal.type("exit\r")
    harness.equal(terminal.finish(), 0)


if __name__ == "__main__":
    harness.main()
