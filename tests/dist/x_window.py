"""The pixels of a widget, read from the X server with only the standard library (X Window System Protocol, X11)."""

from __future__ import annotations

import os
import socket
import struct
import tkinter as tk

_SETUP = struct.Struct("<BxHHHHxx")
_SETUP_ANSWER = struct.Struct("<B5xH")
_GET_IMAGE = struct.Struct("<BBHIhhHHI")
_ANSWER = struct.Struct("<B3xI24x")
_Z_PIXMAP = 2


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError("the X server closed the connection")
        data += more
    return data


def image(widget: tk.Misc) -> list[bytes]:
    """Return the rows of pixels of a widget that is shown for the first time, as red, green, blue of each pixel.

    The whole widget must be on the screen, which has 24 bits per pixel and is on this machine.
    """
    widget.wait_visibility()
    widget.winfo_pointerx()  # waits for the server: its earlier messages have arrived
    widget.update()
    widget.winfo_pointerx()  # the server has drawn
    display, width, height = os.environ["DISPLAY"], widget.winfo_width(), widget.winfo_height()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(f"/tmp/.X11-unix/X{display.strip(':').partition('.')[0]}")
        connection.sendall(_SETUP.pack(ord("l"), 11, 0, 0, 0))
        welcome, words = _SETUP_ANSWER.unpack(_read(connection, _SETUP_ANSWER.size))
        text = _read(connection, words * 4)
        if welcome != 1:
            raise ConnectionError(f"the X server refuses the connection: {text!r}")
        connection.sendall(_GET_IMAGE.pack(73, _Z_PIXMAP, 5, widget.winfo_id(), 0, 0, width, height, 0xFFFFFFFF))
        kind, words = _ANSWER.unpack(_read(connection, _ANSWER.size))
        if kind != 1:
            raise ConnectionError("the X server has no image of this window")
        pixels = _read(connection, words * 4)
    size = width * 4
    return [_colours(pixels[line * size : (line + 1) * size]) for line in range(height)]


def _colours(line: bytes) -> bytes:
    """Return red, green, blue of pixels that are stored as blue, green, red and an unused byte."""
    colours = bytearray(len(line) // 4 * 3)
    for place in range(3):
        colours[place::3] = line[2 - place :: 4]
    return bytes(colours)
