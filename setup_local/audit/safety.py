"""What makes an archive unsafe to unpack, member by member: one gate for validating, unpacking and repacking."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from setup_local.audit.tar import Member, MemberKind

ROOT = "python/"
NAMES, PATHS, DETOURS, UNIQUE, PLACE, DEVICES, LOOPS = (
    "archive-names",
    "archive-safe-paths",
    "archive-no-detours",
    "archive-unique",
    "archive-root",
    "archive-no-devices",
    "archive-no-loops",
)
_LONGEST_NAME = 255  # bytes of one name in a directory (NAME_MAX)
_MOST_LINKS = 40  # as many symbolic links as Linux follows (path_resolution(7))
_MOST_HOPS = 200_000  # for all links of an archive; ours need one or two each
Breach = tuple[str, str, str]
"""Rule, member, what is wrong with it."""


@dataclass(kw_only=True)
class Gate:
    """Records what it has seen: existing paths, and the directories that they need."""

    kinds: dict[str, MemberKind] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    parents: set[str] = field(default_factory=set)
    clear: set[str] = field(default_factory=set)  # parents of which none has been a link or a file so far

    def admit(self, member: Member) -> Iterator[Breach]:
        """Yield what is wrong with the next member."""
        yield from ((NAMES, member.name, what) for what in _name_breaches(member))
        yield from ((PATHS, member.name, what) for what in _path_breaches(member))
        if not f"{member.name}/".startswith(ROOT):
            yield PLACE, member.name, f"is not in {ROOT}"
        if member.kind is MemberKind.DEVICE:
            yield DEVICES, member.name, "is a device or a pipe"
        yield from self._placed(member, posixpath.normpath(member.name))

    def _placed(self, member: Member, name: str) -> Iterator[Breach]:
        if name in self.kinds:
            yield UNIQUE, name, "is in the archive more than once"
        if name in self.parents and member.kind is not MemberKind.DIRECTORY:
            self.clear.clear()
            yield DETOURS, name, f"is a {member.kind.value}, but other members are below it"
        self.kinds[name] = member.kind
        if member.kind is MemberKind.SYMLINK:
            self.links[name] = member.target
        directory = posixpath.dirname(name)
        if directory in self.clear:
            return
        breaches = list(self._behind(name, directory))
        if not breaches:
            self.clear.add(directory)
        yield from breaches

    def _behind(self, name: str, parent: str) -> Iterator[Breach]:
        while parent.strip("/"):
            self.parents.add(parent)
            kind = self.kinds.get(parent, MemberKind.DIRECTORY)
            if kind is not MemberKind.DIRECTORY:
                yield DETOURS, name, f"has a path through the {kind.value} {parent}"
            parent = posixpath.dirname(parent)

    def finish(self) -> Iterator[Breach]:
        """Yield what only all members together show: links that never resolve."""
        hops = Hops(links=self.links)
        for name, target in self.links.items():
            if hops.end(name) is None:
                yield LOOPS, name, f"links to {target}, which forms a loop or passes through too many links"


@dataclass(kw_only=True)
class Hops:
    """Follows symbolic links as the kernel does, but not forever. `links` maps paths to targets."""

    links: dict[str, str]
    left: int = _MOST_HOPS

    def end(self, path: str) -> str | None:
        """Return the path that is reached, None if it never is."""
        for _ in range(_MOST_LINKS):
            link = self._first_link(path)
            if not link:
                return path
            end = posixpath.join(posixpath.dirname(link), self.links[link])
            path = posixpath.normpath(f"{end}/{path.removeprefix(link)}")
            self.left -= 1
            if self.left < 0:
                break
        return None

    def _first_link(self, path: str) -> str:
        """Return the shortest prefix of a path that is a link, empty if there is none."""
        parts = path.split("/")
        starts = ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
        return next((start for start in starts if start in self.links), "")


def _name_breaches(member: Member) -> Iterator[str]:
    if member.strange:
        yield "is not printable text"
    if any(len(part.encode("utf-8", "surrogateescape")) > _LONGEST_NAME for part in member.name.split("/")):
        yield f"has a name of more than {_LONGEST_NAME} bytes, which file systems do not accept"


def _path_breaches(member: Member) -> Iterator[str]:
    if member.name.startswith("/") or ".." in member.name.split("/"):
        yield "leads out of the directory to which it is unpacked"
    elif posixpath.normpath(member.name) != member.name or ("\\" in member.name and not member.strange):
        yield "is not a plain path: it has empty parts, dots or backslashes"
    elif member.kind is MemberKind.SYMLINK and not member.target:
        yield "is a link without a target, which systems do not create"
    elif _leads_out(member):
        yield f"is a {member.kind.value} to {member.target}, which leads out of {ROOT}"
    elif _winds(member.target):
        yield f"is a {member.kind.value} to {member.target}, which goes down and up again: its end depends on other links"


def _leads_out(member: Member) -> bool:
    """Return whether a link leads out of `python/`; a symbolic link is relative to its own directory."""
    match member.kind:
        case MemberKind.SYMLINK:
            base = posixpath.dirname(member.name)
        case MemberKind.HARDLINK:
            base = ""
        case _:
            return False
    end = posixpath.normpath(posixpath.join(base, member.target))
    return not f"{end}/".startswith(ROOT)


def _winds(target: str) -> bool:
    parts = target.split("/")
    return ".." in parts[next((index for index, part in enumerate(parts) if part != ".."), len(parts)) :]
