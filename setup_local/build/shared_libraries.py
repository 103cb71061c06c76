"""Makes shared libraries from the same objects as the static ones: generic, without a second recipe for any of them.

Recipes compile with hidden visibility, so that whatever links a library exports nothing of it. Here exporting is the
purpose: the hidden mark is removed from the objects' symbols, and the linker binds calls inside a library locally
(-Bsymbolic), as hidden code assumes. Every symbol gets a version and every file a name that no library of the host
has, so that neither replaces the other when both are in one process (docs/shared.md lists what was tried).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from setup_local.binfmt.ar import BadArchive, members
from setup_local.binfmt.elf import read_elf
from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.rows import MAGIC, SYMTAB
from setup_local.build.steps import Runner
from setup_local.errors import StepError
from setup_local.plan.model import SharedObject

_SYMBOL, _INFO, _OTHER, _SECTION = 24, 4, 5, 6  # Elf64_Sym: its size, and offsets of st_info, st_other, st_shndx
_GLOBAL, _WEAK, _VISIBILITY = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class Offer:
    """The symbols that a static library defines for others, and those that it requires from others."""

    defined: frozenset[str]
    wanted: frozenset[str]


def build_shared(
    objects: Sequence[SharedObject],
    libraries: Path,
    flags: Iterable[str],
    *,
    work: Path,
    out: Path,
    run: Runner,
    env: Mapping[str, str],
) -> None:
    """Link a shared library from each static one in the directory `libraries`, into `out/lib`.

    `flags` are those of every link. Raises `StepError` for static libraries that depend on each other in a circle, or
    that need symbols that none of them has.
    """
    target = out / "lib"
    target.mkdir()
    contents = {item.archive: (libraries / item.archive).read_bytes() for item in objects}
    files = {item.archive: item.file for item in objects}
    by_archive = {item.archive: item for item in objects}
    needs = needed_archives({name: offer_of(data) for name, data in contents.items()})
    for name in link_order(needs):
        item = by_archive[name]
        shown = work / item.archive
        shown.write_bytes(with_default_visibility(contents[name], where=name))
        script = work / f"{item.archive}.map"
        script.write_text(f"{item.version_node} {{ global: *; }};\n", encoding="ascii")
        own = [f"-Wl,-soname,{item.file}", f"-Wl,--version-script={script}"]
        whole = ["-Wl,--whole-archive", str(shown), "-Wl,--no-whole-archive"]
        below = [str(target / files[need]) for need in sorted(needs[name])]
        run([env["CC"], "-shared", "-o", str(target / item.file), *own, *whole, *flags, *below], cwd=work, env=env)


def offer_of(data: bytes) -> Offer:
    """Return the symbols that a static library's members define, hidden or not, and those they need from outside."""
    tables = [read_elf(item.data).symbols for item in members(data) if item.data.startswith(MAGIC)]
    defined = frozenset().union(*(table.linkable for table in tables))
    wanted = frozenset().union(*(table.undefined for table in tables))
    return Offer(defined=defined, wanted=wanted - defined)


def needed_archives(offers: Mapping[str, Offer]) -> dict[str, set[str]]:
    """Return, for each static library, those that define a symbol it needs."""
    return {
        name: {other for other, offer in offers.items() if other != name and offer.defined & own.wanted}
        for name, own in offers.items()
    }


def link_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return static libraries, each after all those it needs, by name where the order is free."""
    sorter = TopologicalSorter({name: set(needs[name]) for name in sorted(needs)})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise StepError(
            f"depend on each other in a cycle: {', '.join(error.args[1])}", where="shared libraries"
        ) from error


def with_default_visibility(data: bytes, *, where: str) -> bytes:
    """Return a static library whose global symbols are visible. Raises `StepError` for what is not a static library."""
    body = bytearray(data)
    try:
        for item in members(data):
            for place in _hidden(item.data):
                body[item.offset + place] &= ~_VISIBILITY
    except BadArchive as error:
        raise StepError("is not a static library", where=where) from error
    return bytes(body)


def _hidden(data: bytes) -> list[int]:
    """Return the offsets of `st_other` of symbols that an object exports to other objects, but not to other files."""
    if not data.startswith(MAGIC):
        return []
    table = next((row for row in read_layout(data).sections if row.kind == SYMTAB), None)
    places = range(table.offset, table.offset + table.size, _SYMBOL) if table else ()
    return [place + _OTHER for place in places if _is_hidden(data, place)]


def _is_hidden(data: bytes, place: int) -> bool:
    binding = data[place + _INFO] >> 4
    (section,) = struct.unpack_from("<H", data, place + _SECTION)
    return binding in (_GLOBAL, _WEAK) and section != 0 and bool(data[place + _OTHER] & _VISIBILITY)
