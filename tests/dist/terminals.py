"""`curses` in a pseudo-terminal, with the terminal descriptions of the host."""

from __future__ import annotations

import sys
from pathlib import Path

import harness

SCREEN = """
import curses, curses.ascii, curses.panel, curses.textpad, locale, sys
locale.setlocale(locale.LC_ALL, "")

def show(screen):
    curses.start_color()
    assert curses.has_colors() and curses.COLORS >= 8, curses.COLORS
    curses.init_pair(1, curses.COLOR_RED, curses.COLOR_BLACK)
    screen.keypad(True)
    below = curses.newwin(3, 30, 2, 0)
    above = curses.newwin(3, 30, 2, 0)
    panels = [curses.panel.new_panel(below), curses.panel.new_panel(above)]
    below.addstr(1, 1, "hidden below")
    above.addstr(1, 1, "wide: \\u00e4\\u4e2d\\u6587", curses.color_pair(1))
    panels[1].hide()
    panels[1].show()
    assert curses.panel.top_panel() is panels[1]
    curses.panel.update_panels()
    screen.addstr(0, 0, f"size {curses.LINES}x{curses.COLS}")
    screen.refresh()
    above.refresh()
    assert above.getyx() == (1, 12), above.getyx()  # two wide characters take two columns each
    key = screen.get_wch()
    arrow = screen.getch()
    curses.unget_wch("\\u00fc")
    again = screen.get_wch()
    return key, arrow == curses.KEY_UP, again

result = curses.wrapper(show)
print("RESULT", ascii(result))
"""


def test_screen_with_panels_and_wide_characters() -> None:
    harness.want_locale()
    terminal = harness.Terminal([sys.executable, "-B", "-c", SCREEN], _terminal("xterm-256color"))
    terminal.wait_for("size 30x100")
    terminal.wait_for("\u4e2d\u6587")
    terminal.type("\u00f1")
    terminal.type("\033OA")
    terminal.wait_for(f"RESULT {('ñ', True, 'ü')!a}")
    harness.equal(terminal.finish(), 0)
    harness.holds("hidden below" not in terminal.seen)


def test_descriptions_of_several_terminals() -> None:
    for name in ("xterm", "vt100", "linux", "screen", "dumb"):
        code = f"import curses; curses.setupterm({name!r}, 1); print('KNOWN', curses.tigetnum('cols'))"
        terminal = harness.Terminal([sys.executable, "-B", "-c", code], {"TERM": name})
        terminal.wait_for("KNOWN 80")
        harness.equal(terminal.finish(), 0)


def test_unknown_terminal_is_an_error_and_no_crash() -> None:
    code = "import curses\ntry:\n curses.setupterm('no-such-terminal', 1)\nexcept curses.error as e: print('ERROR', e)"
    terminal = harness.Terminal([sys.executable, "-B", "-c", code], _terminal("dumb"))
    terminal.wait_for("ERROR setupterm: could not find terminal")
    harness.equal(terminal.finish(), 0)


def test_descriptions_of_the_user_come_first() -> None:
    own = Path.home() / ".terminfo" / "m"
    system = next(path for path in _system_descriptions() if path.is_file())
    own.mkdir(parents=True, exist_ok=True)
    (own / "my-terminal").write_bytes(system.read_bytes())
    code = "import curses; curses.setupterm('my-terminal', 1); print('FOUND', curses.tigetnum('colors'))"
    terminal = harness.Terminal([sys.executable, "-B", "-c", code], _terminal("my-terminal"))
    terminal.wait_for("FOUND 256")
    harness.equal(terminal.finish(), 0)


def _terminal(name: str) -> dict[str, str]:
    return {"TERM": name, "LINES": "30", "COLUMNS": "100"}


def _system_descriptions() -> list[Path]:
    places = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo")
    return [Path(place) / "x" / "xterm-256color" for place in places]


if __name__ == "__main__":
    harness.main()
