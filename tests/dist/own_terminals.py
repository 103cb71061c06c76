"""Terminal descriptions in the distribution, wherever it is; those of the user have precedence."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import harness

# A unit test checks that these are the entries of data/recipes/ncurses/terminals.toml.
COMPILED_IN = (
    "alacritty ansi cygwin dumb eterm-color foot linux putty putty-256color rxvt rxvt-256color rxvt-unicode "
    "rxvt-unicode-256color screen screen-256color screen.xterm-256color st st-256color tmux tmux-256color vt100 vt102 "
    "vt220 wezterm xterm xterm-256color xterm-color xterm-direct xterm-ghostty xterm-kitty"
).split()
BUNDLED = Path(sys.base_prefix) / "share" / "terminfo"
OTHER, COLORS_OF_OTHER = "linux-16color", 16
ALL = "import curses, sys\nfor name in sys.argv[1:]: curses.setupterm(name, 1)\nprint('all known')"
COLUMNS = "import curses; curses.setupterm('wy50', 1); print(curses.tigetnum('cols'))"
COLORS = "import curses; curses.setupterm('xterm', 1); print(curses.tigetnum('colors'))"


def _place_other_as_xterm(directory: Path) -> None:
    (directory / "x").mkdir(parents=True)
    shutil.copyfile(BUNDLED / OTHER[0] / OTHER, directory / "x" / "xterm")


def _colors(**env: str) -> int:
    return int(harness.python("-B", "-c", COLORS, env=env))


def test_every_compiled_in_entry() -> None:
    harness.equal(harness.python("-B", "-c", ALL, *COMPILED_IN).strip(), "all known")
    harness.say(f"     {len(COMPILED_IN)} entries")


def test_every_bundled_entry() -> None:
    names = sorted(path.name for path in BUNDLED.glob("?/*"))
    harness.holds(len(names) > 500)
    harness.equal(len({name.lower() for name in names}), len(names))
    harness.equal(harness.python("-B", "-c", ALL, *names).strip(), "all known")
    harness.say(f"     {len(names)} entries")


def test_what_is_compiled_in_is_also_bundled_for_other_programs() -> None:
    harness.equal([name for name in COMPILED_IN if not (BUNDLED / name[0] / name).is_file()], [])


def test_entries_of_the_user_come_first() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        harness.equal(_colors(HOME=scratch), 8)
        _place_other_as_xterm(home / "own")
        harness.equal(_colors(TERMINFO=str(home / "own")), COLORS_OF_OTHER)
        harness.equal(_colors(TERMINFO_DIRS=str(home / "own")), COLORS_OF_OTHER)
        _place_other_as_xterm(home / ".terminfo")
        harness.equal(_colors(HOME=scratch), COLORS_OF_OTHER)


def test_the_way_to_the_bundled_entries() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        link = Path(scratch) / "python3"
        link.symlink_to(sys.executable)
        harness.equal(harness.run(str(link), "-B", "-c", COLUMNS).strip(), "80")
        for kind in ("--symlinks", "--copies"):
            place = Path(scratch) / f"environment {kind}"
            harness.python("-B", "-m", "venv", "--without-pip", kind, str(place))
            harness.equal(harness.run(str(place / "bin/python3"), "-B", "-c", COLUMNS).strip(), "80")


def test_names_are_no_paths() -> None:
    for name in ("../x/xterm", "x/xterm", "..", "."):
        code = f"import curses\ntry: curses.setupterm({name!r}, 1)\nexcept curses.error: print('refused')"
        harness.equal(harness.python("-B", "-c", code).strip(), "refused")


if __name__ == "__main__":
    harness.main()
