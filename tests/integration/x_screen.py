"""An X server without a screen, and the picture drawn on it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_WORDS = 25
"""Numbers in the header of an XWD file: its size, version, format, depth, width, height, ... (XWDFile.h)."""
_COLOR_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture: rows of pixels, each with three bytes for red, green and blue."""

    width: int
    height: int
    rows: tuple[bytes, ...]

    @property
    def colors(self) -> Counter[bytes]:
        """Return the number of pixels of each colour."""
        return Counter(row[at : at + 3] for row in self.rows for at in range(0, len(row), 3))

    def write_png(self, path: Path) -> None:
        """Write the picture as a PNG file (ISO/IEC 15948) for human inspection."""
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        data = zlib.compress(b"".join(b"\0" + row for row in self.rows))
        chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
        parts = (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks
        )
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A display (`:1`), and the file in which the server keeps its pixels."""

    display: str
    frame: Path

    def picture(self) -> Picture:
        """Return the current picture: 32 bits per pixel, the lowest byte is blue."""
        data = self.frame.read_bytes()
        words = struct.unpack_from(f">{_WORDS}I", data)
        width, height, stride, colors = words[4], words[5], words[12], words[19]
        start = words[0] + colors * _COLOR_BYTES
        rows = (data[start + line * stride : start + line * stride + 4 * width] for line in range(height))
        return Picture(width=width, height=height, rows=tuple(_without_padding(row) for row in rows))


def _without_padding(row: bytes) -> bytes:
    pixels = bytearray(len(row) // 4 * 3)
    pixels[0::3], pixels[1::3], pixels[2::3] = row[2::4], row[1::4], row[0::4]
    return bytes(pixels)


@contextmanager
def x_server(place: Path) -> Iterator[Screen]:
    """Run an X server; its pixels and its log are in `place`."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.fail("Xvfb is missing; scripts/install-test-requirements installs it")
    place.mkdir()
    reading, writing = os.pipe()
    with (place / "Xvfb.log").open("wb") as log:
        command = [program, "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-ac"]
        server = subprocess.Popen([*command, "-fbdir", str(place)], pass_fds=[writing], stdout=log, stderr=log)
    os.close(writing)
    try:
        with os.fdopen(reading) as stream:
            number = stream.readline().strip()
        if not number:
            pytest.fail(f"Xvfb did not start: {(place / 'Xvfb.log').read_text(errors='replace')}")
        yield Screen(display=f":{number}", frame=place / "Xvfb_screen0")
    finally:
        server.terminate()
        server.wait(20)
