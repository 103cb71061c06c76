"""Draws a window with Tk for Windows, prints facts about it, and keeps it open until a file appears.

    python window_on_windows.py FILE
"""

from __future__ import annotations

import sys
import tkinter
from pathlib import Path
from tkinter import ttk

COLOR = "#c03070"
PACKAGES = ("registry", "dde", "msgcat", "http")


def fill(root: tkinter.Tk) -> None:
    """Put widgets of each kind into a window: Tk's own, those of the system's theme, and a canvas."""
    root.title("Tk for Windows")
    root.geometry("460x330+60+50")
    tkinter.Label(root, text=f"Tk {root.tk.call('info', 'patchlevel')}: Grüße, Ω, Ж", font=("Tahoma", 14)).pack(pady=8)
    tkinter.Checkbutton(root, text="a mark of the resources").pack()
    ttk.Button(root, text="a button of the theme").pack(pady=4)
    ttk.Combobox(root, values=["one", "two"]).pack()
    canvas = tkinter.Canvas(root, width=300, height=120, background="white", cursor="gumby")
    canvas.create_rectangle(20, 20, 180, 100, fill=COLOR, outline="")
    canvas.create_text(240, 60, text="drawn")
    canvas.pack(pady=8)


def main(stop: Path) -> None:
    """Show the window; close it when `stop` exists."""
    root = tkinter.Tk()
    fill(root)

    def look() -> None:
        if stop.exists():
            root.destroy()
        else:
            root.after(100, look)

    def say() -> None:
        versions = {name: root.tk.call("package", "require", name) for name in PACKAGES}
        sys.stdout.write(f"{root.tk.call('tk', 'windowingsystem')} {versions}\n")
        sys.stdout.flush()
        look()

    root.update()
    root.after(1000, say)
    root.mainloop()
    import idlelib.editor  # noqa: F401, PLC0415 -- IDLE's windows are made of the same widgets

    sys.stdout.write("closed\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
