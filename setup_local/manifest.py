"""The manifest of a distribution: names and SHA-256 of its files, in the format that `sha256sum --check` reads.

A link to a file is listed with the hash of that file. Directories and links to them are not listed, and neither is the
manifest itself.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

NAME = "SHA256SUMS"
# Its path in debug information, which may be unpacked over an installation with its own manifest. Names are relative
# to the same directory.
DEBUG_NAME = f"lib/debug/{NAME}"
# A backslash before the hash means that backslashes and newlines in the name are escaped (GNU coreutils).
_LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9a-f]{64})  (?P<name>[^\n]+)")
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPED = {"\\": "\\", "n": "\n"}


class BadManifest(ValueError):
    """The bytes are not a manifest."""


def to_text(digests: Mapping[str, str]) -> str:
    """Return the manifest of files, in byte order of their names."""
    return "".join(_line(name, digests[name]) for name in sorted(digests, key=os.fsencode))


def _line(name: str, digest: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n"


def parse(data: bytes) -> dict[str, str]:
    """Return the hash of each name. Raises `BadManifest`, also for names that lead out of the directory."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if lines.pop():
        raise BadManifest("its last line is truncated")
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadManifest(f"line {number} is not a SHA-256, two spaces and a name")
        name = _unescaped(match["name"], number) if match["escaped"] else match["name"]
        if posixpath.normpath(name) != name or name.partition("/")[0] in ("", ".", "..") or name == NAME:
            raise BadManifest(f"line {number} does not name a file below the directory")
        if name in found:
            raise BadManifest(f"line {number} repeats a name")
        found[name] = match["digest"]
    return found


def _unescaped(name: str, number: int) -> str:
    if set(_ESCAPE.findall(name)) - _ESCAPED.keys():
        raise BadManifest(f"line {number} has an unknown escape sequence")
    return _ESCAPE.sub(lambda match: _ESCAPED[match[1]], name)


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file's content in the manifest's form."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file. Raises `OSError`."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the hashes of those files that belong in a manifest, by name. Raises `OSError`."""
    return {name: file_digest(path) for name, path in files.items() if name != NAME and path.is_file()}
