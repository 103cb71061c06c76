#!/usr/bin/env python3
"""Take a picture of a small Tk window, for the documentation.

Run it with the distribution's interpreter on an X display with 24 bits per pixel:
`xvfb-run -s "-screen 0 800x600x24" python/install/bin/python3 scripts/picture_of_tk.py docs/images/tk-xft.png`
"""

from __future__ import annotations

import struct
import sys
import tkinter as tk
import zlib
from pathlib import Path
from tkinter import ttk

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dist"))

import x_window

TEXT = """\
def area(radius: float) -> float:
    \"\"\"Return what a circle covers.\"\"\"
    return math.pi * radius ** 2

print(area(1.5))   # 7.0685834705770345
"""


def fill(root: tk.Tk) -> None:
    """Put a heading, some widgets and a text with code into a window."""
    ttk.Style(root).theme_use("clam")
    frame = ttk.Frame(root, padding=10)
    frame.pack(fill="both", expand=True)
    ttk.Label(frame, text="Tk, wherever you unpack it", font=("Helvetica", 16)).pack(anchor="w")
    ttk.Label(frame, text="Größe, Αθήνα, Москва: 12 pt, 9 pt and turned text").pack(anchor="w", pady=6)
    row = ttk.Frame(frame)
    row.pack(anchor="w", pady=4)
    ttk.Checkbutton(row, text="Remember me").pack(side="left")
    ttk.Button(row, text="Open...").pack(side="left", padx=8)
    ttk.Button(row, text="Cancel").pack(side="left")
    canvas = tk.Canvas(row, width=70, height=44, highlightthickness=0, background="#dcdad5")
    canvas.create_text(35, 22, text="turned", angle=20)
    canvas.pack(side="left", padx=8)
    code = tk.Text(frame, width=48, height=6, font="TkFixedFont")
    code.insert("1.0", TEXT)
    code.tag_add("word", "1.0", "1.3")
    code.tag_configure("word", foreground="#b04000")
    code.pack(anchor="w")


def png(lines: list[bytes]) -> bytes:
    """Return an image (lines of red, green, blue) as PNG (ISO/IEC 15948)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(lines[0]) // 3, len(lines), 8, 2, 0, 0, 0)
    content = zlib.compress(b"".join(b"\0" + line for line in lines), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def main() -> None:
    """Show the window, and write its content to the given file."""
    root = tk.Tk()
    root.geometry("+0+0")
    fill(root)
    Path(sys.argv[1]).write_bytes(png(x_window.image(root)))


if __name__ == "__main__":
    main()
