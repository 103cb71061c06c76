"""Opens a binary of any format that is known: the one place that tells formats apart."""

from __future__ import annotations

from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.elf import read_elf
from setup_local.binfmt.elf_rewriter import ElfRewriter
from setup_local.binfmt.image import Image, Rewriter
from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.rows import EXECUTABLE, SHARED


def read_image(data: bytes) -> Image | None:
    """Return the facts of a binary, None for a file of another kind. Raises `BadElf`."""
    return read_elf(data) if detect(data) is FileKind.ELF else None


def rewriter(data: bytes) -> Rewriter | None:
    """Return what rewrites a linked binary, None for any other file. Raises ValueError, IndexError, KeyError, `struct.error`."""
    if detect(data) is not FileKind.ELF:
        return None
    file = read_layout(data)
    linked = file.header.kind in (EXECUTABLE, SHARED) and file.sections
    return ElfRewriter(file) if linked else None
