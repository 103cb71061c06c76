"""Real files for other processors, 32- and 64-bit, little- and big-endian: read, stripped, detached, and rewritten."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

from setup_local.binfmt.dynamic import Dynamic
from setup_local.binfmt.elf import Elf, ElfKind, build_id, read_elf
from setup_local.binfmt.layout import Layout, read_layout
from setup_local.binfmt.rows import MAGIC, REL, RELA, SYMTAB, SegmentRow, form_of, read_form
from setup_local.binfmt.segments import LOAD, Loaded
from setup_local.errors import StageError
from setup_local.flavors.detach import detach
from setup_local.flavors.strip import strip
from setup_local.stage.without_debug import without_debug

PLACE = Path(__file__).resolve().parent.parent / "binaries" / "elf" / "architectures"
FILES = sorted(PLACE.iterdir())
MACHINES = {
    "i386": ("EM_386", 32, "<", "/lib/ld-linux.so.2"),
    "armhf": ("EM_ARM", 32, "<", "/lib/ld-linux-armhf.so.3"),
    "aarch64": ("EM_AARCH64", 64, "<", "/lib/ld-linux-aarch64.so.1"),
    "mips": ("EM_MIPS", 32, ">", "/lib/ld.so.1"),
    "mips64el": ("EM_MIPS", 64, "<", "/lib64/ld.so.1"),
    "ppc64le": ("EM_PPC64", 64, "<", "/lib64/ld64.so.2"),
    "riscv64": ("EM_RISCV", 64, "<", "/lib/ld-linux-riscv64-lp64d.so.1"),
    "s390x": ("EM_S390", 64, ">", "/lib/ld64.so.1"),
}


def read(name: str) -> Elf:
    return read_elf((PLACE / name).read_bytes())


@pytest.mark.parametrize("name", MACHINES)
def test_the_facts_of_a_module(name: str) -> None:
    machine, elf_class, order, _ = MACHINES[name]
    data = (PLACE / f"{name}.so").read_bytes()
    elf = read_elf(data)
    assert (elf.kind, elf.machine, elf.elf_class) == (ElfKind.SHARED, machine, elf_class)
    assert read_form(data) is form_of(elf_class, order, reordered=name == "mips64el")
    assert (elf.needed, elf.soname, elf.rpaths) == (("libc.so.6",), "_shared.so", ("$ORIGIN/../lib",))
    assert elf.exported == {"PyInit__shared", "inflate"}
    assert elf.symbols.functions >= {"PyInit__shared", "inflate"}
    assert "puts" in elf.dynamic.undefined
    assert [(need.library, need.version) for need in elf.version_needs] == [("libc.so.6", "GLIBC_2.2.5")]
    assert elf.bind_now
    assert elf.relro is not name.startswith("mips")
    assert elf.executable_stack is False
    assert len(elf.build_id) == 40
    assert build_id(data) == elf.build_id
    assert elf.disagreements == ()


@pytest.mark.parametrize("name", MACHINES)
def test_a_program_asks_for_its_loader(name: str) -> None:
    elf = read(f"python-{name}")
    assert (elf.machine, elf.interpreter, elf.needed) == (MACHINES[name][0], MACHINES[name][3], ("libc.so.6",))


@pytest.mark.parametrize("name", MACHINES)
def test_a_copied_variable_is_no_export(name: str) -> None:
    """Without symbol versions, only a relocation tells which variable a program copies; its other name has its address."""
    elf = read(f"copying-{name}")
    copies = name not in ("mips64el", "ppc64le")  # there, code finds all variables through a table
    assert elf.copied == ({"environ", "__environ"} if copies else set())
    assert elf.exported == set()


@pytest.mark.parametrize("name", MACHINES)
def test_an_object_has_its_symbols(name: str) -> None:
    elf = read(f"module-{name}.o")
    assert elf.kind is ElfKind.OBJECT
    assert elf.symbols.linkable == {"PyInit__shared", "inflate"}
    assert "puts" in elf.symbols.undefined


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_rows_are_those_of_pyelftools_and_are_written_back_as_they_were(path: Path) -> None:
    data = path.read_bytes()
    file = read_layout(data)
    with path.open("rb") as stream:
        other = ELFFile(stream)
        assert [file.name(row).decode() for row in file.sections] == [item.name for item in other.iter_sections()]
        assert [(row.kind, row.address, row.flags) for row in file.segments] == [
            (_number(item["p_type"]), item["p_vaddr"], item["p_flags"]) for item in other.iter_segments()
        ]
        table = next(row for row in file.sections if row.kind == SYMTAB)
        symbols = list(file.form.read_symbols(file.content(table)))
        assert [row.value for row in symbols] == [
            item["st_value"] for item in other.get_section_by_name(".symtab").iter_symbols()
        ]
    assert b"".join(map(file.form.pack_symbol, symbols)) == file.content(table)
    body = bytearray(data)
    body[16 : file.header.size] = bytes(file.header.size - 16)
    at, size = file.header.segments_at, file.header.segment_size * len(file.segments)
    body[at : at + size] = bytes(size)
    file.write_header(body)
    file.write_segments(body, file.segments)
    body[file.header.sections_at :] = file.pack_sections(file.sections)
    assert bytes(body) == data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_relocations_are_those_of_pyelftools(path: Path) -> None:
    file = read_layout(path.read_bytes())
    with path.open("rb") as stream:
        other = ELFFile(stream)
        tables = [item for item in other.iter_sections() if isinstance(item, RelocationSection)]
        wanted = [(row["r_info_sym"], _kind(row.entry)) for table in tables for row in table.iter_relocations()]
    rows = [row for row in file.sections if row.kind in (REL, RELA)]
    tables = [file.form.relocation(addend=row.kind == RELA).iter_unpack(file.content(row)) for row in rows]
    infos = [info for table in tables for _, info, *_ in table]
    assert wanted or path.name == "copying-mips64el"  # its only reference is through the table, without a relocation
    assert list(map(file.form.split_info, infos)) == wanted
    assert [file.form.join_info(*pair) for pair in wanted] == infos


def _kind(entry: Mapping[str, int]) -> int:
    """Return the type of a relocation; on 64-bit MIPS it consists of four."""
    parts = ("r_ssym", "r_type3", "r_type2", "r_type")
    return int.from_bytes(bytes(entry[name] for name in parts)) if "r_ssym" in entry else entry["r_info_type"]


def _number(kind: str | int) -> int:
    """Return a program header's type; pyelftools has names for some types."""
    from elftools.elf.enums import ENUM_P_TYPE_ARM, ENUM_P_TYPE_BASE, ENUM_P_TYPE_MIPS, ENUM_P_TYPE_RISCV

    known = ENUM_P_TYPE_BASE | ENUM_P_TYPE_ARM | ENUM_P_TYPE_MIPS | ENUM_P_TYPE_RISCV
    return kind if isinstance(kind, int) else int(known[kind])


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("pattern", ["{}.so", "python-{}"])
def test_a_stripped_file_is_the_same_without_symbols(name: str, pattern: str) -> None:
    data = (PLACE / pattern.format(name)).read_bytes()
    before, after = read_elf(data), read_elf(strip(data, where="x"))
    assert not after.symbols.defined
    assert not after.debug_sections
    for field in ("machine", "needed", "interpreter", "exported", "build_id", "rpaths", "version_needs"):
        assert getattr(after, field) == getattr(before, field)
    assert after.disagreements == ()


