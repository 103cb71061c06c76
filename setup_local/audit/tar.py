"""Reads a tar archive (POSIX.1-2017 pax, ustar, GNU long names) front to back, without trusting its claims.

The standard library parses single headers; their sequence is read here, because its own loop reads headers of any size
into memory, recurses from one to the next, and skips as far as a header says, even beyond the end of the file.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from setup_local.audit.streams import CHUNK, Damaged, Refused, Unpacked
from setup_local.catalog.limits import Limits
from setup_local.printable import printable

_BLOCK = tarfile.BLOCKSIZE
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LONG = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_LENGTH = re.compile(rb"([0-9]{1,8}) ")
_NUMBER = re.compile(r"[0-9]{1,15}")
_TIME = re.compile(r"-?[0-9]{1,11}(\.[0-9]{0,20})?")
_HARMLESS = {"comment"}  # allowed in a header for the whole archive: `git archive` names the commit there
_SPARSE = "GNU.sparse."


class MemberKind(Enum):
    """Type of an archive member."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hard link"
    DEVICE = "device or pipe"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One member's header. `target` is what a link points to; `size` is in bytes.

    Parts of names and targets that are not printable text are escaped, and `strange` is set.
    """

    name: str
    kind: MemberKind
    size: int
    mode: int
    mtime: float
    uid: int
    gid: int
    uname: str
    gname: str
    target: str = ""
    strange: bool = False


_KINDS = {
    tarfile.DIRTYPE: MemberKind.DIRECTORY,
    tarfile.SYMTYPE: MemberKind.SYMLINK,
    tarfile.LNKTYPE: MemberKind.HARDLINK,
} | dict.fromkeys(_FILES, MemberKind.FILE)


@dataclass(kw_only=True)
class Reader:
    """Iterates over one archive."""

    stream: Unpacked
    limits: Limits
    headers: int = 0
    name_bytes: int = 0
    extended: dict[str, str] = field(default_factory=dict)
    left: int = 0  # unread bytes of the current member

    def members(self) -> Iterator[tuple[Member, Callable[[], bytes]]]:
        """Yield each member and a reader of its bytes, usable until the next member. Raises `Damaged`, `Refused`."""
        while (info := self._next_header()) is not None:
            member = self._member(info)
            padding = -member.size % _BLOCK
            self.left = member.size
            yield member, lambda member=member: self._content(member)  # type: ignore[misc]
            self._skip(self.left + padding)
        self._hold_end()

    def _next_header(self) -> tarfile.TarInfo | None:
        """Return the header of the next member, merged with the extended ones before it; None at the end."""
        self.extended = {}
        while True:
            at = self.stream.length
            block = self.stream.read(_BLOCK)
            if not block.strip(b"\0"):
                if self.extended or len(block) < _BLOCK:
                    raise Damaged("an extended header without a member" if self.extended else _NO_END)
                return None
            self.headers += 1
            if self.headers > self.limits.members:
                raise Refused(f"it has more than {self.limits.members} members")
            try:
                info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except (tarfile.TarError, ValueError, OverflowError) as error:
                raise Damaged(f"unreadable member header at byte {at}: {error}") from error
            if info.type in _LONG:
                self._extend({_LONG[info.type]: _text(self._extended(info).rstrip(b"\0"))})
            elif info.type in _EXTENDED:
                self._extend(dict(_records(self._extended(info))))
            elif info.type == tarfile.XGLTYPE:
                if odd := {name for name, _ in _records(self._extended(info))} - _HARMLESS:
                    raise Refused(f"a global extended header sets {printable(min(odd))}")
            else:
                return info

    def _extend(self, said: dict[str, str]) -> None:
        if said.keys() & self.extended.keys():
            raise Damaged("two extended headers of one member set the same key")
        self.extended |= said

    def _extended(self, info: tarfile.TarInfo) -> bytes:
        if not 0 <= info.size <= self.limits.header_bytes:
            raise Refused(f"an extended header has {info.size} bytes, more than the {self.limits.header_bytes} allowed")
        return self._exactly(info.size + -info.size % _BLOCK, "an extended header")[: info.size]

    def _member(self, info: tarfile.TarInfo) -> Member:
        said = self.extended
        if sparse := next((name for name in said if name.startswith(_SPARSE)), None):
            raise Refused(f"{printable(info.name)} is a sparse file ({printable(sparse)}), which no distribution has")
        name, target = said.get("path", info.name).rstrip("/"), said.get("linkpath", info.linkname)
        if not name:
            raise Damaged("a member has no name")
        kind = _kind(info, said.get("path", info.name))
        member = Member(
            name=printable(_escaped(name)),
            kind=kind,
            size=_number(said, "size", info.size),
            mode=info.mode,
            mtime=_time(said, info),
            uid=_number(said, "uid", info.uid),
            gid=_number(said, "gid", info.gid),
            uname=printable(_escaped(said.get("uname", info.uname))),
            gname=printable(_escaped(said.get("gname", info.gname))),
            target=printable(_escaped(target)) if kind in (MemberKind.SYMLINK, MemberKind.HARDLINK) else "",
            strange=not (name + target).isprintable(),
        )
        self._hold_limits(member)
        return member

    def _hold_limits(self, member: Member) -> None:
        limits = self.limits
        self.name_bytes += len(member.name) + len(member.target)
        longest = max(len(member.name), len(member.target))
        if longest > limits.path_bytes:
            raise Refused(f"a path of {longest} characters, more than the {limits.path_bytes} allowed")
        if member.name.count("/") >= limits.path_depth:
            raise Refused(f"{member.name[:80]}... is more than {limits.path_depth} directories deep")
        if self.name_bytes > limits.name_bytes:
            raise Refused(f"the names of its members have more than {limits.name_bytes} characters in total")
        if member.size and member.kind is not MemberKind.FILE:
            raise Damaged(f"{member.name} is a {member.kind.value}, but has {member.size} bytes")

    def _content(self, member: Member) -> bytes:
        most = self.limits.member_bytes
        if member.size > most:  # skipping it is allowed: that takes no memory
            raise Refused(f"{member.name} has {member.size} bytes, more than the {most} allowed")
        size, self.left = self.left, 0
        return self._exactly(size, member.name)

    def _exactly(self, size: int, what: str) -> bytes:
        data = self.stream.read(size) if size else b""
        if len(data) < size:
            raise Damaged(f"{what} is truncated")
        return data

    def _skip(self, size: int) -> None:
        while size:
            size -= len(self._exactly(min(size, CHUNK), "the last member"))

    def _hold_end(self) -> None:
        """Check that a second block of zeros ends the archive, and that only zeros follow."""
        at = self.stream.length
        if len(self.stream.read(_BLOCK).strip(b"\0")):
            raise Damaged(f"unreadable member header at byte {at}")
        if self.stream.length - at < _BLOCK:
            raise Damaged(_NO_END)
        while data := self.stream.read(CHUNK):
            if data.strip(b"\0"):
                raise Damaged(f"unreadable member header after byte {at}")


_NO_END = "the end-of-archive marker is missing"


def _kind(info: tarfile.TarInfo, name: str) -> MemberKind:
    if info.type == tarfile.GNUTYPE_SPARSE:
        raise Refused(f"{printable(_escaped(info.name))} is a sparse file, which no distribution has")
    if info.type == tarfile.AREGTYPE and name.endswith("/"):
        return MemberKind.DIRECTORY  # as written by V7 tar
    return _KINDS.get(info.type, MemberKind.DEVICE)


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the records of an extended header, each `length key=value` plus a newline."""
    at = 0
    while at < len(data):
        found = _LENGTH.match(data, at)
        end = at + int(found[1]) if found else 0
        if found is None or not found.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise Damaged("an extended header is unreadable")
        key, equals, value = data[found.end() : end - 1].partition(b"=")
        if not equals:
            raise Damaged("an extended header is unreadable")
        yield _text(key), _text(value)
        at = end


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _escaped(name: str) -> str:
    """Return a name with all bytes escaped that are not UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _number(said: dict[str, str], key: str, plain: int) -> int:
    """Return a number from a header; an extended header takes precedence."""
    text = said.get(key, str(plain))
    if not _NUMBER.fullmatch(text):
        raise Damaged(f"{key} of a member is {printable(text[:40])!r}")
    return int(text)


def _time(said: dict[str, str], info: tarfile.TarInfo) -> float:
    text = said.get("mtime", str(info.mtime))
    if not _TIME.fullmatch(text):
        raise Damaged(f"the time of a member is {printable(text[:40])!r}")
    return float(text)
