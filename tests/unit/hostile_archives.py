"""Archives meant to crash or deceive their readers. All are generated here; none is stored.

`SHAPES` contains those that every command must refuse, `LOUD` those that are unpacked to far more than their size.
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterable
from functools import partial

import zstandard
from hostile_elf import many_needs, many_relocations, many_sections, many_symbols, one_long_name
from sample_distribution import SHARED, Entry, Sample

_BLOCK = 1 << 17  # maximum size of a block in a zstd frame
_MAGIC = b"\x28\xb5\x2f\xfd"
_END = bytes(1024)
MEMBER = "python/install/x"


def header(
    name: str = MEMBER,
    size: int = 0,
    kind: bytes = tarfile.REGTYPE,
    target: str = "",
    *,
    form: int = tarfile.GNU_FORMAT,
) -> bytes:
    """Return one block: a member's header with arbitrary claims."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, target
    return info.tobuf(form)


def extended(records: dict[str, str] | bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """Return an extended header (pax)."""
    data = records if isinstance(records, bytes) else b"".join(_record(key, value) for key, value in records.items())
    return header("pax", len(data), kind) + data + bytes(-len(data) % 512)


def _record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode("utf-8", "surrogateescape")
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def described(*more: bytes, end: bytes = _END) -> bytes:
    """Return the sample's tar with more data in place of its end."""
    plain = Sample().tar().rstrip(b"\0")
    return plain + bytes(-len(plain) % 512) + b"".join(more) + end


def zstd(tar: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(tar)


def gz(tar: bytes) -> bytes:
    return gzip.compress(tar, mtime=0)


def frame(head: bytes, blocks: int, *, window: int = 0x38) -> bytes:
    """Return a zstd frame with `head`, followed by `blocks` blocks of 128 KiB of zeros that take four bytes each."""
    raw = [head[at : at + _BLOCK] for at in range(0, len(head), _BLOCK)]
    body = b"".join(struct.pack("<I", len(part) << 3)[:3] + part for part in raw)
    zeros = struct.pack("<I", _BLOCK << 3 | 1 << 1)[:3] + b"\0"
    last = struct.pack("<I", 1 | 1 << 3 | 1 << 1)[:3] + b"\0"
    return _MAGIC + bytes([0, window]) + body + zeros * blocks + last


def _zeros_in_gzip(head: bytes, size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(head), *(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)), packer.flush()]
    return b"".join(parts)


def with_member(name: str, **fields: object) -> bytes:
    """Return the sample with an additional member."""
    sample = Sample()
    sample.extra.append((name, Entry(**fields)))  # type: ignore[arg-type]
    return sample.packed()


def with_members(*members: tuple[str, Entry]) -> bytes:
    sample = Sample()
    sample.extra.extend(members)
    return sample.packed()


def with_description(data: bytes) -> bytes:
    sample = Sample()
    sample.description = data
    return sample.packed()


def with_module(data: bytes) -> bytes:
    """Return the sample with a different shared module."""
    sample = Sample()
    sample.file(SHARED).data = data
    return sample.packed()


def _crowd(count: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    return zstd(described(*(header(f"python/install/f{number:06}", kind=kind) for number in range(count))))


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[str, Entry]:
    return name, Entry(kind=kind, target=target, mode=0o777)


def _pax(records: dict[str, str] | bytes, *, size: int = 0) -> bytes:
    return zstd(described(extended(records), header(size=size)))


def _sorted(sample: Sample, changes: Iterable[tuple[str, Entry]]) -> bytes:
    sample.entries |= dict(changes)
    return sample.packed()


_HUGE = 10 << 30
# Refused by every command that reads an archive.
SHAPES: dict[str, Callable[[], bytes]] = {
    # claims
    "sparse-gnu": lambda: zstd(described(header(kind=tarfile.GNUTYPE_SPARSE, size=_HUGE))),
    "sparse-pax": lambda: _pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(_HUGE)}),
    "size-of-terabytes": lambda: _pax({"size": "99999999999999"}),
    "size-without-number": lambda: _pax({"size": "1e9"}),
    "size-negative": lambda: _pax({"size": "-512"}),
    "size-in-ten-thousand-digits": lambda: _pax({"size": "9" * 10_000}),
    "size-beyond-the-end": lambda: zstd(described(header(size=1 << 20))),
    "link-with-content": lambda: zstd(described(header(kind=tarfile.SYMTYPE, size=512), bytes(512))),
    "pax-header-of-gigabytes": lambda: zstd(described(header("pax", _HUGE, tarfile.XHDTYPE))),
    "long-name-of-gigabytes": lambda: zstd(described(header("long", _HUGE, tarfile.GNUTYPE_LONGNAME))),
    "pax-without-end": lambda: _pax(b"99 path=x\n"),
    "pax-without-key": lambda: _pax(b"11 nothing\n"),
    "pax-twice": lambda: zstd(described(extended({"path": "python/a"}), extended({"path": "python/b"}), header())),
    "pax-for-all": lambda: zstd(described(extended({"path": "python/a"}, tarfile.XGLTYPE), header())),
    "pax-for-nothing": lambda: zstd(described(extended({"path": "python/a"}))),
    "ten-thousand-pax-headers": lambda: zstd(described(extended({"comment": "x"}) * 10_000, header())),
    "time-beyond-numbers": lambda: _pax({"mtime": "1e400"}),
    "time-not-a-number": lambda: _pax({"mtime": "nan"}),
    "owner-not-a-number": lambda: _pax({"uid": "root"}),
    # amounts
    "hundred-thousand-members": lambda: _crowd(100_000),
    "path-of-5000-characters": lambda: with_member("python/" + "a/" * 2500 + "b"),
    "name-of-300-characters": lambda: with_member("python/" + "a" * 300),
    "hundred-directories-deep": lambda: with_member("python/" + "a/" * 100 + "b"),
    "target-of-5000-characters": lambda: with_members(_link("python/zz", "a" * 5000)),
    # names
    "newline": lambda: with_member("python/z\nz"),
    "colours": lambda: with_member("python/z\x1b[31mz"),
    "not-utf-8": lambda: with_member("python/z\udcff"),
    "right-to-left": lambda: with_member("python/z\u202egnp.exe"),
    "dot": lambda: with_member("python/./zz"),
    "empty-part": lambda: with_member("python//zz"),
    "backslash": lambda: with_member("python\\..\\zz"),
    "parent": lambda: with_member("python/../zz"),
    "absolute": lambda: with_member("/python/zz"),
    "elsewhere": lambda: with_member("zz"),
    "no-name": lambda: with_member("/"),
    "empty-name": lambda: zstd(described(header(""))),
    # links
    "link-out": lambda: with_members(_link("python/zz", "../../outside")),
    "link-out-and-file-below": lambda: with_members(_link("python/zz", "/tmp"), ("python/zz/file", Entry(b"x"))),
    "link-in-and-file-below": lambda: with_members(_link("python/zz", "install"), ("python/zz/file", Entry(b"x"))),
    "file-below-and-link-in": lambda: with_members(("python/zz/file", Entry(b"x")), _link("python/zz", "install")),
    "link-down-and-up": lambda: with_members(_link("python/zz", "install/bin/../../../..")),
    "hard-link-out": lambda: with_members(_link("python/zz", "/etc/passwd", tarfile.LNKTYPE)),
    "loop": lambda: with_members(_link("python/zz", "zz")),
    "loop-of-two": lambda: with_members(_link("python/zy", "zz"), _link("python/zz", "zy")),
    "loop-through-directories": lambda: with_members(_link("python/zy", "zz/x"), _link("python/zz", "zy/x")),
    "python3-loop": lambda: _sorted(Sample(), [_link("python/install/bin/python3", "python3")]),
    "file-and-link": lambda: with_members(_link("python/install/bin/python3.13", "python3")),
    "file-and-directory": lambda: with_member("python/install/bin/python3.13", kind=tarfile.DIRTYPE, mode=0o755),
    "file-below-a-file": lambda: with_member("python/install/bin/python3.13/zz"),
    "twice": lambda: with_member("python/install/bin/python3.13", data=b"other"),
    "device": lambda: with_member("python/zz", kind=tarfile.CHRTYPE),
    "pipe": lambda: with_member("python/zz", kind=tarfile.FIFOTYPE),
    "unknown-type": lambda: with_member("python/zz", kind=b"Z"),
    # compression
    "zstd-window-of-gigabytes": lambda: frame(described(), 0, window=0xB0),
    "zstd-dictionary": lambda: _MAGIC + bytes([1, 0x38, 7]) + struct.pack("<I", 1 | 1 << 3 | 1 << 1)[:3] + b"\0",
    "zstd-two-frames": lambda: zstd(described()) * 2,
    "zstd-skippable-frame": lambda: struct.pack("<II", 0x184D2A50, 4) + bytes(4) + zstd(described()),
    "zstd-reserved-block": lambda: _MAGIC + bytes([0, 0x38]) + struct.pack("<I", 1 | 3 << 1 | 8 << 3)[:3] + bytes(8),
    "zstd-million-blocks": lambda: _MAGIC + bytes([0, 0x38]) + (struct.pack("<I", 1 << 3)[:3] + b"\0") * 1_000_001,
    "gzip-two-members": lambda: gz(described()) * 2,
    "gzip-then-garbage": lambda: gz(described()) + b"garbage",
    "gzip-wrong-checksum": lambda: gz(described())[:-8] + bytes(8),
    "end-then-more": lambda: zstd(described(_END, described())),
    "no-end": lambda: zstd(described(end=b"")),
    "half-an-end": lambda: zstd(described(end=bytes(512))),
}
# A few kilobytes that expand to gigabytes.
LOUD: dict[str, Callable[[], bytes]] = {
    "zstd-8-gigabytes": lambda: frame(described(header(size=8 << 30), end=b""), 65_536),
    "zstd-8-gigabytes-after-the-end": lambda: frame(described(), 65_536),
    "zstd-member-in-the-limit": lambda: frame(described(header(size=100 << 20), end=b""), 800 + 1),
    "gzip-500-megabytes": lambda: _zeros_in_gzip(described(header(size=500 << 20), end=b""), 500 << 20),
}
# Invalid contents of PYTHON.json.
DESCRIPTIONS: dict[str, bytes] = {
    "nested": b"[" * 200_000,
    "nested-objects": b'{"a":' * 200_000,
    "half-a-surrogate": b'{"version": "\\ud800"}',
    "half-a-surrogate-in-a-key": b'{"version": "8", "\\udc00": 1}',
    "utf-16": '{"version": "8"}'.encode("utf-16"),
    "utf-32": '{"version": "8"}'.encode("utf-32"),
    "mark": b'\xef\xbb\xbf{"version": "8"}',
    "latin-1": b'{"version": "\xe9"}',
    "not-a-number": b'{"version": NaN}',
    "infinity": b'{"version": -Infinity}',
    "twice": b'{"version": "8", "version": "7"}',
    "digits": b'{"version": ' + b"9" * 100_000 + b"}",
    "colours": b'{"version": "\\u001b[31m"}',
    "a-key-with-newlines": b'{"version": "8", "a\\nb": 1}',
    "nothing": b"",
    "null": b"null",
    "million-wrong-items": b'{"version": "8", "licenses": [' + b"1," * 1_000_000 + b"1]}",
    "ten-megabytes": b'{"version": "' + b"8" * (10 << 20) + b'"}',
}
# Binaries that take much time or memory, in an archive that is otherwise valid.
MODULES: dict[str, Callable[[], bytes]] = {
    "64000-sections": partial(many_sections, 64_000),
    "64000-sections-of-one-long-name": partial(one_long_name, 64_000),
    "million-symbols": partial(many_symbols, 1_000_000),
    "400000-symbols-of-one-long-name": partial(many_symbols, 400_000, name=b"x" * 60_000),
    "hundred-thousand-needs": partial(many_needs, 100_000),
    "five-million-relocations": partial(many_relocations, 5_000_000),
}


