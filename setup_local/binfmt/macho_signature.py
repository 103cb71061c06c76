"""Checks the code signature of a Mach-O file (Apple's `cs_blobs.h`): the hashes of all pages and special slots.

An ad hoc signature (by nobody) does not prove where a file comes from, but macOS runs no arm64 program without one, and
stops a program as soon as it reads a page with another hash. No code is shared with the module that writes signatures
(`macho_signing`).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_rows import Layout

_SUPER, _DIRECTORY = 0xFADE0CC0, 0xFADE0C02  # magic numbers of blobs
_PRIMARY, _ALTERNATE, _LAST_ALTERNATE = 0, 0x1000, 0x1004  # slots of code directories
_HASHES: Mapping[int, tuple[str, int]] = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}
_AD_HOC = 0x2  # CS_ADHOC
_HEAD = struct.Struct(">2I")
_MOST_BLOBS = 64
_SCATTERED, _LARGE = 0x20100, 0x20300  # versions that added fields
_SMALLEST_PAGE, _LARGEST_PAGE = 12, 16  # as powers of two
_FIELDS = struct.Struct(">9I4BI")
_SHOWN = 4


class Directory(NamedTuple):
    """A code directory: what a signature states about a file."""

    version: int
    flags: int
    hashes_at: int
    name_at: int
    special: int
    pages: int
    limit: int
    hash_size: int
    hash_kind: int
    page: int
    body: bytes

    def slot(self, number: int) -> bytes:
        """Return the hash of a page, or of a special slot for a negative number."""
        start = self.hashes_at + number * self.hash_size
        if start < 0 or start + self.hash_size > len(self.body):
            raise ValueError("the hashes of its signature are truncated")
        return self.body[start : start + self.hash_size]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A signature; `problems` has one sentence for each defect."""

    name: str
    ad_hoc: bool
    hash: str
    problems: tuple[str, ...] = ()


def read_signature(file: Layout) -> Signature | None:
    """Return a file's signature, None if it has none. Raises ValueError, `struct.error` for one that cannot be read."""
    command = file.first(rows.CODE_SIGNATURE)
    if command is None:
        return None
    start, size = command.numbers(2)
    blobs = dict(_blobs(file.part(start, size)))
    slots = [slot for slot in blobs if slot == _PRIMARY or _ALTERNATE <= slot <= _LAST_ALTERNATE]
    if _PRIMARY not in slots:
        raise ValueError("its signature has no code directory")
    directories = [_directory(blobs[slot]) for slot in slots]
    best = directories[-1]
    name = best.body[best.name_at : max(best.body.find(b"\0", best.name_at), best.name_at)]
    return Signature(
        name=name.decode("utf-8", "replace"),
        ad_hoc=bool(best.flags & _AD_HOC),
        hash=_HASHES[best.hash_kind][0],
        problems=tuple(problem for item in directories for problem in _problems(file, item, blobs, start)),
    )


def _blobs(data: bytes) -> Iterator[tuple[int, bytes]]:
    magic, length, count = struct.unpack_from(">3I", data)
    if magic != _SUPER or length > len(data) or count > _MOST_BLOBS:
        raise ValueError("its signature is damaged")
    for index in range(count):
        slot, at = _HEAD.unpack_from(data, 12 + index * _HEAD.size)
        _, size = _HEAD.unpack_from(data, at)
        if at + size > length:
            raise ValueError("its signature is truncated")
        yield slot, data[at : at + size]


def _directory(body: bytes) -> Directory:
    magic, _, version, flags, hashes, name, special, pages, limit, size, kind, _, page, _ = _FIELDS.unpack_from(body)
    if (
        magic != _DIRECTORY
        or kind not in _HASHES
        or _HASHES[kind][1] != size
        or not _SMALLEST_PAGE <= page <= _LARGEST_PAGE
    ):
        raise ValueError("the code directory of its signature has an unknown format")
    after = _FIELDS.size
    if version >= _SCATTERED and struct.unpack_from(">I", body, after)[0]:
        raise ValueError("its signature covers scattered pages")
    if version >= _LARGE and (large := struct.unpack_from(">Q", body, after + 12)[0]):
        limit = large
    return Directory(version, flags, hashes, name, special, pages, limit, size, kind, page, body)


def _problems(file: Layout, said: Directory, blobs: Mapping[int, bytes], start: int) -> Iterator[str]:
    if said.limit != start:
        yield f"its signature covers {said.limit} bytes, not all {start} before it"
        return
    page = 1 << said.page
    if said.pages != -(-start // page):
        yield f"its signature has hashes of {said.pages} pages, but the file has {-(-start // page)}"
        return
    wrong = [
        number
        for number in range(said.pages)
        if _differs(file.data[number * page : min((number + 1) * page, start)], said, number)
    ]
    if wrong:
        more = " and others" if len(wrong) > _SHOWN else ""
        places = ", ".join(f"{number * page:#x}" for number in wrong[:_SHOWN])
        yield f"the hashes of the pages at {places}{more} do not match its signature"
    for slot, body in blobs.items():
        beside = slot != _PRIMARY and slot < _ALTERNATE
        if beside and (slot > said.special or _differs(body, said, -slot)):
            yield f"the hash of part {slot} of its signature does not match the code directory"


def _differs(data: bytes, said: Directory, number: int) -> bool:
    algorithm, size = _HASHES[said.hash_kind]
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()[:size] != said.slot(number)
