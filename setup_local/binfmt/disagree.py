"""Finds where the section table or type of a linked ELF file contradicts what a loader reads.

Tools that read sections would then check a different program from the one that runs. A file without sections is not a
contradiction.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from setup_local.binfmt import dynamic, segments
from setup_local.binfmt.dynamic import Dynamic
from setup_local.binfmt.header import Header
from setup_local.binfmt.segments import Loaded

_DYNAMIC, _DYNSYM, _VERNEED, _VERSYM = 6, 11, 0x6FFFFFFE, 0x6FFFFFFF  # section types (elf.h)
_LINKED = ("ET_EXEC", "ET_DYN")
# Section type and dynamic tag that refer to the same bytes.
_PAIRS = (
    (_DYNSYM, dynamic.SYMTAB, "the dynamic symbols"),
    (_VERNEED, dynamic.VERNEED, "the needed symbol versions"),
    (_VERSYM, dynamic.VERSYM, "the versions of the symbols"),
)


def disagreements(header: Header, image: Loaded, linking: Dynamic | None) -> Iterator[str]:
    """Yield a sentence for each contradiction."""
    if header.kind not in _LINKED:
        yield f"its type is {header.kind}, but it has segments to load"
    for kind, name in ((segments.DYNAMIC, "dynamic segments"), (segments.INTERP, "loaders")):
        if sum(segment.kind == kind for segment in image.segments) > 1:
            yield f"it has several {name}"
    if any(second.address < first.address + first.memory for first, second in pairwise(image.loaded)):
        yield "its segments are not in order or overlap"
    if len(header.sections) > 1:
        yield from _sections(header, image, linking)


def _sections(header: Header, image: Loaded, linking: Dynamic | None) -> Iterator[str]:
    segment = image.first(segments.DYNAMIC)
    section = header.first(_DYNAMIC)
    start = image.place(segment.address)[0] if segment else None
    said = section.offset if section else None
    if said != start:
        yield _sentence("the dynamic segment", said, start)
    elif segment is not None and segment.offset != start:
        yield _sentence("the dynamic segment", segment.offset, start)
    if linking is None:
        return
    for kind, tag, what in _PAIRS:
        table, place = header.first(kind), linking.place(tag)
        if table is None and tag == dynamic.SYMTAB and not linking.symbol_count():
            continue
        said = table.offset if table else None
        if said != place:
            yield _sentence(what, said, place)
    if 0 < listed_symbols(header, linking.place(dynamic.SYMTAB)) < linking.symbol_count():
        yield "the section table lists fewer dynamic symbols than a loader finds"


def _sentence(what: str, said: int | None, real: int | None) -> str:
    return f"sections have {what} {_place(said)}, but a loader finds them {_place(real)}"


def _place(offset: int | None) -> str:
    return "nowhere" if offset is None else f"at byte {offset}"


def listed_symbols(header: Header, place: int | None) -> int:
    """Return how many dynamic symbols the section table lists at that place in the file, 0 if it lists none there."""
    found = (item for item in header.sections if item.kind == _DYNSYM and item.offset == place)
    return max((item.size // header.form.symbol.size for item in found), default=0)
