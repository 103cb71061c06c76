"""Removes what a link does not need from object files and static libraries; every linker still accepts them.

Debug information: the linked files contain all of it, and two more copies, in the objects and in libpython, would more
than double an archive. Code for the link-time optimizer, which is most of a fat object: only one release of LLVM can
read it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from setup_local.binfmt import ar, macho_objects, macho_rows
from setup_local.binfmt.layout import Layout, padding, read_layout
from setup_local.binfmt.rows import (
    GROUP,
    INFO_LINK,
    MAGIC,
    NOBITS,
    OBJECT,
    REL,
    RELA,
    SYMTAB,
    SYMTAB_SHNDX,
    SectionRow,
    SymbolRow,
)
from setup_local.errors import StageError
from setup_local.stage import files

_AR_INDEXES = {"/": "I", "/SYM64/": "Q"}
_DARWIN_INDEX = (b"__.SYMDEF\0", b"__.SYMDEF SORTED\0")
_ADDRSIG = 0x6FFF4C03  # SHT_LLVM_ADDRSIG: symbols whose address is taken, as ULEB128 numbers
_RESERVED = 0xFF00  # SHN_LORESERVE
_LOCAL = 0  # STB_LOCAL
_ALIGNMENT = 8
_SUFFIXES = (".o", ".a")
_BITCODE = b".llvm.lto"


def clean_tree(root: Path) -> None:
    """Replace every object file and static library below a directory. Raises `StageError`."""
    for name in files.below(root):
        path = root / name
        if path.suffix in _SUFFIXES and not path.is_symlink():
            before = path.read_bytes()
            after = without_debug(before, where=name)
            if after != before:
                files.write_bytes(path, after)


def without_debug(data: bytes, *, where: str) -> bytes:
    """Return an object file or static library without debug information, and any other file unchanged.

    Raises `StageError` for a file with a layout that compilers do not produce.
    """
    try:
        return _archive(data) if data.startswith(ar.MAGIC) else _file(data)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise StageError(f"debug information cannot be removed: {error}", where=where) from error


def _archive(data: bytes) -> bytes:
    """Return a static library with shorter members, and an index with their new offsets."""
    members, moved, end = [], {}, len(ar.MAGIC)
    for member in ar.raw_members(data):
        name = ar.name_size(member)
        body = member.body[:name] + _file(member.body[name:])
        moved[member.at] = end
        members.append((member, body))
        end += ar.HEADER_SIZE + len(body) + len(body) % 2
    if all(body == member.body for member, body in members):
        return data
    whole = bytearray(ar.MAGIC)
    for member, body in members:
        whole += member.resized(len(body)) + _with_index(member, body, moved)
        whole += b"\n" if len(body) % 2 else b""
    return bytes(whole)


def _with_index(member: ar.RawMember, body: bytes, moved: Mapping[int, int]) -> bytes:
    """Return a member, with the new offsets of all members if it is a symbol table."""
    if number := _AR_INDEXES.get(member.field):
        return _index(body, number, moved)
    if body.startswith(_DARWIN_INDEX):
        return _darwin_index(body, ar.name_size(member), moved)
    return body


def _index(body: bytes, number: str, moved: Mapping[int, int]) -> bytes:
    """Return the symbol table with the new offsets of the members that define the symbols."""
    width = struct.calcsize(f">{number}")
    (count,) = struct.unpack_from(f">{number}", body)
    places = struct.unpack_from(f">{count}{number}", body, width)
    return (
        body[:width]
        + struct.pack(f">{count}{number}", *(moved[place] for place in places))
        + body[width * (count + 1) :]
    )


def _darwin_index(body: bytes, start: int, moved: Mapping[int, int]) -> bytes:
    """Return the symbol table of macOS (<mach-o/ranlib.h>), which follows its own name, with the new member offsets."""
    (size,) = struct.unpack_from("<I", body, start)
    rows = struct.unpack_from(f"<{size // 4}I", body, start + 4)
    new = (moved[number] if index % 2 else number for index, number in enumerate(rows))
    return body[: start + 4] + struct.pack(f"<{len(rows)}I", *new) + body[start + 4 + 4 * len(rows) :]


def _file(data: bytes) -> bytes:
    if data.startswith(macho_rows.MAGIC):
        return macho_objects.without_debug(data)
    if not data.startswith(MAGIC):
        return data
    file = read_layout(data)
    dropped = _dropped(file) if file.header.kind == OBJECT else frozenset()
    return _rewritten(file, dropped) if dropped else data


def _dropped(file: Layout) -> frozenset[int]:
    """Return the numbers of debug sections, of their relocations, and of code for the link-time optimizer."""
    rows = enumerate(file.sections)
    debug = {index for index, row in rows if index and (file.is_debug(row) or file.name(row) == _BITCODE)}
    tied = {index for index, row in enumerate(file.sections) if row.kind in (REL, RELA) and row.info in debug}
    return frozenset(debug | tied)


def _rewritten(file: Layout, dropped: frozenset[int]) -> bytes:
    kept = [index for index in range(len(file.sections)) if index not in dropped]
    sections = {old: new for new, old in enumerate(kept)}
    symbols = _Symbols(file, sections)
    body = bytearray(file.data[: file.header.size])
    rows = [file.sections[0]]
    for row in (file.sections[index] for index in kept[1:]):
        content = symbols.content(row)
        body += padding(len(body), row.alignment)
        size = row.size if row.kind == NOBITS else len(content)
        info = symbols.info(row)
        rows.append(row._replace(offset=len(body), size=size, link=sections[row.link], info=info))
        body += content
    body += padding(len(body), _ALIGNMENT)
    table = len(body)
    body += file.pack_sections(rows)
    file.write_header(body, sections_at=table, section_count=len(rows), names=sections[file.header.names])
    return bytes(body)


class _Symbols:
    """The remaining symbol table, and everything that refers to symbols or sections by number."""

    def __init__(self, file: Layout, sections: Mapping[int, int]) -> None:
        self._file, self._sections = file, sections
        self._kept: list[SymbolRow] = []
        self._numbers: dict[int, int] = {}
        if any(row.kind == SYMTAB_SHNDX for row in file.sections):
            raise ValueError("it has more sections than symbols can refer to")
        table = next((row for row in file.sections if row.kind == SYMTAB), None)
        for number, row in enumerate(file.form.read_symbols(file.content(table)) if table else ()):
            if row.section < _RESERVED and row.section not in sections:
                if row.info >> 4 != _LOCAL:  # local ones mark sections, and where data is, on many processors
                    raise ValueError("a symbol is defined in debug information")
                continue
            self._numbers[number] = len(self._kept)
            moved = sections.get(row.section, row.section) if row.section < _RESERVED else row.section
            self._kept.append(row._replace(section=moved))

    def content(self, row: SectionRow) -> bytes:
        """Return a section's bytes with the new numbers."""
        old, form = self._file.content(row), self._file.form
        order = form.order
        if row.kind == SYMTAB:
            return b"".join(form.pack_symbol(symbol) for symbol in self._kept)
        if row.kind in (REL, RELA):
            return self._relocations(old, addend=row.kind == RELA)
        if row.kind == GROUP:
            flags, *inside = struct.unpack(f"{order}{len(old) // 4}I", old)
            left = [self._sections[number] for number in inside if number in self._sections]
            return struct.pack(f"{order}{len(left) + 1}I", flags, *left)
        if row.kind == _ADDRSIG:
            return b"".join(_uleb(self._numbers[number]) for number in _ulebs(old))
        return old

    def info(self, row: SectionRow) -> int:
        """Return `sh_info`, which is a section, a symbol or the number of local symbols."""
        if row.kind in (REL, RELA) or row.flags & INFO_LINK:
            return self._sections[row.info]
        if row.kind == GROUP:
            return self._numbers[row.info]
        if row.kind == SYMTAB:
            return sum(number < row.info for number in self._numbers)
        return row.info

    def _relocations(self, old: bytes, *, addend: bool) -> bytes:
        form, made = self._file.form, bytearray()
        entry = form.relocation(addend=addend)
        for at, info, *rest in entry.iter_unpack(old):
            symbol, kind = form.split_info(info)
            made += entry.pack(at, form.join_info(self._numbers[symbol], kind), *rest)
        return bytes(made)


def _ulebs(data: bytes) -> list[int]:
    """Return the ULEB128 numbers in bytes."""
    found, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            found.append(value)
            value = shift = 0
    return found


def _uleb(value: int) -> bytes:
    """Return a number as ULEB128."""
    encoded = bytearray()
    while value >> 7:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
