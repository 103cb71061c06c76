"""Keeps code that is copied to other addresses at run time as it was linked.

Such code reads data behind its copy. At the place where it was linked something else is there, and BOLT adjusts the
distance when it moves that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from setup_local.binfmt.layout import Layout, read_layout
from setup_local.binfmt.rows import NOBITS, SYMTAB
from setup_local.binfmt.strings import StringTable
from setup_local.errors import OptimizationError


@dataclass(frozen=True, kw_only=True)
class Code:
    """Where a name is in an ELF file: its address, its offset in the file, its bytes (none if it is only a label)."""

    address: int
    offset: int
    content: bytes


def with_copied_code(linked: bytes, laid_out: bytes, names: Iterable[str], *, where: str) -> bytes:
    """Return `laid_out` with the code of these names from `linked`, for names that are in it.

    Raises `OptimizationError` if one was moved or is missing.
    """
    before = _find(read_layout(linked), frozenset(names))
    after = _find(read_layout(laid_out), frozenset(before))
    body = bytearray(laid_out)
    for name, code in before.items():
        found = after.get(name)
        if found is None or found.address != code.address or len(found.content) != len(code.content):
            raise OptimizationError(f"{name} was moved, but its code is copied elsewhere at run time", where=where)
        body[found.offset : found.offset + len(code.content)] = code.content
    return bytes(body)


def _find(file: Layout, names: frozenset[str]) -> Mapping[str, Code]:
    """Return the code of these names that the symbol table defines. Raises ValueError, IndexError, `struct.error`."""
    found = {}
    for table in file.sections:
        if table.kind != SYMTAB:
            continue
        texts = file.sections[table.link]
        rows = list(file.form.read_symbols(file.content(table)))
        strings = StringTable(file.data, (texts.offset, texts.size), symbols=len(rows))
        for row in rows:
            name = strings.one(row.name)
            if name in names and 0 < row.section < len(file.sections):
                section = file.sections[row.section]
                offset = row.value - section.address + section.offset
                content = b"" if section.kind == NOBITS else file.data[offset : offset + row.size]
                found[name] = Code(address=row.value, offset=offset, content=content)
    return found
