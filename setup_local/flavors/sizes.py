"""Measures what the bytes of an archive are spent on, part by part."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setup_local.audit.archive import Member, MemberKind, read_members
from setup_local.catalog.flavors import FlavorCatalog, Part, source_of

_ROOT, _INSTALL = "python/", "install/"
_FULL = ("PYTHON.json", "build", "install")
_MOST = 0.5  # share of its part with which a directory is shown in more detail
_FORMAT = 1  # version of the JSON that `as_json` returns


@dataclass(frozen=True, kw_only=True)
class PartSize:
    """The files of one part (path and bytes); sizes are in bytes, before packing. `bytecode` is a share of `size`."""

    part: Part
    files: tuple[tuple[str, int], ...]

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(size for _, size in self.files)

    @property
    def bytecode(self) -> int:
        """Return the bytes of compiled Python."""
        return sum(size for path, size in self.files if source_of(path))

    def groups(self) -> dict[str, int]:
        """Return the bytes of the part's files and directories (`json/`), the largest first.

        A directory that has most of the part is divided further. Names are relative to what all files share.
        """
        base = posixpath.commonpath([posixpath.dirname(path) for path, _ in self.files])
        start = f"{base}/" if base else ""
        found = self._below(start)
        while (name := max(found, key=lambda item: found[item])).endswith("/") and found[name] > _MOST * self.size:
            del found[name]
            found |= {f"{name}{inner}": size for inner, size in self._below(f"{start}{name}").items()}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def _below(self, start: str) -> dict[str, int]:
        """Return the bytes of each file and directory in a directory; bytecode counts for its source."""
        found: dict[str, int] = {}
        for path, size in self.files:
            source = source_of(path) or path
            if source.startswith(start):
                name, slash, _ = source.removeprefix(start).partition("/")
                found[name + slash] = found.get(name + slash, 0) + size
        return found


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """An archive's parts, the largest first, and its size as users download it."""

    archive: str
    packed: int
    parts: tuple[PartSize, ...]

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(part.size for part in self.parts)


def measure(archive: Path, catalog: FlavorCatalog) -> Sizes:
    """Read an archive of any flavour. Raises `ArchiveError`."""
    files = [(member.name.removeprefix(_ROOT), member.size) for member, _ in read_members(archive) if _counts(member)]
    found: dict[str, list[tuple[str, int]]] = {}
    for path, size in _in_installation(files):
        found.setdefault(catalog.part_of(path).name, []).append((path, size))
    parts = [PartSize(part=part, files=tuple(found[part.name])) for part in catalog.part if part.name in found]
    return Sizes(
        archive=archive.name,
        packed=archive.stat().st_size,
        parts=tuple(sorted(parts, key=lambda item: (-item.size, item.part.name))),
    )


def _counts(member: Member) -> bool:
    return member.kind is MemberKind.FILE


def _in_installation(files: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the files with paths as the parts have them; in a full archive the installation lies deeper."""
    listed = list(files)
    full = any(path.partition("/")[0] in _FULL for path, _ in listed)
    return [(path.removeprefix(_INSTALL), size) for path, size in listed] if full else listed


def as_json(sizes: Sizes) -> dict[str, Any]:
    """Return the sizes as plain data; keys are only ever added."""
    return {
        "format": _FORMAT,
        "archive": sizes.archive,
        "packed": sizes.packed,
        "size": sizes.size,
        "parts": [
            {
                "name": item.part.name,
                "title": item.part.title,
                "files": len(item.files),
                "size": item.size,
                "bytecode": item.bytecode,
                "groups": item.groups(),
            }
            for item in sizes.parts
        ],
    }
