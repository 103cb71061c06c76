"""Rules about the archive itself: safe to unpack anywhere, and the same bytes every time."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from setup_local.audit import description
from setup_local.audit.archive import Member, MemberKind
from setup_local.audit.facts import ROOT, Packed
from setup_local.audit.model import Group, Rule

Breaches = Iterator[tuple[str, str]]
_MODES = {MemberKind.FILE: (0o644, 0o755), MemberKind.DIRECTORY: (0o755,)}


def _escapes(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/")


def _link_escapes(member: Member) -> bool:
    """Tell whether a link leads out of `python/`; a symbolic link is relative to where it stands."""
    match member.kind:
        case MemberKind.SYMLINK:
            base = posixpath.dirname(member.name)
        case MemberKind.HARDLINK:
            base = ""
        case _:
            return False
    end = posixpath.normpath(posixpath.join(base, member.target))
    return not f"{end}/".startswith(ROOT)


def _safe_paths(dist: Packed) -> Breaches:
    for member in dist.members:
        if _escapes(member.name):
            yield member.name, "the path leads out of the directory it is unpacked to"
        elif _link_escapes(member):
            yield member.name, f"the {member.kind.value} to {member.target} leads out of {ROOT}"


def _through_links(dist: Packed) -> Breaches:
    links = {member.name for member in dist.members if member.kind is MemberKind.SYMLINK}
    for member in dist.members:
        parents = member.name.split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            if "/".join(parents[:depth]) in links:
                yield member.name, f"lies behind the symlink {'/'.join(parents[:depth])}"


def _unique(dist: Packed) -> Breaches:
    counts = Counter(posixpath.normpath(member.name) for member in dist.members)
    for name, count in counts.items():
        if count > 1:
            yield name, f"is in the archive {count} times"


def _root(dist: Packed) -> Breaches:
    for member in dist.members:
        if not f"{member.name}/".startswith(ROOT):
            yield member.name, f"does not lie below {ROOT}"


def _no_devices(dist: Packed) -> Breaches:
    for member in dist.members:
        if member.kind is MemberKind.DEVICE:
            yield member.name, "is a device or a pipe"


def _first(dist: Packed) -> Breaches:
    if dist.members[0].name != description.NAME:
        yield dist.members[0].name, "comes before PYTHON.json, so readers must search for it"


def _order(dist: Packed) -> Breaches:
    rest = [member.name for member in dist.members if member.name != description.NAME]
    for before, after in pairwise(rest):
        if after < before:
            yield after, f"comes after {before}: members are not sorted by name"
            return


def _owners(dist: Packed) -> Breaches:
    for member in dist.members:
        if member.uid or member.gid or member.uname or member.gname:
            owner = f"{member.uid}:{member.gid} {member.uname}:{member.gname}"
            yield member.name, f"belongs to {owner} instead of 0:0 without names"
            return


def _times(dist: Packed) -> Breaches:
    times = {member.mtime for member in dist.members}
    if len(times) > 1:
        yield dist.archive, f"members have {len(times)} different times instead of one"
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
    """Hold always: the reader raises what this rule is about."""
    return iter(())


READABLE = Rule(
    id="archive-readable",
    title="the archive can be read to its end",
    group=Group.ARCHIVE,
    check=_never,
    fatal=True,
)
FATAL: tuple[Rule[Packed], ...] = tuple(
    Rule(id=name, title=title, group=Group.ARCHIVE, check=check, fatal=True)
    for name, title, check in (
        ("archive-safe-paths", "no path and no link leads out of the archive", _safe_paths),
        ("archive-no-detours", "no member lies behind a symlink", _through_links),
        ("archive-unique", "each path is there once", _unique),
        ("archive-root", f"everything lies below {ROOT}", _root),
        ("archive-no-devices", "there are only files, directories and links", _no_devices),
    )
)
FIRST = Rule[Packed](
    id="archive-description-first", title="PYTHON.json is the first member", group=Group.ARCHIVE, check=_first
)
# What holds for archives of every flavour.
RULES: tuple[Rule[Packed], ...] = FATAL + tuple(
    Rule(id=name, title=title, group=Group.ARCHIVE, check=check)
    for name, title, check in (
        ("archive-order", "members are sorted by name", _order),
        ("archive-owners", "members belong to 0:0 without names", _owners),
        ("archive-times", "all members have one and the same time", _times),
        ("archive-modes", "files are 0644 or 0755, directories 0755", _modes),
    )
)
