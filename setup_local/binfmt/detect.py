"""Tells what a file is from its first bytes."""

from __future__ import annotations

from enum import Enum

HEAD = 8  # bytes that `detect` wants to see


class FileKind(Enum):
    """Kind of a file, as far as the audit cares."""

    ELF = "elf"
    AR = "ar"
    THIN_AR = "thin-ar"
    BITCODE = "llvm-bitcode"
    PROFILE = "llvm-profile"
    MACHO = "mach-o"
    PE = "pe"
    OTHER = "other"


_MAGIC = {
    b"\x7fELF": FileKind.ELF,
    b"!<arch>\n": FileKind.AR,
    b"!<thin>\n": FileKind.THIN_AR,
    b"BC\xc0\xde": FileKind.BITCODE,
    b"\xfflprofi\x81": FileKind.PROFILE,
    b"\xcf\xfa\xed\xfe": FileKind.MACHO,
    b"MZ": FileKind.PE,
}
_FAT = b"\xca\xfe\xba\xbe"
_FIRST_JAVA = 45  # compiled Java has the same magic, and then a version, which is larger than any number of slices


def detect(head: bytes) -> FileKind:
    """Return the kind of a file that starts with these bytes (`HEAD` of them are enough)."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    universal = head.startswith(_FAT) and 0 < int.from_bytes(head[4:8], "big") < _FIRST_JAVA
    return FileKind.MACHO if universal else FileKind.OTHER
