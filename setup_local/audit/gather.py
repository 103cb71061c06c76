"""Reads an archive once and gathers its members' facts; a member's bytes are dropped before the next is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from setup_local.audit.archive import Member, MemberKind, read_members
from setup_local.audit.facts import FileFacts, examine
from setup_local.audit.listed import PLACES, read_manifest
from setup_local.audit.safety import ROOT
from setup_local.audit.texts import PathScanner
from setup_local.catalog.limits import load_limits
from setup_local.errors import ArchiveError
from setup_local.manifest import BadManifest, digest


@dataclass(kw_only=True)
class Gathered:
    """The result of one pass over an archive: members, the facts of files, the bytes of requested files.

    `listed` are the hashes of the manifest; `manifest_problem` says why there are none although it exists.
    """

    members: list[Member] = field(default_factory=list)
    files: dict[str, FileFacts] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    listed: dict[str, str] | None = None
    manifest_problem: str = ""

    def read_manifest(self, data: bytes) -> None:
        """Read the first manifest, and record the problem if it cannot be used."""
        if self.listed is not None or self.manifest_problem:
            return
        try:
            self.listed = read_manifest(data, load_limits())
        except BadManifest as error:
            self.manifest_problem = f"cannot be used: {error}"


def gather(
    path: Path,
    *,
    scanner: PathScanner,
    floor: tuple[int, ...],
    place: Callable[[str], str] = str,
    keep: tuple[str, ...] = (),
) -> Gathered:
    """Read an archive; the bytes of the files in `keep` are kept.

    `place` returns the path of a file in a full archive.

    Raises `ArchiveError`, also if there are more symbols than an archive may have.
    """
    found = Gathered()
    symbols, most = 0, load_limits().symbols
    for member, read in read_members(path):
        found.members.append(member)
        if member.kind is not MemberKind.FILE:
            continue
        name = member.name.removeprefix(ROOT)
        data = read()
        if member.name in PLACES:
            found.read_manifest(data)
        facts = examine(name, data, scanner=scanner, floor=floor, place=place(name), sha256=digest(data))
        symbols += sum(item.image.symbol_count for item in facts.binaries)
        if symbols > most:
            raise ArchiveError(f"its binaries have more than {most} symbols", where=path)
        found.files[name] = facts
        if name in keep:
            found.kept[name] = data
    return found
