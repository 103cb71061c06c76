"""Rewrites PE images (Microsoft's "PE Format") without any host tool.

Linkers put debug sections after all others, and the symbols after them. A stripped file therefore ends before both; no
loaded byte changes its place or value. Detached debug information has the same sections at the same addresses, but only
the debug sections, and the one by which a debugger identifies the file, have bytes.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from setup_local.binfmt import coff_rows
from setup_local.binfmt.coff_rows import SectionRow
from setup_local.binfmt.layout import padding
from setup_local.binfmt.pe import DEBUG
from setup_local.binfmt.pe_layout import PeFile, read_pe
from setup_local.binfmt.pe_tables import ENTRY_SIZE

_IDENTITY = ".buildid"
_SHORT = 8  # bytes of a section's name in the section table
_CHECKSUM, _IMAGE_SIZE, _DATA_SIZE = 64, 56, 8  # offsets in the optional header
_DATA = 20  # offset, in an entry of the debug directory, of the address of its data; their file offset follows
_WORD = struct.Struct("<I")


class PeRewriter:
    """`Rewriter` for PE."""

    def __init__(self, data: bytes) -> None:
        self._file = read_pe(data)

    def strip(self) -> bytes:
        """Return the file without symbols and debug information."""
        file = self._file
        if not file.header.symbols_at and not self.has_debug():
            return file.data
        _refuse_more(file)
        return _stripped(file)

    def detach(self) -> bytes:
        """Return the file with nothing in place of everything that is loaded."""
        return _detached(self._file)

    def has_debug(self) -> bool:
        """Return whether it contains debug information."""
        return any(map(self._is_debug, self._file.sections))

    def set_loader(self, name: str) -> bytes:
        """Raise ValueError: Windows programs do not name a loader."""
        raise ValueError(f"programs for Windows do not name a loader, so it cannot be {name}")

    def _is_debug(self, row: SectionRow) -> bool:
        return _is_debug(self._file, row)


def checksum(data: bytes, at: int) -> int:
    """Return the checksum of an image whose checksum is at byte `at` (`CheckSumMappedFile` of imagehlp)."""
    body = data[:at] + bytes(4) + data[at + 4 :] + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"<{len(body) // 2}H", body))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(data)


def _is_debug(file: PeFile, row: SectionRow) -> bool:
    return file.section_name(row).startswith(DEBUG)


def _refuse_more(file: PeFile) -> None:
    """Raise ValueError for a file in which anything other than symbols follows the sections."""
    if file.directory(coff_rows.CERTIFICATES) is not None:
        raise ValueError("it is signed")
    ends = [row.offset + row.size for row in file.sections]
    if file.header.symbols_at:
        start = file.strings_at
        ends.append(start + _WORD.unpack_from(file.data, start)[0])
    if file.data[max(ends, default=0) :].strip(b"\0"):  # linkers fill the last sector
        raise ValueError("there is data after its sections and symbols")


def _stripped(file: PeFile) -> bytes:
    kept = [row for row in file.sections if not _is_debug(file, row)]
    gone = file.sections[len(kept) :]
    if tuple(kept) != file.sections[: len(kept)]:
        raise ValueError("a section with debug information is before sections that are loaded")
    end = max([file.optional.headers_size, *(row.offset + row.size for row in kept)])
    body = bytearray(file.data[:end])
    rows, names = _renamed(file, kept)
    _write_sections(body, file, rows)
    header = file.header._replace(section_count=len(kept), symbols_at=len(body) if names else 0, symbol_count=0)
    body[file.at : file.optional_at] = coff_rows.pack_file_header(header)
    last = kept[-1]
    size = last.address + max(last.virtual_size, last.size)
    size += -size % file.optional.section_alignment
    _WORD.pack_into(body, file.optional_at + _IMAGE_SIZE, size)
    _WORD.pack_into(
        body, file.optional_at + _DATA_SIZE, max(0, file.optional.data_size - sum(row.size for row in gone))
    )
    return _with_checksum(bytes(body) + names, file)


def _renamed(file: PeFile, rows: list[SectionRow]) -> tuple[list[SectionRow], bytes]:
    """Return sections whose long names are in a new string table, and that table, empty if none is needed."""
    renamed, names = [], b""
    for row in rows:
        name = file.section_name(row).encode()
        if len(name) > _SHORT:
            renamed.append(row._replace(name=b"/%d" % (_WORD.size + len(names))))
            names += name + b"\0"
        else:
            renamed.append(row)
    return renamed, _WORD.pack(_WORD.size + len(names)) + names if names else b""


def _write_sections(body: bytearray, file: PeFile, rows: list[SectionRow]) -> None:
    table = b"".join(map(coff_rows.pack_section, rows))
    size = coff_rows.SECTION_SIZE * len(file.sections)
    body[file.sections_at : file.sections_at + size] = table.ljust(size, b"\0")


def _with_checksum(data: bytes, file: PeFile) -> bytes:
    """Return a file with the correct checksum, if the original had one."""
    at = file.optional_at + _CHECKSUM
    value = checksum(data, at) if file.optional.checksum else 0
    return data[:at] + _WORD.pack(value) + data[at + _WORD.size :]


def _detached(file: PeFile) -> bytes:
    body = bytearray(file.data[: file.optional.headers_size])
    rows = []
    for row in file.sections:
        keeps = _is_debug(file, row) or file.section_name(row) == _IDENTITY
        body += padding(len(body), file.optional.file_alignment) if keeps else b""
        rows.append(row._replace(offset=len(body) if keeps else 0, size=row.size if keeps else 0))
        body += file.data[row.offset : row.offset + row.size] if keeps else b""
    _write_sections(body, file, rows)
    _move_entries(body, file, rows)
    symbols = file.data[file.header.symbols_at :] if file.header.symbols_at else b""
    header = file.header._replace(symbols_at=len(body) if symbols else 0)
    body[file.at : file.optional_at] = coff_rows.pack_file_header(header)
    return _with_checksum(bytes(body) + symbols, file)


def _move_entries(body: bytearray, file: PeFile, rows: list[SectionRow]) -> None:
    """Update the debug directory, if there is one, with the new offsets of its data."""
    found = file.directory(coff_rows.DEBUG)
    moved = replace(file, data=bytes(body), sections=tuple(rows))
    if found is None or not moved.has_bytes(coff_rows.DEBUG):
        return
    for at in range(found.address, found.address + found.size, ENTRY_SIZE):
        start = moved.place(at)[0]
        address, _ = struct.unpack_from("<II", body, start + _DATA)
        struct.pack_into("<I", body, start + _DATA + 4, moved.place(address)[0] if address else 0)