def _filled(*members: tuple[str, bytes]) -> bytes:
    """Return an archive with these members and enough random bytes to meet the limit on the compression ratio."""
    noise = random.Random(7).randbytes(1 << 21)
    listed = [("python/install/noise", noise), *members]
    tar = described(*(header(name, len(data)) + data + bytes(-len(data) % 512) for name, data in listed))
    return zstandard.ZstdCompressor(level=1).compress(tar)


def _library(size: int) -> bytes:
    """Return a static library with one object, padded to `size` bytes."""
    data = many_symbols(400_000)
    data += bytes(size - len(data))
    return b"!<arch>\n" + b"big.o/".ljust(48) + b"%-10d" % len(data) + b"`\n" + data


# At the limits or slightly below: validating must not take more than the promised amount of memory.
ALLOWED: dict[str, Callable[[], bytes]] = {
    "member": lambda: _filled(("python/install/x", bytes(128 << 20))),
    "object": lambda: _filled(("python/install/x.o", many_symbols(499_000) + bytes(100 << 20))),
    "symbols": lambda: _filled(*((f"python/install/{name}.o", many_symbols(399_000)) for name in "xy")),
    "library": lambda: _filled(("python/install/x.a", _library((128 << 20) - 100))),
    "text": lambda: _filled(("python/install/bin/x", b"#!" + b"/home/a" * (18 << 20))),
    "counts": lambda: _filled(("python/build/cpython.fdata", b"1 _PyEval_EvalFrameDefault " * (4 << 20))),
    "members": lambda: _filled(*((f"python/install/d/{number:06}/{'x' * 60}", b"") for number in range(40_000))),
    "depth": lambda: _filled(*((f"python/{number:05}/" + "a/" * 37 + "x", b"") for number in range(500))),
}


def plain_tar(data: bytes) -> io.BytesIO:
    """Return the tar inside a `.tar.zst`, for tests that inspect it."""
    return io.BytesIO(zstandard.ZstdDecompressor().decompressobj().decompress(data))
