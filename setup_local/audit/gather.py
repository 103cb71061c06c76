"""Reads an archive once and gathers the facts of its members: the bytes of a member are forgotten before the next is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from setup_local.audit.archive import Member, MemberKind, read_members
from setup_local.audit.facts import FileFacts, examine
from setup_local.audit.safety import ROOT
from setup_local.audit.texts import PathScanner
from setup_local.catalog.limits import load_limits
from setup_local.errors import ArchiveError


def gather(
    path: Path,
    *,
    scanner: PathScanner,
    floor: tuple[int, ...],
    place: Callable[[str], str] = str,
    keep: tuple[str, ...] = (),
) -> tuple[tuple[Member, ...], dict[str, FileFacts], dict[str, bytes]]:
    """Return members, the facts of files, and the bytes of those that `keep` names.

    `place` says where a file lies in a full archive.

    Raises `ArchiveError`, also for more symbols than an archive may have.
    """
    members: list[Member] = []
    files: dict[str, FileFacts] = {}
    kept: dict[str, bytes] = {}
    symbols, most = 0, load_limits().symbols
    for member, read in read_members(path):
        members.append(member)
        if member.kind is not MemberKind.FILE:
            continue
        name = member.name.removeprefix(ROOT)
        data = read()
        facts = examine(name, data, scanner=scanner, floor=floor, place=place(name))
        symbols += sum(len(table) for item in facts.binaries for table in (item.elf.symbols, item.elf.dynamic))
        if symbols > most:
            raise ArchiveError(f"its binaries have more than {most} symbols", where=path)
        files[name] = facts
        if name in keep:
            kept[name] = data
    return tuple(members), files, kept
