"""Reads a packed distribution for further use: contents that are unsafe to unpack, or were changed, are an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from setup_local import manifest
from setup_local.audit.archive import HINT, Member, MemberKind, read_members
from setup_local.audit.listed import PLACES, changed, disagreements, read_manifest
from setup_local.audit.safety import ROOT, Gate
from setup_local.catalog.limits import Limits, load_limits
from setup_local.errors import ArchiveError
from setup_local.manifest import NAME, BadManifest


def read_safe_members(path: Path) -> Iterator[tuple[Member, Callable[[], bytes]]]:
    """Yield each member as `read_members` does; raise `ArchiveError` for the first that is unsafe to unpack.

    If the archive has a manifest, everything that is read must match it. Errors that only the end of an archive shows
    are raised there, so nothing may be created from it before then.
    """
    gate, watch = Gate(), _Watch(limits=load_limits())
    for member, read in read_members(path):
        _refuse(gate.admit(member), path)
        watch.members.append(member)
        watched = _watched(member, read, watch, path) if member.kind is MemberKind.FILE else read
        if member.name in PLACES:
            data = watched()
            yield member, lambda data=data: data  # type: ignore[misc]
        else:
            yield member, watched
    _refuse(gate.finish(), path)
    _refuse_changed(watch.finish(), path)


def _watched(member: Member, read: Callable[[], bytes], watch: _Watch, path: Path) -> Callable[[], bytes]:
    """Return a reader that raises `ArchiveError` for bytes that do not match the manifest."""

    def watched() -> bytes:
        data = read()
        try:
            _refuse_changed(watch.read(member, data), path)
        except BadManifest as error:
            raise ArchiveError(f"{NAME} cannot be used: {error}", where=path, hint=HINT) from error
        return data

    return watched


def _refuse_changed(breaches: Iterator[tuple[str, str]], path: Path) -> None:
    for where, what in breaches:
        raise ArchiveError(f"was changed after it was packed: {where} {what}", where=path, hint=HINT)


def _refuse(breaches: Iterator[tuple[str, str, str]], path: Path) -> None:
    for _, where, what in breaches:
        raise ArchiveError(f"not safe to unpack: {where} {what}", where=path)


@dataclass(kw_only=True)
class _Watch:
    """Checks what is read of one archive against its manifest; without one, nothing is checked."""

    limits: Limits
    members: list[Member] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    listed: dict[str, str] | None = None

    def read(self, member: Member, data: bytes) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a member's bytes. The manifest itself is compared with everything read before it."""
        name = member.name.removeprefix(ROOT)
        if self.listed is None and member.name in PLACES:
            self.listed = read_manifest(data, self.limits)
            yield from self._changed(self.digests)
            self.digests.clear()
            return
        found = {name: manifest.digest(data)}
        if self.listed is None:
            self.digests |= found
        else:
            yield from self._changed(found)

    def _changed(self, digests: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name, digest in digests.items():
            if what := changed(name, digest, self.listed or {}):
                yield name, what

    def finish(self) -> Iterator[tuple[str, str]]:
        """Yield what only the whole archive shows."""
        if self.listed is not None:
            yield from disagreements(self.members, self.listed)
