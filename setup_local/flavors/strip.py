"""Removes symbol tables and debug sections from linked ELF files (elf(5)), without a program of the host.

Linkers put what the loader does not read behind everything that it reads. So the file is cut there, and gets a new
section table; not a byte that is loaded changes its place or value.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from setup_local.errors import StageError

_MAGIC = b"\x7fELF"
_IDENT = 16  # bytes of e_ident
_LINKED = (2, 3)  # ET_EXEC, ET_DYN
_SHF_ALLOC = 0x2
_SHT_STRTAB, _SHT_NOBITS = 3, 8
_ALIGNMENT = 8
_ORDERS = {1: "<", 2: ">"}
_HEADERS = {1: "HHIIIIIHHHHHH", 2: "HHIQQQIHHHHHH"}
_SECTIONS = {1: "IIIIIIIIII", 2: "IIQQQQIIQQ"}
_SEGMENTS = {1: ("IIIIIIII", 1, 4), 2: ("IIQQQQQQ", 2, 5)}  # with the positions of p_offset and p_filesz
_NAME, _KIND, _FLAGS, _OFFSET, _SIZE, _LINK = 0, 1, 2, 4, 5, 6  # fields of a section
_TYPE, _PHOFF, _SHOFF, _PHENTSIZE, _PHNUM, _SHENTSIZE, _SHNUM, _SHSTRNDX = 0, 4, 5, 8, 9, 10, 11, 12
_NAMES = b".shstrtab"


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file's header and section table, as lists of fields that can be written back."""

    data: bytes
    bits: int
    order: str
    header: tuple[int, ...]
    sections: tuple[tuple[int, ...], ...]

    def name(self, section: tuple[int, ...]) -> bytes:
        start = self.sections[self.header[_SHSTRNDX]][_OFFSET] + section[_NAME]
        return self.data[start : self.data.index(b"\0", start)]

    def ends(self) -> list[int]:
        """Return where each segment, and the table of segments, ends in the file."""
        layout, offset, size = _SEGMENTS[self.bits]
        first, step, count = self.header[_PHOFF], self.header[_PHENTSIZE], self.header[_PHNUM]
        rows = [struct.unpack_from(self.order + layout, self.data, first + step * index) for index in range(count)]
        return [first + step * count, *(row[offset] + row[size] for row in rows)]


def strip(data: bytes, *, where: str) -> bytes:
    """Return a linked file without what is not loaded, and any other file as it is.

    Raises `StageError` for a file that is not laid out as linkers do.
    """
    if data[:4] != _MAGIC:
        return data
    try:
        file = _read(data)
        return data if file is None else _stripped(file)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise StageError(f"cannot be stripped: {error}", where=where) from error


def _read(data: bytes) -> _File | None:
    bits, order = data[4], _ORDERS[data[5]]
    header = struct.unpack_from(order + _HEADERS[bits], data, _IDENT)
    if header[_TYPE] not in _LINKED or not header[_SHNUM]:
        return None
    rows = range(header[_SHOFF], header[_SHOFF] + header[_SHENTSIZE] * header[_SHNUM], header[_SHENTSIZE])
    sections = tuple(struct.unpack_from(order + _SECTIONS[bits], data, row) for row in rows)
    return _File(data=data, bits=bits, order=order, header=header, sections=sections)


def _stripped(file: _File) -> bytes:
    kept = _kept(file)
    end = max([*file.ends(), *(row[_OFFSET] + row[_SIZE] for row in kept if row[_KIND] != _SHT_NOBITS)])
    if end > len(file.data):
        raise ValueError("the file ends early")
    names, places = _name_table([file.name(row) for row in kept])
    table = end + len(names) + -(end + len(names)) % _ALIGNMENT
    rows = [(place, *row[1:]) for place, row in zip(places, [*kept, _names_section(end, len(names))], strict=True)]
    layout = file.order + _SECTIONS[file.bits]
    body = bytearray(file.data[:end] + names).ljust(table, b"\0") + b"".join(struct.pack(layout, *row) for row in rows)
    header = list(file.header)
    header[_SHOFF], header[_SHNUM], header[_SHSTRNDX] = table, len(rows), len(kept)
    struct.pack_into(file.order + _HEADERS[file.bits], body, _IDENT, *header)
    return bytes(body)


def _kept(file: _File) -> tuple[tuple[int, ...], ...]:
    """Return the sections up to the last one that is loaded; their numbers, which symbols refer to, stay."""
    last = max(index for index, row in enumerate(file.sections) if row[_FLAGS] & _SHF_ALLOC)
    kept = file.sections[: last + 1]
    for row in kept[1:]:
        if not row[_FLAGS] & _SHF_ALLOC:
            raise ValueError(f"{file.name(row).decode()} lies before sections that are loaded")
        if row[_LINK] > last:
            raise ValueError(f"{file.name(row).decode()} refers to a section that is not loaded")
    return kept


def _names_section(offset: int, size: int) -> tuple[int, ...]:
    return (0, _SHT_STRTAB, 0, 0, offset, size, 0, 0, 1, 0)


def _name_table(names: list[bytes]) -> tuple[bytes, list[int]]:
    """Return the bytes of .shstrtab and where each name, and its own, begins there."""
    table, places = b"\0", []
    for name in (*names, _NAMES):
        places.append(len(table) if name else 0)
        table += name + b"\0" if name else b""
    return table, places
