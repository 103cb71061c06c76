"""`zlib`, `bz2`, `lzma`: round trips, known bytes, archives; `zipfile` and `tarfile` based on them."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import os
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import harness

TEXT = b"the same words again and again, " * 4000
NOISE = os.urandom(100_000)


def _round_trips(compress: Callable[[bytes], bytes], decompress: Callable[[bytes], bytes]) -> None:
    for data in (b"", b"x", TEXT, NOISE):
        harness.holds(decompress(compress(data)) == data)


def test_zlib() -> None:
    harness.say(f"     zlib {zlib.ZLIB_RUNTIME_VERSION}")
    harness.equal(zlib.ZLIB_RUNTIME_VERSION, zlib.ZLIB_VERSION)
    _round_trips(zlib.compress, zlib.decompress)
    harness.equal(zlib.crc32(b"123456789"), 0xCBF43926)
    harness.equal(zlib.adler32(b"123456789"), 0x091E01DE)
    harness.holds(len(zlib.compress(TEXT)) < 1000)


def test_zlib_makes_the_same_bytes_as_everywhere() -> None:
    """Our search for matches differs from upstream's, but must find the same matches."""
    number, words = 1, []
    for _ in range(60_000):
        number = (number * 1103515245 + 12345) % 2**31
        words.append(b"%d" % ((number >> 16) ** 2 % 9973 >> number % 7))
    data = b" ".join(words) + bytes(5000) + b"abcd" * 3000
    for level, checksum in ((1, 0x93850E38), (6, 0xC2EB0472), (9, 0xD8616D27)):
        harness.equal((level, zlib.crc32(zlib.compress(data, level))), (level, checksum))


def test_gzip() -> None:
    _round_trips(gzip.compress, gzip.decompress)


def test_bz2() -> None:
    _round_trips(bz2.compress, bz2.decompress)
    known = bytes.fromhex(
        "425a68393141592653594eece83600000251800010400006449080200031064c4101a7a9a580bb9431f8bb9229c28482776741b0"
    )
    harness.equal(bz2.decompress(known), b"hello world\n")


def test_lzma() -> None:
    _round_trips(lzma.compress, lzma.decompress)
    for check in (lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256):
        harness.holds(lzma.is_check_supported(check))
        harness.holds(lzma.decompress(lzma.compress(TEXT, check=check)) == TEXT)
    chain = [{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6}]
    harness.holds(lzma.decompress(lzma.compress(TEXT, filters=chain)) == TEXT)
    harness.holds(lzma.decompress(lzma.compress(TEXT, format=lzma.FORMAT_ALONE)) == TEXT)


def test_zstd() -> None:
    if sys.version_info < (3, 14):
        raise harness.Skip("compression.zstd came with Python 3.14")
    zstd = importlib.import_module("compression.zstd")
    _round_trips(zstd.compress, zstd.decompress)


def test_zip_archive_with_each_method() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("a/ü.txt", TEXT)
        with zipfile.ZipFile(buffer) as archive:
            harness.equal(archive.testzip(), None)
            harness.holds(archive.read("a/ü.txt") == TEXT)


def test_tar_archive_with_each_compression() -> None:
    for compression in ("", "gz", "bz2", "xz"):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
            member = tarfile.TarInfo("ü.txt")
            member.size = len(TEXT)
            archive.addfile(member, io.BytesIO(TEXT))
        buffer.seek(0)
        with tarfile.open(fileobj=buffer) as archive:
            stream = archive.extractfile("ü.txt")
            harness.holds(stream is not None and stream.read() == TEXT)


if __name__ == "__main__":
    harness.main()
