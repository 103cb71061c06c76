"""What the Windows loader sees of a PE image (Microsoft's "PE Format"): headers, sections, and bytes by address.

All addresses are relative to where the image is loaded (RVA). Whatever the loader refuses is refused here as well.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from setup_local.binfmt import coff_rows
from setup_local.binfmt.coff_rows import Directory, FileHeader, OptionalHeader, SectionRow

_MOST_SECTIONS = 96  # that the loader accepts
_MOST_DIRECTORIES, _DIRECTORY_SIZE = 16, 8
_LONGEST = 4096  # bytes of one string
_PAGE, _SECTOR = 4096, 512
_LARGEST_ALIGNMENT = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class PeFile:
    """An image as it is loaded; `at` is the offset of its file header."""

    data: bytes
    at: int
    header: FileHeader
    optional: OptionalHeader
    directories: tuple[Directory, ...]
    sections: tuple[SectionRow, ...]

    @property
    def is_64_bit(self) -> bool:
        """Return whether addresses have 64 bits."""
        return self.optional.magic == coff_rows.PE32_PLUS

    @property
    def word(self) -> str:
        """Return the letter of `struct` for an address."""
        return "Q" if self.is_64_bit else "I"

    @property
    def optional_at(self) -> int:
        """Return the offset of the optional header."""
        return self.at + coff_rows.HEADER_SIZE

    @property
    def sections_at(self) -> int:
        """Return the offset of the section table."""
        return self.optional_at + self.header.optional_size

    def directory(self, number: int) -> Directory | None:
        """Return the address and size of a table, None if it is missing."""
        found = self.directories[number] if number < len(self.directories) else None
        return found if found is not None and found.address else None

    def has_bytes(self, number: int) -> bool:
        """Return whether a table exists, in a section that has bytes."""
        found = self.directory(number)
        return found is not None and any(
            row.address <= found.address < row.address + mapped(row) for row in self.sections
        )

    def place(self, address: int) -> tuple[int, int]:
        """Return the file offset of an address, and where the part that is mapped with it ends. Raises ValueError."""
        if 0 <= address < self.optional.headers_size:
            return address, min(self.optional.headers_size, len(self.data))
        for row in self.sections:
            size = mapped(row)
            if row.address <= address < row.address + size:
                return row.offset + address - row.address, row.offset + size
        raise ValueError(f"no part of the file is loaded at {address:#x}")

    def text(self, address: int) -> str:
        """Return the string at an address. Raises ValueError."""
        start, end = self.place(address)
        stop = self.data.find(b"\0", start, min(end, start + _LONGEST))
        if stop < 0:
            raise ValueError(f"the string at {address:#x} is not terminated")
        return self.data[start:stop].decode("utf-8", "replace")

    def unpack(self, layout: str, address: int) -> tuple[int, ...]:
        """Return the numbers at an address. Raises ValueError."""
        start, end = self.place(address)
        if start + struct.calcsize(f"<{layout}") > end:
            raise ValueError(f"the data at {address:#x} is truncated")
        return struct.unpack_from(f"<{layout}", self.data, start)

    def rows(self, layout: str, address: int) -> Iterator[tuple[int, ...]]:
        """Yield rows of a table while there are bytes; the caller must recognize the last one. Raises ValueError."""
        start, end = self.place(address)
        form = struct.Struct(f"<{layout}")
        yield from form.iter_unpack(memoryview(self.data)[start : start + (end - start) // form.size * form.size])

    def section_name(self, row: SectionRow) -> str:
        """Return a section's name; GNU and LLVM linkers put a long one after the symbols."""
        return name_of(row.name, self.data, self.strings_at)

    @property
    def strings_at(self) -> int:
        """Return where the string table begins, 0 for a file without symbols."""
        return strings_at(self.header, coff_rows.SYMBOL.size)


def strings_at(header: FileHeader, symbol_size: int) -> int:
    """Return where the string table of a file begins: after the symbols; 0 if there are none."""
    return header.symbols_at + header.symbol_count * symbol_size if header.symbols_at else 0


def name_of(raw: bytes, data: bytes, strings: int) -> str:
    """Return the name of a section. Raises ValueError."""
    name = raw.rstrip(b"\0")
    if not name.startswith(b"/") or not name[1:].isdigit() or not strings:
        return name.decode("utf-8", "replace")
    start = strings + int(name[1:])
    stop = data.find(b"\0", start, start + _LONGEST)
    if stop < 0:
        raise ValueError(f"the name of a section at byte {start} is not terminated")
    return data[start:stop].decode("utf-8", "replace")


def mapped(row: SectionRow) -> int:
    """Return how many bytes of the file are mapped for a section."""
    return min(row.size, _up(row.virtual_size, _PAGE)) if row.virtual_size else row.size


def _up(size: int, step: int) -> int:
    return size + -size % step


def is_image(data: bytes) -> bool:
    """Return whether a file that begins like a DOS program is a Windows image."""
    start = int.from_bytes(data[coff_rows.WHERE : coff_rows.WHERE + 4], "little")
    return data.startswith(coff_rows.MAGIC) and data[start : start + 4] == coff_rows.SIGNATURE


def read_pe(data: bytes) -> PeFile:
    """Read the headers. Raises ValueError, `struct.error`."""
    if not is_image(data):
        raise ValueError("a DOS program without a PE header")
    (start,) = struct.unpack_from("<I", data, coff_rows.WHERE)
    at = start + len(coff_rows.SIGNATURE)
    header = coff_rows.read_file_header(data, at)
    optional = coff_rows.read_optional_header(data, at + coff_rows.HEADER_SIZE)
    before = coff_rows.optional_size(optional.magic)
    count = min(optional.directory_count, _MOST_DIRECTORIES)
    if before + count * _DIRECTORY_SIZE > header.optional_size:
        raise ValueError("the data directories are larger than the optional header")
    directories = coff_rows.read_directories(data, at + coff_rows.HEADER_SIZE + before, count)
    if header.section_count > _MOST_SECTIONS:
        raise ValueError(f"more than {_MOST_SECTIONS} sections")
    sections = coff_rows.read_sections(data, at + coff_rows.HEADER_SIZE + header.optional_size, header.section_count)
    file = PeFile(data=data, at=at, header=header, optional=optional, directories=directories, sections=sections)
    _loadable(file)
    return file


def _loadable(file: PeFile) -> None:
    """Raise ValueError for anything that the loader does not map, or maps differently from how it is read here."""
    optional = file.optional
    if not (_SECTOR <= optional.file_alignment <= _LARGEST_ALIGNMENT and optional.section_alignment >= _PAGE):
        raise ValueError("its sections are not aligned to sectors and pages")
    for row in file.sections:
        if row.size and row.offset % _SECTOR:
            raise ValueError("a section does not begin at a sector boundary")
        if row.offset + row.size > len(file.data):
            raise ValueError("a section is truncated")
    for before, after in pairwise(file.sections):
        if after.address < before.address + max(before.virtual_size, mapped(before)):
            raise ValueError("its sections are not in order or overlap")
    if file.sections and file.sections[0].address < optional.headers_size:
        raise ValueError("its first section overlaps the headers")
