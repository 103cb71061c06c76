"""Rules about the archive itself: safe to unpack anywhere, and the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from setup_local.audit import description, safety
from setup_local.audit.archive import MemberKind
from setup_local.audit.facts import Packed
from setup_local.audit.listed import PLACES
from setup_local.audit.model import Group, Rule

Breaches = Iterator[tuple[str, str]]
_MODES = {MemberKind.FILE: (0o644, 0o755), MemberKind.DIRECTORY: (0o755,)}


def _of(rule: str) -> Callable[[Packed], Breaches]:
    """Return a check that yields the breaches that the safety gate recorded under one rule's name."""

    def check(dist: Packed) -> Breaches:
        return ((where or ".", what) for name, where, what in dist.breaches if name == rule)

    return check


def _first(dist: Packed) -> Breaches:
    if dist.members[0].name != description.NAME:
        yield dist.members[0].name, "comes before PYTHON.json, so readers have to search for it"


def _order(dist: Packed) -> Breaches:
    rest = [member.name for member in dist.members if member.name not in (description.NAME, *PLACES)]
    for before, after in pairwise(rest):
        if after < before:
            yield after, f"comes after {before}: members are not sorted by name"
            return


def _owners(dist: Packed) -> Breaches:
    for member in dist.members:
        if member.uid or member.gid or member.uname or member.gname:
            owner = f"{member.uid}:{member.gid} {member.uname}:{member.gname}"
            yield member.name, f"is owned by {owner}, not by 0:0 without names"
            return


def _times(dist: Packed) -> Breaches:
    times = {member.mtime for member in dist.members}
    if len(times) > 1:
        yield dist.archive, f"members have {len(times)} different times, not one"
    if any(time % 1 for time in times):
        yield dist.archive, "members have times with fractions of a second"


def _modes(dist: Packed) -> Breaches:
    for member in dist.members:
        allowed = _MODES.get(member.kind)
        if allowed and member.mode & 0o7777 not in allowed:
            yield (
                member.name,
                f"has mode {member.mode & 0o7777:04o}, not {' or '.join(f'{mode:04o}' for mode in allowed)}",
            )


def _never(_: Packed) -> Breaches:
    """Never fail: the reader raises the errors that this rule is about."""
    return iter(())


READABLE = Rule(
    id="archive-readable",
    title="the archive can be read to its end",
    group=Group.ARCHIVE,
    check=_never,
    fatal=True,
)
FATAL: tuple[Rule[Packed], ...] = tuple(
    Rule(id=name, title=title, group=Group.ARCHIVE, check=_of(name), fatal=True)
    for name, title in (
        (safety.NAMES, "names and link targets are printable text"),
        (safety.PATHS, "paths and links stay inside the archive"),
        (safety.DETOURS, "no member's path passes through a link or a file"),
        (safety.UNIQUE, "each path occurs only once"),
        (safety.PLACE, f"everything is in {safety.ROOT}"),
        (safety.DEVICES, "all members are files, directories or links"),
        (safety.LOOPS, "links do not form loops"),
    )
)
FIRST = Rule[Packed](
    id="archive-description-first", title="PYTHON.json is the first member", group=Group.ARCHIVE, check=_first
)
# Rules for archives of every flavour.
RULES: tuple[Rule[Packed], ...] = FATAL + tuple(
    Rule(id=name, title=title, group=Group.ARCHIVE, check=check)
    for name, title, check in (
        ("archive-order", "members are sorted by name", _order),
        ("archive-owners", "members are owned by 0:0, without names", _owners),
        ("archive-times", "all members have the same time", _times),
        ("archive-modes", "files have mode 0644 or 0755, directories 0755", _modes),
    )
)
