"""`tkinter` on an X display: windows, widgets, events, smooth text with wide characters, images, Tcl's own library."""

from __future__ import annotations

import os
import sys
import tempfile
import tkinter as tk
from pathlib import Path
from tkinter import font, ttk

import harness
import x_window

PIXEL = "R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="


def _root() -> tk.Tk:
    if not os.environ.get("DISPLAY"):
        raise AssertionError("no X display: DISPLAY is not set")
    root = tk.Tk()
    root.geometry("300x200+10+10")
    return root


def test_tcl_alone_needs_no_display() -> None:
    tcl = tk.Tcl()
    harness.say(f"     Tcl {tcl.eval('info patchlevel')}")
    harness.equal(tcl.eval("expr {6 * 7}"), "42")
    harness.equal(tcl.eval("string length \u4e2d\u6587"), "2")
    harness.equal(tcl.eval("encoding convertto utf-8 x; clock format 0 -gmt 1 -format %Y-%m-%d"), "1970-01-01")
    harness.equal(tcl.eval("encoding convertfrom cp437 \\x81"), "\u00fc")
    harness.holds(tcl.eval("package require http") >= "2")
    harness.holds(Path(tcl.eval("info library"), "init.tcl").is_file())


def test_window_with_widgets() -> None:
    root = _root()
    text = tk.Text(root)
    text.insert("1.0", "Zürich \u4e2d\u6587\nsecond line")
    text.pack()
    ttk.Button(root, text="press").pack()
    root.update()
    harness.say(f"     Tk {root.tk.call('info', 'patchlevel')}, {root.tk.call('tk', 'windowingsystem')}")
    harness.equal(root.winfo_ismapped(), 1)
    harness.equal(root.winfo_width(), 300)
    harness.equal(text.get("1.0", "1.end"), "Zürich \u4e2d\u6587")
    harness.equal(float(root.tk.call("set", "tk_version")), tk.TkVersion)
    root.destroy()


def test_events_reach_python() -> None:
    root = _root()
    seen: list[str] = []
    button = tk.Button(root, command=lambda: seen.append("pressed"))
    button.pack()
    root.bind("<<Own>>", lambda _event: seen.append("event"))
    root.update()
    button.invoke()
    root.event_generate("<<Own>>")
    root.after(10, lambda: (seen.append("later"), root.quit()))  # type: ignore[func-returns-value]
    root.mainloop()
    harness.equal(seen, ["pressed", "event", "later"])
    root.destroy()


def test_canvas_is_drawn() -> None:
    root = _root()
    canvas = tk.Canvas(root, width=100, height=80)
    canvas.pack()
    canvas.create_line(0, 0, 50, 50, fill="red")
    canvas.create_text(30, 30, text="drawn text")
    root.update()
    postscript = canvas.postscript()
    harness.holds(postscript.startswith("%!PS-Adobe"))
    harness.holds("drawn text" in postscript)
    root.destroy()


def test_images_and_fonts() -> None:
    root = _root()
    image = tk.PhotoImage(data=PIXEL)
    harness.equal((image.width(), image.get(0, 0)), (1, (255, 0, 0)))
    harness.holds(font.Font(root, size=12).measure("wide text") > 0)
    root.destroy()


def test_themes_and_dialogues_are_complete() -> None:
    root = _root()
    harness.equal({"clam", "alt", "default", "classic"} - set(ttk.Style(root).theme_names()), set())
    library = Path(str(root.tk.eval("set tk_library")))
    missing = [name for name in ("tk.tcl", "dialog.tcl", "msgbox.tcl", "tkfbox.tcl") if not (library / name).is_file()]
    harness.equal(missing, [])
    root.destroy()


def _colours_of_text(text: str) -> set[tuple[int, int, int]]:
    """Return the colours of a text drawn in black on white."""
    root = _root()
    canvas = tk.Canvas(root, width=200, height=80, background="white", borderwidth=0, highlightthickness=0)
    canvas.pack()
    canvas.create_text(100, 40, text=text, font="TkDefaultFont", fill="black")
    lines = x_window.image(canvas)
    root.destroy()
    harness.equal(len(lines), 80)
    return {(line[at], line[at + 1], line[at + 2]) for line in lines for at in range(0, len(line), 3)}


def test_text_is_smooth() -> None:
    colours = _colours_of_text("Smooth text @8%")
    root = _root()
    harness.say(f"     {len(colours)} colours, {font.Font(root, name='TkDefaultFont', exists=True).actual('family')}")
    harness.equal(root.tk.call("tk::pkgconfig", "get", "fontsystem"), "xft")
    harness.holds({(0, 0, 0), (255, 255, 255)} <= colours)
    harness.holds(len(colours) > 10)
    harness.holds(font.Font(root, name="TkFixedFont", exists=True).metrics("fixed"))
    root.destroy()


def _with_fonts_conf(text: str | None, code: str) -> str:
    """Run code with another font configuration, or with none, and return its output on both streams."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "fonts.conf")
        if text is not None:
            path.write_text(f"<?xml version='1.0'?><fontconfig>{text}</fontconfig>", encoding="utf-8")
        environment = {"FONTCONFIG_FILE": str(path), "PYTHONPATH": str(Path(__file__).parent)}
        return harness.run(sys.executable, "-B", "-c", f"import windows\n{code}", env=environment)


FAMILIES = """
root = windows._root()
for name in "TkDefaultFont", "TkFixedFont":
    print(windows.font.Font(root, name=name, exists=True).actual("family"))
"""


def test_fonts_are_found_without_a_configuration() -> None:
    harness.equal(_with_fonts_conf(None, FAMILIES).splitlines(), ["DejaVu Sans", "DejaVu Sans Mono"])


def test_a_configuration_for_a_newer_version_is_accepted() -> None:
    newer = "<dir>/usr/share/fonts</dir><brand-new/><match><edit name='new'><const>unheard</const></edit></match>"
    families = _with_fonts_conf(newer, FAMILIES).splitlines()
    harness.equal(len(families), 2)
    harness.holds(families[0])


def test_without_any_font_those_of_the_display_are_used() -> None:
    code = """
root = windows._root()
print(root.tk.call("tk::pkgconfig", "get", "fontsystem"))
root.destroy()
print(sorted(windows._colours_of_text("Rough text @8%")))
"""
    harness.equal(_with_fonts_conf("", code).splitlines(), ["x11", "[(0, 0, 0), (255, 255, 255)]"])


if __name__ == "__main__":
    harness.main()
