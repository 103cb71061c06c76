"""Extracts the debug information of a linked file into a separate file, as `objcopy --only-keep-debug` does."""

from __future__ import annotations

import struct

from setup_local.binfmt.formats import read_image, rewriter
from setup_local.binfmt.image import Image, Rewriter
from setup_local.errors import StageError
from setup_local.values import BinaryFormat

DIRECTORY = "lib/debug"
SUFFIX = ".debug"
BUNDLE = ".dSYM/"
_FIRST = 2  # letters of the build id that form a directory's name


def debug_path(identity: str) -> str:
    """Return where a debugger searches for the file of a build id, below its directory for debug files."""
    return f".build-id/{identity[:_FIRST]}/{identity[_FIRST:]}{SUFFIX}"


def detach(data: bytes, *, where: str) -> tuple[str, bytes] | None:
    """Return the path, below the directory for debug files, and the bytes of what `strip` removes.

    None for anything that is not a linked file, and for a library without anything to debug: `libpython3.so` only names
    another one. Other formats need not have debug information: on macOS it is in separate files. Raises `StageError`
    for a linked file without build id or debug information.
    """
    try:
        file = rewriter(data)
        if file is None:
            return None
        image = read_image(data)
        if image is None or not (file.has_debug() or (image.exports and image.format is BinaryFormat.ELF)):
            return None
        return debug_path(_identity(image, file)), file.detach()
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise StageError(f"its debug information cannot be detached: {error}", where=where) from error


def _identity(image: Image, file: Rewriter) -> str:
    """Return the build id of a file with debug information."""
    if not image.build_id:
        raise ValueError("it has no build id")
    if not file.has_debug():
        raise ValueError("it has no debug information")
    return image.build_id
