"""Reading a part of an xz file with several blocks."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
import zlib
from pathlib import Path

import pytest

from setup_local.catalog.sources import Form, Source
from setup_local.errors import SourceError
from setup_local.fetch import Obtained, unpack
from setup_local.fetch.xz import Part, blocks

PIECES = [os.urandom(1000), b"a" * 5000, os.urandom(300), b"b" * 70000]
DATA = b"".join(PIECES)


def integer(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def in_blocks(pieces: list[bytes]) -> bytes:
    """Join single-block streams into one stream with several blocks."""
    body, records, header = b"", b"", b""
    for piece in pieces:
        packed = lzma.compress(piece)
        ((size, unpacked),) = blocks(io.BytesIO(packed))
        header = packed[:12]
        body += packed[12 : 12 + -(-size // 4) * 4]
        records += integer(size) + integer(unpacked)
    index = b"\0" + integer(len(pieces)) + records
    index += b"\0" * (-len(index) % 4)
    index += zlib.crc32(index).to_bytes(4, "little")
    ending = (len(index) // 4 - 1).to_bytes(4, "little") + header[6:8]
    return header + body + index + zlib.crc32(ending).to_bytes(4, "little") + ending + b"YZ"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.xz"
    path.write_bytes(in_blocks(PIECES))
    assert lzma.decompress(path.read_bytes()) == DATA
    return path


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, len(DATA)), (0, 10), (999, 2), (1000, 5000), (1500, 10), (6100, 60000), (len(DATA) - 1, 1)],
)
def test_a_part_is_those_bytes(file: Path, offset: int, length: int) -> None:
    with Part(file, offset, length) as part:
        assert part.readall() == DATA[offset : offset + length]


def test_what_lies_before_is_not_read(file: Path) -> None:
    damaged = bytearray(file.read_bytes())
    damaged[100] ^= 0xFF
    file.write_bytes(damaged)
    with pytest.raises(lzma.LZMAError), Part(file, 0, 1000) as part:
        part.readall()
    with Part(file, 1000, 5000) as part:
        assert part.readall() == DATA[1000:6000]


def test_a_part_beyond_the_end(file: Path) -> None:
    with pytest.raises(EOFError), Part(file, len(DATA) - 5, 10) as part:
        part.readall()


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data[:-12] + b"\0" * 12])
def test_no_xz_file(file: Path, change: object) -> None:
    file.write_bytes(change(file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(lzma.LZMAError):
        Part(file, 0, 1)


def archive(tmp_path: Path) -> tuple[Path, tuple[int, int]]:
    """Return a tar archive in three blocks and the extent of its directory `a/wanted`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as writer:
        for name in ("a/before", "a/wanted/x", "a/wanted/y", "a/zafter"):
            info = tarfile.TarInfo(name)
            info.size = 5000
            writer.addfile(info, io.BytesIO(name.encode() * 1000))
    data, member = buffer.getvalue(), 512 + 5120
    path = tmp_path / "a.tar.xz"
    path.write_bytes(in_blocks([data[:3000], data[3000:9000], data[9000:]]))
    return path, (member, 2 * member)


@pytest.mark.parametrize("known", [True, False])
def test_an_extent_gives_the_same_tree(tmp_path: Path, known: bool) -> None:  # noqa: FBT001 - a test's parameter
    path, extent = archive(tmp_path)
    form = Form(file="a.tar.xz", sha256="0" * 64, size=1, root="a/wanted", extent=extent if known else None)
    obtained = Obtained(source=Source(name="a", version="1", forms=(form,)), form=form, path=path)
    tree = unpack(obtained, tmp_path / "out")
    assert {item.name: item.stat().st_size for item in tree.iterdir()} == {"x": 5000, "y": 5000}


def test_a_wrong_extent_is_an_error(tmp_path: Path) -> None:
    path, (offset, length) = archive(tmp_path)
    for extent in ((offset + 100, length), (offset + length, 512), (1 << 40, length)):
        form = Form(file="a.tar.xz", sha256="0" * 64, size=1, root="a/wanted", extent=extent)
        obtained = Obtained(source=Source(name="a", version="1", forms=(form,)), form=form, path=path)
        with pytest.raises(SourceError):
            unpack(obtained, tmp_path / f"out{extent[0]}")
