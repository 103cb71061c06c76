"""Truncated or corrupted archives, and other files, are refused with one line, wherever the damage is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import zstandard
from sample_distribution import Entry, Sample

from setup_local.audit.validate import validate_archive
from setup_local.errors import ArchiveError


def _refused(path: Path, data: bytes, what: str) -> None:
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match=what):
        validate_archive(path)


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_a_truncated_archive_is_refused_wherever_it_ends(tmp_path: Path, compression: str) -> None:
    data = Sample(compression=compression).packed()
    for length in (5, len(data) // 3, len(data) // 2, len(data) - 1):
        _refused(tmp_path / "x.tar.zst", data[:length], "damaged")


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_an_archive_that_ends_within_a_large_member_is_refused(tmp_path: Path, compression: str) -> None:
    sample = Sample(compression=compression)
    sample.entries["python/install/noise"] = Entry(random.Random(7).randbytes(1 << 20))
    data = sample.packed()
    for length in (len(data) // 3, len(data) // 2, len(data) - 3000):
        _refused(tmp_path / "x.tar.zst", data[:length], "damaged")


def test_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    data = bytearray(Sample().packed())
    data[len(data) // 2] ^= 0xFF
    _refused(tmp_path / "x.tar.zst", bytes(data), "damaged")


def test_bytes_after_the_end_are_refused(tmp_path: Path) -> None:
    _refused(tmp_path / "x.tar.zst", Sample().packed() + b"more", "data after the end")


def test_a_tar_without_its_end_is_refused(tmp_path: Path) -> None:
    cut = Sample().tar().rstrip(b"\0")
    whole_blocks = cut + bytes(-len(cut) % 512)
    _refused(tmp_path / "x.tar.zst", zstandard.ZstdCompressor().compress(whole_blocks), "end-of-archive marker")


def test_a_damaged_member_header_is_refused(tmp_path: Path) -> None:
    tar = bytearray(Sample().tar())
    at = tar.index(b"python/install/bin/python3.13")
    tar[at + 148 : at + 154] = b"777777"  # the header's checksum
    _refused(tmp_path / "x.tar.zst", zstandard.ZstdCompressor().compress(bytes(tar)), "member header")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    _refused(tmp_path / "x.tar.zst", b"hello", r"not a \.tar\.zst or \.tar\.gz archive")
    _refused(tmp_path / "x.tar.zst", b"", r"not a \.tar\.zst or \.tar\.gz archive")
    _refused(tmp_path / "y.tar.zst", b"\x28\xb5\x2f\xfdgarbage" * 9, "damaged")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="No such file"):
        validate_archive(tmp_path / "nothing.tar.zst")