@pytest.mark.parametrize("name", MACHINES)
def test_detached_debug_information_belongs_to_its_file(name: str) -> None:
    data = (PLACE / f"{name}.so").read_bytes()
    place, debug = detach(data, where="x") or ("", b"")
    identity = read_elf(data).build_id
    elf = read_elf(debug)
    assert place == f".build-id/{identity[:2]}/{identity[2:]}.debug"
    assert elf.detached
    assert elf.build_id == identity
    assert ".debug_info" in elf.sections
    assert elf.symbols.defined == read_elf(data).symbols.defined


@pytest.mark.parametrize("path", sorted(PLACE.glob("*.o")), ids=lambda path: path.name)
def test_objects_lose_their_debug_information_and_nothing_else(path: Path) -> None:
    data = path.read_bytes()
    before, after = read_elf(data), read_elf(without_debug(data, where="x"))
    assert before.debug_sections
    assert not after.debug_sections
    assert (after.symbols.linkable, after.symbols.undefined) == (before.symbols.linkable, before.symbols.undefined)


@pytest.mark.parametrize("machine", ["EM_S390", "EM_ALPHA"])
def test_hash_tables_of_64_bit_words_are_read(machine: str) -> None:
    order = ">" if machine == "EM_S390" else "<"
    table = struct.pack(f"{order}2Q", 1, 5) + bytes(8 * 6)
    assert _counted(machine, order, table) == 5
    narrow = struct.pack(f"{order}2I", 1, 7) + bytes(4 * 8)
    assert _counted(machine, order, narrow) == 7
    assert _counted("EM_X86_64", order, narrow) == 7


def _counted(machine: str, order: str, table: bytes) -> int:
    """Return the number of symbols that a hash table implies."""
    segment = SegmentRow(LOAD, 0, 0, 0, len(table), len(table), 4, 8)
    image = Loaded(data=table, form=form_of(64, order), machine=machine, segments=(segment,))
    return Dynamic(image=image, entries=((4, 0),)).symbol_count()


@pytest.mark.parametrize("data", [b"", MAGIC, MAGIC + b"\3\1", MAGIC + b"\1\0", b"MZ" + bytes(60)])
def test_other_classes_and_orders_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"not an ELF file|unknown class or byte order"):
        read_form(data)


def test_a_symbol_for_others_in_debug_information_is_refused() -> None:
    data = (PLACE / "module-aarch64.o").read_bytes()
    file = read_layout(data)
    table = next(row for row in file.sections if row.kind == SYMTAB)
    symbols = list(file.form.read_symbols(file.content(table)))
    changed = [row._replace(info=0x10) if _in_debug(file, row.section) else row for row in symbols]
    body = bytearray(data)
    body[table.offset : table.offset + table.size] = b"".join(map(file.form.pack_symbol, changed))
    with pytest.raises(StageError, match="defined in debug information"):
        without_debug(bytes(body), where="x")


def _in_debug(file: Layout, section: int) -> bool:
    return section < len(file.sections) and file.is_debug(file.sections[section])
