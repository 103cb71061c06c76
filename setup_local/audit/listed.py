"""Compares the members of an archive with its manifest."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from setup_local import manifest
from setup_local.audit.safety import ROOT, Hops
from setup_local.audit.tar import Member, MemberKind
from setup_local.catalog.limits import Limits
from setup_local.manifest import BadManifest
from setup_local.printable import printable

PLACE = ROOT + manifest.NAME
DEBUG_PLACE = ROOT + manifest.DEBUG_NAME
PLACES = (PLACE, DEBUG_PLACE)
_DIGITS = 67  # characters of a line before the name, plus the newline


def read_manifest(data: bytes, limits: Limits) -> dict[str, str]:
    """Return the entries of a manifest. Raises `BadManifest`, also for one that is longer than any archive's."""
    if len(data) > (most := limits.name_bytes + _DIGITS * limits.members):
        raise BadManifest(f"has {len(data)} bytes, more than the {most} allowed")
    return manifest.parse(data)


def changed(name: str, digest: str, listed: Mapping[str, str]) -> str:
    """Return what is wrong with a file that has this hash, empty if nothing is."""
    wanted = listed.get(name, digest)
    return "" if digest == wanted else f"has the SHA-256 {digest}, but {manifest.NAME} lists {wanted}"


def disagreements(members: Iterable[Member], listed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (path, what is wrong) for each difference between the members and the list, apart from the hashes of files.

    Paths are relative to `python/`.
    """
    ends = _ends(members)
    files = {name for name, end in ends.items() if name == end} - {manifest.NAME, manifest.DEBUG_NAME}
    for name, end in ends.items():
        if end in files and name not in listed:
            yield name, f"is not listed in {manifest.NAME}"
        elif name != end and name in listed and listed[name] != listed.get(end):
            yield name, f"leads to {end}, whose SHA-256 differs from the one that {manifest.NAME} lists for the link"
    for name in listed:
        if name not in ends:
            yield printable(name), f"is listed in {manifest.NAME}, but is not in the archive"


def _ends(members: Iterable[Member]) -> dict[str, str]:
    """Return the path that each file and link leads to: its own for a file, empty for a link that leads nowhere."""
    links: dict[str, str] = {}
    ends: dict[str, str] = {}
    for member in members:
        name = member.name.removeprefix(ROOT)
        if member.kind is MemberKind.FILE:
            ends[name] = name
        elif member.kind is MemberKind.SYMLINK:
            links[name] = member.target
        elif member.kind is MemberKind.HARDLINK:
            target = posixpath.normpath(member.target).removeprefix(ROOT)
            links[name] = posixpath.relpath(target, posixpath.dirname(name) or ".")
    hops = Hops(links=links)
    return ends | {name: hops.end(name) or "" for name in links}
