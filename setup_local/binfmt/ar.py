"""Reads `ar` archives: static libraries and Debian packages, as written by GNU, LLVM, BSD, Microsoft and dpkg.

Sources: ar(5), deb(5), Microsoft's "PE Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"!<arch>\n"
THIN_MAGIC = b"!<thin>\n"
HEADER_SIZE = 60
_END = b"`\n"
_INDEXES = frozenset(
    {"/", "/SYM64/", "/<ECSYMBOLS>/", "/<HYBRIDMAP>/", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64"}
)


class BadArchive(ValueError):
    """The bytes are not a valid `ar` archive that contains its members."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RawMember:
    """One member as stored, including indexes and name tables: the offset of its header, and its name field."""

    at: int
    header: bytes
    field: str
    body: bytes

    def resized(self, size: int) -> bytes:
        """Return the header for a body of another size."""
        return self.header[:48] + b"%-10d" % size + self.header[58:]


@dataclass(frozen=True, kw_only=True, slots=True)
class ArMember:
    """One member: its name, its bytes, and where they begin in the library."""

    name: str
    data: bytes
    offset: int


def members(data: bytes) -> Iterator[ArMember]:
    """Yield the members without symbol indexes and name tables. Raises `BadArchive`."""
    names = b""
    for raw in raw_members(data):
        if raw.field == "//":
            names = raw.body
            continue
        name, skip = _real_name(raw.field, names, raw.body)
        if name not in _INDEXES:
            yield ArMember(name=name, data=raw.body[skip:], offset=raw.at + HEADER_SIZE + skip)


def raw_members(data: bytes) -> Iterator[RawMember]:
    """Yield every member as stored. Raises `BadArchive`."""
    if data.startswith(THIN_MAGIC):
        raise BadArchive("a thin archive, which only names its object files")
    if not data.startswith(MAGIC):
        raise BadArchive("not an ar archive")
    offset = len(MAGIC)
    while offset < len(data):
        header, field, size = _header(data, offset)
        start = offset + HEADER_SIZE
        body = data[start : start + size]
        if len(body) < size:
            raise BadArchive(f"truncated: the member at byte {offset} has {len(body)} of {size} bytes")
        yield RawMember(at=offset, header=header, field=field, body=body)
        offset = start + size + size % 2


def name_size(member: RawMember) -> int:
    """Return how many bytes of a member's body its name occupies (long names of BSD and macOS). Raises ValueError."""
    return int(member.field[3:]) if member.field.startswith("#1/") else 0


def _header(data: bytes, offset: int) -> tuple[bytes, str, int]:
    """Return a member's header, and the name field and size in it."""
    header = data[offset : offset + HEADER_SIZE]
    if len(header) < HEADER_SIZE or not header.endswith(_END):
        raise BadArchive(f"no member header at byte {offset}")
    try:
        return header, header[:16].decode("ascii").rstrip(), int(header[48:58])
    except ValueError as error:
        raise BadArchive(f"unreadable member header at byte {offset}") from error


def _real_name(field: str, names: bytes, body: bytes) -> tuple[str, int]:
    """Return a member's full name, and how many bytes of its body the name occupies (BSD)."""
    try:
        if field.startswith("#1/"):
            length = int(field[3:])
            return body[:length].rstrip(b"\0").decode("utf-8", "replace"), length
        if field.startswith("/") and field[1:].isdigit():
            return _listed_name(names, int(field[1:])), 0
    except ValueError as error:
        raise BadArchive(f"unreadable member name {field!r}") from error
    return (field if field in _INDEXES else field.rstrip("/")), 0


def _listed_name(names: bytes, start: int) -> str:
    """Return a name from the table: GNU ends each with slash and newline, Microsoft with a zero. Raises ValueError."""
    ends = [end for mark in (b"\n", b"\0") if (end := names.find(mark, start)) >= 0]
    if not ends:
        raise ValueError("a name is not terminated")
    return names[start : min(ends)].rstrip(b"/").decode("utf-8", "replace")
