"""Detects a file's kind from its first bytes."""

from __future__ import annotations

from enum import Enum

HEAD = 20  # bytes that `detect` needs


class FileKind(Enum):
    """Kind of a file, as far as the audit distinguishes them."""

    ELF = "elf"
    AR = "ar"
    THIN_AR = "thin-ar"
    BITCODE = "llvm-bitcode"
    PROFILE = "llvm-profile"
    MACHO = "mach-o"
    PE = "pe"
    COFF = "coff"
    OTHER = "other"


_MAGIC = {
    b"\x7fELF": FileKind.ELF,
    b"!<arch>\n": FileKind.AR,
    b"!<thin>\n": FileKind.THIN_AR,
    b"BC\xc0\xde": FileKind.BITCODE,
    b"\xde\xc0\x17\x0b": FileKind.BITCODE,  # with the header that Clang puts before it for Apple's systems
    b"\xfflprofi\x81": FileKind.PROFILE,
    b"\xcf\xfa\xed\xfe": FileKind.MACHO,
    b"\xce\xfa\xed\xfe": FileKind.MACHO,  # 32-bit; the next two are the big-endian counterparts
    b"\xfe\xed\xfa\xce": FileKind.MACHO,
    b"\xfe\xed\xfa\xcf": FileKind.MACHO,
    b"\xca\xfe\xba\xbf": FileKind.MACHO,
    b"MZ": FileKind.PE,
}
_FAT = b"\xca\xfe\xba\xbe"
_FIRST_JAVA = 45  # compiled Java has the same magic, then a version that is larger than any number of slices
# A Windows object has no magic: it begins with its processor and has no optional header, whose size is at byte 16.
_PROCESSORS = (b"\x64\x86", b"\x64\xaa", b"\x4c\x01")
_ANONYMOUS = b"\0\0\xff\xff"  # the other kinds of objects, in which version and processor follow
_VERSIONS = (b"\0\0", b"\1\0", b"\2\0")


def detect(head: bytes) -> FileKind:
    """Return the kind of a file that starts with these bytes (`HEAD` of them are enough)."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if _is_coff(head):
        return FileKind.COFF
    universal = head.startswith(_FAT) and 0 < int.from_bytes(head[4:8], "big") < _FIRST_JAVA
    return FileKind.MACHO if universal else FileKind.OTHER


def _is_coff(head: bytes) -> bool:
    if head.startswith(_ANONYMOUS):
        return head[4:6] in _VERSIONS and head[6:8] in _PROCESSORS
    return head[:2] in _PROCESSORS and head[16:20] == bytes(4)
