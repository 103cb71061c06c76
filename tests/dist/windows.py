"""`tkinter` on an X display: windows, widgets, events, text with wide characters, images, Tcl's own library."""

from __future__ import annotations

import os
import tkinter as tk
from pathlib import Path
from tkinter import font, ttk

import harness

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


if __name__ == "__main__":
    harness.main()
