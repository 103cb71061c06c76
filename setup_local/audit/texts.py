"""Finds paths of the build machine in the bytes of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from setup_local.audit.policy import Policy

_ENDS = rb"""\x00-\x20"'<>:;,|()\[\]{}`*\x7f-\xff"""
# A path begins at the start, after a byte that no path contains, or after an option letter (`-I/...`).
_BEFORE = re.compile(rb"(?:^|[^\w./~}$+-]|\W-[A-Z])$", re.ASCII)
_LONGEST = 1024  # bytes of a path that are read
_MOST = 5  # examples for one file


@dataclass(frozen=True, kw_only=True)
class PathScanner:
    """Finds paths that the policy lists as a build machine's, and paths that are forbidden by name."""

    policy: Policy
    forbid: tuple[str, ...] = ()

    @cached_property
    def _paths(self) -> re.Pattern[bytes]:
        inner = b"|".join(re.escape(prefix[1:].encode()) for prefix in self.policy.machine_paths)
        return re.compile(rb"/(?:" + inner + rb")[^" + _ENDS + rb"]{0,%d}" % _LONGEST)

    @cached_property
    def _known(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.policy.known_paths) or r"(?!)")

    @cached_property
    def _forbidden(self) -> tuple[bytes, ...]:
        return tuple(path.encode() for path in self.forbid)

    def machine_paths(self, data: bytes, file: str = "") -> tuple[str, ...]:
        """Return the first few build-machine paths in the bytes of a file, without those that it may contain."""
        found: dict[str, None] = {}
        for path in self._candidates(data):
            if any(item.covers(file, path) for item in self.policy.allowed_paths):
                continue
            found.setdefault(path)
            if len(found) == _MOST:
                break
        return tuple(found)

    @cached_property
    def _drives(self) -> re.Pattern[bytes] | None:
        """Return the pattern of Windows paths that only a build machine has, None if there are none."""
        inner = b"|".join(re.escape(name.encode()) for name in self.policy.drive_directories)
        if not inner:
            return None
        return re.compile(
            rb"(?:(?<![A-Za-z0-9])|(?<=-[A-Z]))[A-Za-z]:[\\/]{1,2}(?:"
            + inner
            + rb")[\\/][^"
            + _ENDS
            + rb"]{1,%d}" % _LONGEST,
            re.IGNORECASE,
        )

    def _candidates(self, data: bytes) -> Iterator[str]:
        for match in self._drives.finditer(data) if self._drives else ():
            yield match[0].decode("utf-8", "replace").rstrip(".")
        for match in self._paths.finditer(data):
            if _BEFORE.search(data[max(0, match.start() - 3) : match.start()]):
                path = match[0].decode("utf-8", "replace").rstrip(".")
                if not self._known.fullmatch(path):
                    yield path

    def forbidden(self, data: bytes) -> tuple[str, ...]:
        """Return the forbidden paths that the bytes contain."""
        return tuple(path.decode() for path in self._forbidden if path in data)
