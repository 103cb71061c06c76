"""Debug information is removed from Mach-O objects and static libraries; everything that a linker reads stays."""

from __future__ import annotations

import struct

import lief
import pytest
from sample_macho import MACHO, command, macho, with_bytes, with_header, with_numbers, with_segment, without

from setup_local.binfmt import ar, macho_objects
from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho import read_slices
from setup_local.binfmt.macho_rows import read_layout
from setup_local.errors import StageError
from setup_local.stage.without_debug import without_debug

CPUS = ("arm64", "x86_64")
CPU = pytest.mark.parametrize("cpu", CPUS)


def cleaned(name: str) -> bytes:
    return without_debug(macho(name), where="x")


def _kept(file: lief.MachO.Binary) -> list[lief.MachO.Section]:
    return [item for item in file.sections if item.segment_name != "__DWARF"]


def _places(data: bytes) -> list[list[int]]:
    """Return the relocated offsets in each section that is kept."""
    file = read_layout(data)
    kept = [row for row in file.sections if not row.segment.startswith(b"__DWARF")]
    parts = [data[row.relocations_at : row.relocations_at + 8 * row.relocations] for row in kept]
    return [[at for at, _ in struct.iter_unpack("<iI", part)] for part in parts]


def _said(section: lief.MachO.Section) -> list[tuple[object, ...]]:
    """Return the relocations of a section, with names instead of numbers."""
    return [
        (
            item.type,
            item.size,
            item.pc_relative,
            item.symbol.name if item.has_symbol else item.has_section and item.section.name,
        )
        for item in section.relocations
    ]


@CPU
def test_sections_and_relocations_stay(cpu: str) -> None:
    """According to LIEF, an independent reader."""
    before = lief.MachO.parse(str(MACHO / f"debug-{cpu}.o")).at(0)
    after = lief.MachO.parse(list(cleaned(f"debug-{cpu}.o"))).at(0)
    assert before is not None
    assert after is not None
    old, new = _kept(before), list(after.sections)
    assert len(old) < len(list(before.sections))
    assert [item.name for item in new] == [item.name for item in old]
    assert [bytes(item.content) for item in new] == [bytes(item.content) for item in old]
    assert [(item.virtual_address, item.alignment, item.flags) for item in new] == [
        (item.virtual_address, item.alignment, item.flags) for item in old
    ]
    relocations = [_said(item) for item in new]
    assert relocations == [_said(item) for item in old]
    assert _places(cleaned(f"debug-{cpu}.o")) == _places(macho(f"debug-{cpu}.o"))
    assert any(relocations)


@CPU
def test_symbols_stay(cpu: str) -> None:
    (before,), (after,) = read_slices(macho(f"debug-{cpu}.o")), read_slices(cleaned(f"debug-{cpu}.o"))
    assert after.symbols == before.symbols
    assert (after.frames, after.minimums, after.machine) == (before.frames, before.minimums, before.machine)
    assert not any("DWARF" in name for name in after.sections)
    fields = command(cleaned(f"debug-{cpu}.o"), rows.DYSYMTAB).numbers(6)
    _, count, *_ = command(cleaned(f"debug-{cpu}.o"), rows.SYMTAB).numbers(4)
    assert fields[0] == 0
    assert fields[1] == fields[2]
    assert fields[2] + fields[3] == fields[4]
    assert fields[4] + fields[5] == count


@CPU
def test_members_and_the_index_of_a_static_library(cpu: str) -> None:
    before, after = macho(f"libdebug-{cpu}.a"), cleaned(f"libdebug-{cpu}.a")
    assert len(after) < len(before)
    names = [item.name for item in ar.members(before)]
    assert [item.name for item in ar.members(after)] == names
    starts = {member.at for member in ar.raw_members(after)}
    index = next(ar.raw_members(after))
    (size,) = struct.unpack_from("<I", index.body, ar.name_size(index))
    places = struct.unpack_from(f"<{size // 4}I", index.body, ar.name_size(index) + 4)[1::2]
    assert places
    assert starts >= set(places)
    assert all(member.offset % 8 == 0 for member in ar.members(after))
    assert without_debug(after, where="x") == after


@pytest.mark.parametrize("name", ["core.o", "good.so", "python-universal", "libbundled.a"])
def test_files_without_debug_information_stay(name: str) -> None:
    assert cleaned(name) == macho(name)


def test_an_object_without_code_has_no_symbol_table() -> None:
    data = macho("empty-x86_64.o")
    assert read_layout(data).first(rows.SYMTAB) is None
    (before,), (after,) = read_slices(data), read_slices(cleaned("empty-x86_64.o"))
    assert any(name.startswith("__DWARF") for name in before.sections)
    assert after.sections == {"__TEXT,__text"}
    assert (after.machine, after.minimums) == (before.machine, before.minimums)


def test_data_for_linkers_is_kept() -> None:
    """The compiler's hints about addresses on arm64."""
    before, after = read_layout(macho("debug-arm64.o")), read_layout(cleaned("debug-arm64.o"))
    assert before.linkedit(rows.LINKER_HINT) == after.linkedit(rows.LINKER_HINT) != b""


def _relocation() -> int:
    return next(item for item in read_layout(macho("debug-arm64.o")).sections if item.relocations).relocations_at


REFUSED = {
    "several segments": (
        with_bytes(macho("debug-arm64.o"), command(macho("debug-arm64.o"), rows.LINKER_HINT).at, b"\x19"),
        "unpack_from",
    ),
    "an unknown command": (without(macho("debug-arm64.o"), rows.LINKER_HINT), "load command of type"),
    "no symbols": (without(macho("debug-arm64.o"), rows.SYMTAB), "cannot be removed: 2"),
    "old relocations": (with_bytes(macho("debug-arm64.o"), _relocation() + 3, b"\x80"), "32-bit"),
    "an unknown symbol": (with_bytes(macho("debug-arm64.o"), _relocation() + 4, b"\xff\xff"), "65"),
    "old tables": (with_numbers(macho("debug-arm64.o"), rows.DYSYMTAB, 7, 1), "compilers no longer generate"),
    "sections past the end": (with_segment(macho("debug-arm64.o"), 0, sections=500), "truncated"),
    "a size too many": (
        with_header(macho("debug-arm64.o"), commands_size=read_layout(macho("debug-arm64.o")).header.commands_size + 8),
        "not those of an object",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_compilers_do_not_generate_are_refused(name: str) -> None:
    data, message = REFUSED[name]
    with pytest.raises(StageError, match=message):
        without_debug(data, where="x")


def test_an_addend_is_not_a_symbol() -> None:
    """ARM64_RELOC_ADDEND has a number in place of a symbol."""
    data = macho("debug-arm64.o")
    word = struct.pack("<I", 10 << 28 | 0x123456)
    changed = macho_objects.without_debug(with_bytes(data, _relocation() + 4, word))
    place = next(item for item in read_layout(changed).sections if item.relocations).relocations_at
    assert changed[place + 4 : place + 8] == word
