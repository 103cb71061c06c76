"""Tk for Windows draws a window, in Wine on an X server without a screen."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from installed import DIST
from windows_tree import Tree, windows_path
from x_screen import Screen

SCRIPT = "window_on_windows.py"
COLOR = bytes.fromhex("c03070")
CANVAS_PIXELS = 160 * 80
KEEP_VARIABLE = "SETUP_LOCAL_TEST_PICTURES"


def test_a_window_is_drawn(tree: Tree, screen: Screen, workshop: Path) -> None:
    stop = workshop / "closed"
    script = Path(shutil.copy(DIST / SCRIPT, workshop))
    with tree.start([script, windows_path(stop)], display=screen.display, log=workshop / "tk.log") as running:
        assert running.stdout is not None
        said = running.stdout.readline()
        picture = screen.picture()
        stop.touch()
        rest = running.stdout.read()
        assert running.wait(120) == 0, (workshop / "tk.log").read_text(errors="replace")
    if place := os.environ.get(KEEP_VARIABLE):
        picture.write_png(Path(place) / "windows-tk.png")
    assert said.startswith("win32 ")
    assert "registry" in said
    assert rest.strip() == "closed"
    colors = picture.colors
    assert colors[COLOR] > 0.95 * CANVAS_PIXELS
    assert len(colors) > 20  # text is drawn with shades


def test_idle_opens_an_editor(tree: Tree, screen: Screen) -> None:
    code = (
        "import tkinter; from idlelib.editor import EditorWindow; from idlelib import macosx\n"
        "root = tkinter.Tk(); root.withdraw(); editor = EditorWindow(root=root); editor.text.insert('1.0', 'print(1)')\n"
        "root.update(); print(editor.text.get('1.0', '1.end'))\n"
        "editor._close(); root.destroy()"
    )
    assert tree.run(["-c", code], display=screen.display).strip() == "print(1)"
