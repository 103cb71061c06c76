"""Where loaders search for a distribution's own libraries: the meaning of run paths and needed names in a tree."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from setup_local.binfmt.image import Image
from setup_local.values import BinaryFormat

_RPATH = "@rpath/"
# How a format names a directory: of the file itself, or of the program that loads it.
_FILE = {
    BinaryFormat.ELF: re.compile(r"\$(?:ORIGIN|\{ORIGIN\})(?=/|$)"),
    BinaryFormat.MACHO: re.compile(r"@loader_path(?=/|$)"),
}
_PROGRAM = re.compile(r"@executable_path(?=/|$)")


def is_own(image: Image, path: str) -> bool:
    """Return whether a run path is relative to a file, or to the program that loads it."""
    own = _FILE.get(image.format)
    program = image.format is BinaryFormat.MACHO and _PROGRAM.match(path)
    return bool(program or (own and own.match(path)))


def meant(image: Image, name: str, path: str, program: str) -> str:
    """Return what a path in the file `name` means when `program` runs; names and result are relative to `python/`."""
    own = _FILE.get(image.format)
    if own and own.match(path):
        path = own.sub(lambda _: posixpath.dirname(name) or ".", path, count=1)
    elif image.format is BinaryFormat.MACHO:
        path = _PROGRAM.sub(lambda _: posixpath.dirname(program) or ".", path, count=1)
    return posixpath.normpath(path)


def places(image: Image, name: str, library: str, program: str) -> Iterator[str]:
    """Yield where a loader searches for a library that a file needs."""
    if image.format is BinaryFormat.PE:  # next to the file, and next to the program
        yield from (posixpath.join(posixpath.dirname(path), library) for path in (name, program))
        return
    if image.format is BinaryFormat.MACHO and not library.startswith(_RPATH):
        yield meant(image, name, library, program)
        return
    for path in image.search_paths:
        yield posixpath.join(meant(image, name, path, program), library.removeprefix(_RPATH))
