"""Debug information is removed from objects and static libraries; everything that linkers read stays."""

from __future__ import annotations

import dataclasses
import io
import os
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from sample_distribution import binary
from sample_windows import binary as windows_binary

from setup_local.binfmt.ar import members
from setup_local.binfmt.elf import read_elf
from setup_local.binfmt.layout import Layout, read_layout
from setup_local.binfmt.rows import GROUP, SectionRow
from setup_local.errors import StageError
from setup_local.stage.without_debug import clean_tree, without_debug

ADDRSIG = 0x6FFF4C03


def _relocations(data: bytes) -> dict[str, list[tuple[int, int, int, str]]]:
    """Return each relocation with the name of its symbol, by the section that is relocated."""
    elf = ELFFile(io.BytesIO(data))
    found = {}
    for section in elf.iter_sections(type="SHT_RELA"):
        symbols = elf.get_section(section["sh_link"])
        place = elf.get_section(section["sh_info"]).name
        found[place] = [
            (item["r_offset"], item["r_info_type"], item["r_addend"], _name(elf, symbols, item["r_info_sym"]))
            for item in section.iter_relocations()
        ]
    return found


def _name(elf: ELFFile, symbols: object, number: int) -> str:
    symbol = symbols.get_symbol(number)  # type: ignore[attr-defined]
    return str(symbol.name or elf.get_section(symbol["st_shndx"]).name)


def _address_taken(data: bytes) -> list[str]:
    """Return the names in the list of symbols whose address is taken; their numbers are below 128."""
    file = read_layout(data)
    symbols = ELFFile(io.BytesIO(data)).get_section_by_name(".symtab")
    return sorted(symbols.get_symbol(number).name for number in file.content(_only(file, ADDRSIG)))


def _only(file: Layout, kind: int) -> SectionRow:
    (found,) = (row for row in file.sections if row.kind == kind)
    return found


def test_libraries_for_windows_stay_as_they_are() -> None:
    """They have two indexes, of other kinds."""
    for name in ("bundled.lib", "python313.lib"):
        assert without_debug(windows_binary(name), where=name) == windows_binary(name)


def test_everything_but_debug_information_stays() -> None:
    before, after = binary("debug.o"), without_debug(binary("debug.o"), where="debug.o")
    old, new = read_layout(before), read_layout(after)
    kept = [row for row in old.sections if b".debug" not in old.name(row)]
    assert len(kept) < len(old.sections)
    assert [old.name(row) for row in kept] == [new.name(row) for row in new.sections]
    was, now = read_elf(before).symbols, read_elf(after).symbols
    assert dataclasses.replace(now, defined_at=was.defined_at) == was  # only their numbers differ
    wanted = {place: found for place, found in _relocations(before).items() if not place.startswith(".debug")}
    assert _relocations(after) == wanted
    assert set(wanted) == {".text", ".data", ".text.grouped"}
    for first, second in zip(kept, new.sections, strict=True):
        if old.name(first) in (b".text", b".data", b".rodata.str1.1", b".text.grouped"):
            assert new.content(second) == old.content(first)


def test_groups_and_lists_of_symbols_have_the_new_numbers() -> None:
    data = without_debug(binary("debug.o"), where="debug.o")
    file, elf = read_layout(data), ELFFile(io.BytesIO(data))
    group = _only(file, GROUP)
    flags, *inside = struct.unpack(f"<{group.size // 4}I", file.content(group))
    assert flags == 1
    assert [file.name(file.sections[number]) for number in inside] == [b".text.grouped", b".rela.text.grouped"]
    symbols = elf.get_section(group.link)
    assert symbols.get_symbol(group.info).name == "grouped"
    assert _address_taken(data) == _address_taken(binary("debug.o")) == ["chosen", "twice"]


def test_the_first_symbol_that_is_not_local_is_counted_again() -> None:
    elf = ELFFile(io.BytesIO(without_debug(binary("debug.o"), where="debug.o")))
    table = elf.get_section_by_name(".symtab")
    local = [item["st_info"]["bind"] == "STB_LOCAL" for item in table.iter_symbols()]
    assert local == [True] * table["sh_info"] + [False] * (len(local) - table["sh_info"])


def test_a_static_library_is_shortened_with_its_index() -> None:
    data = without_debug(binary("libdebug.a"), where="libdebug.a")
    assert len(data) < len(binary("libdebug.a"))
    inside = {item.name: item.data for item in members(data)}
    assert inside == {
        "bundled.o": binary("bundled.o"),
        "debug.o": without_debug(binary("debug.o"), where="debug.o"),
        "demo.o": binary("demo.o"),
    }
    (count,) = struct.unpack_from(">I", data, 68)
    places = struct.unpack_from(f">{count}I", data, 72)
    names = data[72 + 4 * count :].split(b"\0")[:count]
    found = {
        name.decode(): data[place : place + 16].decode().rstrip("/ ") for name, place in zip(names, places, strict=True)
    }
    assert found == {
        "bundled_version": "bundled.o",
        "grouped": "debug.o",
        "debug_entry": "debug.o",
        "PyInit__demo": "demo.o",
    }


@pytest.mark.parametrize("name", ["core.o", "libbundled.a", "good.so"])
def test_what_has_none_or_is_linked_stays_as_it_is(name: str) -> None:
    assert without_debug(binary(name), where=name) == binary(name)


def test_doing_it_again_changes_nothing() -> None:
    once = without_debug(binary("debug.o"), where="debug.o")
    assert without_debug(once, where="debug.o") == once


@pytest.mark.parametrize("name", ["debug.o", "libdebug.a"])
def test_a_damaged_file_is_refused(name: str) -> None:
    with pytest.raises(StageError, match="debug information cannot be removed"):
        without_debug(binary(name)[:2000], where=name)


def test_a_tree_is_cleaned_and_the_store_keeps_its_bytes(tmp_path: Path) -> None:
    store, tree = tmp_path / "store.o", tmp_path / "tree"
    store.write_bytes(binary("debug.o"))
    (tree / "build").mkdir(parents=True)
    os.link(store, tree / "build" / "debug.o")
    (tree / "build" / "libdebug.a").write_bytes(binary("libdebug.a"))
    (tree / "link.a").symlink_to("build/libdebug.a")
    (tree / "python").write_bytes(binary("python"))
    clean_tree(tree)
    assert store.read_bytes() == binary("debug.o")
    assert (tree / "build" / "debug.o").read_bytes() == without_debug(binary("debug.o"), where="")
    assert (tree / "build" / "libdebug.a").read_bytes() == without_debug(binary("libdebug.a"), where="")
    assert (tree / "link.a").is_symlink()
    assert (tree / "python").read_bytes() == binary("python")


def test_code_for_a_link_time_optimizer_leaves_too() -> None:
    before = [(item.name, read_elf(item.data)) for item in members(binary("libfat.a"))]
    slim = without_debug(binary("libfat.a"), where="libfat.a")
    after = [(item.name, read_elf(item.data)) for item in members(slim)]
    assert [name for name, _ in before] == [name for name, _ in after]
    for (_, old), (_, new) in zip(before, after, strict=True):
        assert old.sections - new.sections == {".llvm.lto"}
        assert new.symbols.linkable == old.symbols.linkable
