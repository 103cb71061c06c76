"""Opens binaries of every supported format; the only module that distinguishes formats.

A new format needs one line in each table: file kind, reader, rewriter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from setup_local.binfmt.coff import read_coff
from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.elf import read_elf
from setup_local.binfmt.elf_rewriter import ElfRewriter
from setup_local.binfmt.image import Image, Rewriter
from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.macho import read_slices
from setup_local.binfmt.macho_rewriter import macho_rewriter
from setup_local.binfmt.pe import read_pe_image
from setup_local.binfmt.pe_layout import is_image
from setup_local.binfmt.pe_rewriter import PeRewriter
from setup_local.binfmt.rows import EXECUTABLE, SHARED
from setup_local.values import BinaryFormat

FORMATS: Mapping[FileKind, BinaryFormat] = {
    FileKind.ELF: BinaryFormat.ELF,
    FileKind.MACHO: BinaryFormat.MACHO,
    FileKind.PE: BinaryFormat.PE,
    FileKind.COFF: BinaryFormat.PE,
}


def binary_format(data: bytes) -> BinaryFormat | None:
    """Return the format of a binary, None for any other file."""
    return FORMATS.get(detect(data))


def read_images(data: bytes) -> tuple[Image, ...]:
    """Return the facts of a binary (each slice of a universal one); nothing for other files. Raises `BadBinary`."""
    reader = _READERS.get(detect(data))
    return reader(data) if reader else ()


def read_image(data: bytes) -> Image | None:
    """Return the facts of a binary (first slice of a universal one); None for other files. Raises `BadBinary`."""
    return next(iter(read_images(data)), None)


def rewriter(data: bytes) -> Rewriter | None:
    """Return a rewriter for a linked binary, None for any other file.

    Raises ValueError, IndexError, KeyError, `struct.error`.
    """
    maker = _REWRITERS.get(detect(data))
    return maker(data) if maker else None


def _elf(data: bytes) -> tuple[Image, ...]:
    return (read_elf(data),)


def _elf_rewriter(data: bytes) -> Rewriter | None:
    file = read_layout(data)
    linked = file.header.kind in (EXECUTABLE, SHARED) and file.sections
    return ElfRewriter(file) if linked else None


def _pe(data: bytes) -> tuple[Image, ...]:
    return (read_pe_image(data),)


def _pe_rewriter(data: bytes) -> Rewriter | None:
    return PeRewriter(data) if is_image(data) else None


def _coff(data: bytes) -> tuple[Image, ...]:
    return (read_coff(data),)


_READERS: Mapping[FileKind, Callable[[bytes], tuple[Image, ...]]] = {
    FileKind.ELF: _elf,
    FileKind.MACHO: read_slices,
    FileKind.PE: _pe,
    FileKind.COFF: _coff,
}
_REWRITERS: Mapping[FileKind, Callable[[bytes], Rewriter | None]] = {
    FileKind.ELF: _elf_rewriter,
    FileKind.MACHO: macho_rewriter,
    FileKind.PE: _pe_rewriter,
}
