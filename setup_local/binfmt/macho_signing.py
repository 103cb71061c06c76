"""Signs Mach-O files ad hoc, as the linker does (Apple's `cs_blobs.h`): reproducible hashes of all pages, no signer.

No code is shared with the module that checks signatures (`macho_signature`).
"""

from __future__ import annotations

import hashlib
import struct

_SUPER, _DIRECTORY = 0xFADE0CC0, 0xFADE0C02
_VERSION = 0x20400  # with the fields about the segment of code
_AD_HOC, _BY_LINKER = 0x2, 0x20000  # CS_ADHOC, CS_LINKER_SIGNED
_SHA256, _HASH_SIZE = 2, 32
_PAGE = 12  # as a power of two
_PROGRAM = 1  # CS_EXECSEG_MAIN_BINARY
_INDEX = struct.Struct(">5I")
_FIELDS = struct.Struct(">9I4BIIIIQ3Q")
_START = 24  # where the code directory begins, a multiple of 8 after the index
ALIGNMENT = 16  # of a signature in a file


def signature_size(length: int, name: str) -> int:
    """Return the size in bytes of the signature for this many bytes."""
    size = _START + _hashes_at(name) + _pages(length) * _HASH_SIZE
    return size + -size % ALIGNMENT


def _hashes_at(name: str) -> int:
    """Return the hashes' offset in the code directory: after the name, at a multiple of 16 bytes of the signature."""
    end = _START + _FIELDS.size + len(name.encode()) + 1
    return end + -end % ALIGNMENT - _START


def _pages(length: int) -> int:
    return -(-length >> _PAGE)


def signature(data: bytes, name: str, *, text: tuple[int, int], program: bool) -> bytes:
    """Return the signature to append to these bytes; `text` is offset and size of the code segment."""
    hashes_at = _hashes_at(name)
    pages = _pages(len(data))
    size = hashes_at + pages * _HASH_SIZE
    fields = _FIELDS.pack(
        *(_DIRECTORY, size, _VERSION, _AD_HOC | _BY_LINKER, hashes_at, _FIELDS.size, 0, pages, len(data)),
        *(_HASH_SIZE, _SHA256, 0, _PAGE),
        *(0, 0, 0, 0, 0),
        *(*text, _PROGRAM if program else 0),
    )
    hashes = (hashlib.sha256(data[number << _PAGE : number + 1 << _PAGE]).digest() for number in range(pages))
    index = _INDEX.pack(_SUPER, _START + size, 1, 0, _START)
    head = (index.ljust(_START, b"\0") + fields + name.encode()).ljust(_START + hashes_at, b"\0")
    whole = head + b"".join(hashes)
    return whole.ljust(signature_size(len(data), name), b"\0")
