"""Measures the sizes of an archive's parts."""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setup_local.audit.archive import MemberKind
from setup_local.audit.safe_archive import read_safe_members
from setup_local.binfmt.layout import debug_size
from setup_local.catalog.flavors import FlavorCatalog, Part, source_of

_ROOT, _INSTALL = "python/", "install/"
_FULL = ("PYTHON.json", "build", "install")
_MOST = 0.5  # share of its part above which a directory is shown in more detail
_FORMAT = 1  # version of the JSON that `as_json` returns


@dataclass(frozen=True, kw_only=True)
class PartSize:
    """The files of one part (path and bytes); sizes are in bytes, before packing.

    `bytecode` and `debug`, the size of debug information, are shares of `size`.
    """

    part: Part
    files: tuple[tuple[str, int], ...]
    debug: int = 0

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

        A directory with most of the part is divided further. Names are relative to the files' common directory.
        """
        base = posixpath.commonpath([posixpath.dirname(path) for path, _ in self.files])
        start = f"{base}/" if base else ""
        found = self._below(start)
        while (name := max(found, key=lambda item: found[item])).endswith("/") and found[name] > _MOST * self.size:
            del found[name]
            found |= {f"{name}{inner}": size for inner, size in self._below(f"{start}{name}").items()}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def _below(self, start: str) -> dict[str, int]:
        """Return the bytes of each file and directory in a directory; bytecode counts towards its source."""
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
    files, debug = [], {}
    for member, read in read_safe_members(archive):
        if member.kind is MemberKind.FILE:
            name = member.name.removeprefix(_ROOT)
            files.append((name, member.size))
            debug[name] = _debug_size(read())
    found: dict[str, list[tuple[str, int]]] = {}
    of_debug: dict[str, int] = {}
    for (name, _), (path, size) in zip(files, _in_installation(files), strict=True):
        part = catalog.part_of(path).name
        found.setdefault(part, []).append((path, size))
        of_debug[part] = of_debug.get(part, 0) + debug[name]
    parts = [
        PartSize(part=part, files=tuple(found[part.name]), debug=of_debug[part.name])
        for part in catalog.part
        if part.name in found
    ]
    return Sizes(
        archive=archive.name,
        packed=archive.stat().st_size,
        parts=tuple(sorted(parts, key=lambda item: (-item.size, item.part.name))),
    )


def _debug_size(data: bytes) -> int:
    """Return the size of debug information in a file; 0 for a file that cannot be read."""
    try:
        return debug_size(data)
    except (struct.error, ValueError, IndexError, KeyError):
        return 0


def _in_installation(files: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the files with paths as in the parts; in a full archive the installation is a level deeper."""
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
                "debug": item.debug,
                "groups": item.groups(),
            }
            for item in sizes.parts
        ],
    }
