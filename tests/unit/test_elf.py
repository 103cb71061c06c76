from __future__ import annotations

import contextlib
import shutil
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hostile_elf import CONTRADICTORY, SHAPES, many_relocations
from sample_distribution import ELF, binary

from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.elf import BadElf, ElfKind, VersionNeed, read_elf
from setup_local.binfmt.frames import frames
from setup_local.binfmt.header import Header, Section
from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.rows import HeaderRow, form_of

VERNEED = 0x6FFFFFFE  # SHT_GNU_verneed
SH_INFO = 44  # offset of sh_info in a 64-bit section header


def test_a_program() -> None:
    elf = read_elf(binary("python"))
    assert (elf.kind, elf.elf_class, elf.machine) == (ElfKind.SHARED, 64, "EM_X86_64")
    assert elf.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert elf.needed == ("libc.so.6",)
    assert elf.version_needs == (VersionNeed(library="libc.so.6", version="GLIBC_2.2.5"),)
    assert (elf.relro, elf.bind_now, elf.executable_stack) == (True, True, False)
    assert not elf.text_relocations
    assert not any(segment.writable and segment.executable for segment in elf.segments)
    assert {"Py_Main", "PyInit__core", "PyInit__demo", "_PyImport_Inittab"} <= elf.exported
    assert "bundled_version" in elf.symbols.hidden
    assert "bundled_version" not in elf.exported
    assert "__printf_chk" in elf.symbols.undefined


def test_a_module_hides_what_it_does_not_export() -> None:
    elf = read_elf(binary("local-error.so"))
    assert elf.exported == {"PyInit__shared"}
    assert "error" in elf.symbols.locals
    assert elf.interpreter is None


def test_an_object_has_symbols_and_nothing_of_a_loader() -> None:
    elf = read_elf(binary("config.o"))
    assert elf.kind is ElfKind.OBJECT
    assert elf.symbols.undefined == {"PyInit__core", "PyInit__demo"}
    assert elf.symbols.globals == {"_PyImport_Inittab"}
    assert not elf.linked


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("rpath.so", "rpaths", ("/opt/lib",)),
        ("old-rpath.so", "rpaths", ("/opt/lib",)),
        ("origin.so", "rpaths", ("$ORIGIN/../lib",)),
        ("stack.so", "executable_stack", True),
        ("no-stack.so", "executable_stack", None),
        ("no-relro.so", "relro", False),
        ("lazy.so", "bind_now", False),
        ("text-relocation.so", "text_relocations", True),
        ("other-machine.o", "machine", "EM_AARCH64"),
        ("no-build-id.so", "build_id", ""),
        ("no-debug.so", "debug_sections", frozenset()),
        ("good.so", "detached", False),
    ],
)
def test_one_fact_each(name: str, field: str, value: object) -> None:
    assert getattr(read_elf(binary(name)), field) == value


@pytest.mark.parametrize("name", ["good.so", "python"])
def test_the_build_id_is_that_of_pyelftools(name: str) -> None:
    with (ELF / name).open("rb") as stream:
        (note,) = ELFFile(stream).get_section_by_name(".note.gnu.build-id").iter_notes()
    assert read_elf(binary(name)).build_id == note["n_desc"]


@pytest.mark.parametrize("path", sorted(ELF.glob("*.so")), ids=lambda path: path.name)
def test_symbols_agree_with_pyelftools(path: Path) -> None:
    with path.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        named = [
            item
            for item in table.iter_symbols()
            if item.name and item["st_info"]["type"] not in ("STT_FILE", "STT_SECTION")
        ]
        defined = {item.name for item in named if item["st_shndx"] != "SHN_UNDEF"}
        functions = {item.name for item in named if item["st_info"]["type"] == "STT_FUNC"}
    symbols = read_elf(path.read_bytes()).symbols
    assert symbols.defined == defined
    assert symbols.functions == functions - symbols.undefined


def test_copied_data_is_no_export() -> None:
    """`ls` of the usual coreutils has `optarg` and other data of the C library as copy relocations."""
    program = shutil.which("ls")
    if program is None or detect(Path(program).read_bytes()[:8]) is not FileKind.ELF:
        pytest.skip("there is no `ls` that is an ELF file")
    elf = read_elf(Path(program).read_bytes())
    assert not elf.copied & elf.exported


def test_copied_data_has_the_names_that_the_linker_knew() -> None:
    assert read_elf(binary("python-separate-environ")).copied == {"environ"}
    assert read_elf(binary("python-joined-environ")).copied == {"environ", "__environ"}


@pytest.mark.parametrize("length", [3, 5, 20, 64, 200, 1000, 2000])
def test_a_truncated_file_is_refused(length: int) -> None:
    with pytest.raises(BadElf, match="damaged ELF file"):
        read_elf(binary("good.so")[:length])


@pytest.mark.parametrize("start", [0, 18, 46])
def test_a_flipped_byte_is_read_or_refused_but_never_crashes(start: int) -> None:
    good = binary("good.so")
    for position in range(start, len(good), 61):
        damaged = bytearray(good)
        damaged[position] ^= 0xFF
        with contextlib.suppress(BadElf):
            read_elf(bytes(damaged))


def test_a_32_bit_big_endian_header_is_understood() -> None:
    ident = b"\x7fELF\x01\x02\x01" + bytes(9)
    header = struct.pack(">HHIIIIIHHHHHH", 1, 8, 1, 0, 0, 0, 0, 52, 0, 0, 40, 0, 0)
    elf = read_elf(ident + header)
    assert (elf.kind, elf.elf_class, elf.machine) == (ElfKind.OBJECT, 32, "EM_MIPS")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x7fELF\x02\x01", FileKind.ELF),
        (b"!<arch>\n", FileKind.AR),
        (b"!<thin>\n", FileKind.THIN_AR),
        (b"BC\xc0\xde....", FileKind.BITCODE),
        (b"\xcf\xfa\xed\xfe", FileKind.MACHO),
        (b"MZ\x90\0", FileKind.PE),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", FileKind.MACHO),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", FileKind.OTHER),  # a class of Java 8
        (b"#!/bin/sh", FileKind.OTHER),
        (b"", FileKind.OTHER),
    ],
)
def test_kinds_of_files(head: bytes, kind: FileKind) -> None:
    assert detect(head) is kind


@pytest.mark.parametrize(("of_section", "byte"), [(True, 1), (True, 2), (True, 3), (False, 3)])
def test_counts_of_versions_that_loaders_ignore_are_ignored(of_section: bool, byte: int) -> None:  # noqa: FBT001
    """Damage the number of libraries (`sh_info`), or the number of versions of the first one (`vn_cnt`)."""
    damaged = bytearray(binary("good.so"))
    file = read_layout(bytes(damaged))
    number, needs = next(item for item in enumerate(file.sections) if item[1].kind == VERNEED)
    place = file.header.sections_at + file.header.section_size * number + SH_INFO if of_section else needs.offset
    damaged[place + byte] ^= 0xFF
    assert read_elf(bytes(damaged)).version_needs == read_elf(binary("good.so")).version_needs


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_loader_reads_counts_whatever_sections_say(shape: str) -> None:
    """Tools that rely on sections do not find these requirements; the loader does."""
    elf = read_elf(SHAPES[shape](binary("newer.so")))
    assert elf.linked
    assert VersionNeed(library="libc.so.6", version="GLIBC_2.30") in elf.version_needs
    assert elf.needed == ("libc.so.6",)
    assert "PyInit__shared" in elf.exported
    assert elf.build_id


@pytest.mark.parametrize("shape", CONTRADICTORY)
def test_a_contradiction_is_a_fact(shape: str) -> None:
    assert read_elf(SHAPES[shape](binary("newer.so"))).disagreements


@pytest.mark.parametrize(
    "path", sorted(path for path in ELF.iterdir() if path.is_file() and path.suffix != ".a"), ids=lambda path: path.name
)
def test_what_linkers_make_has_no_contradictions(path: Path) -> None:
    assert read_elf(path.read_bytes()).disagreements == ()


def test_frames_are_counted() -> None:
    framed, frameless = (read_elf(binary(name)) for name in ("python", "python-frameless"))
    assert framed.frames == len(framed.symbols.functions)
    assert frameless.frames == 1  # in the library that is linked


def test_relocations_are_limited() -> None:
    assert read_elf(many_relocations(3)).needed == ()
    with pytest.raises(BadElf, match="relocations for more than 1048576 dynamic symbols"):
        read_elf(many_relocations((1 << 20) + 1))


def _object(machine: str, *sections: Section) -> Header:
    row = HeaderRow(*(0 for _ in HeaderRow._fields))
    return Header(form=form_of(64, "<"), row=row, kind="ET_REL", machine=machine, segments=(), sections=sections)


def test_sections_of_code_that_overlap_are_not_read() -> None:
    header = _object("EM_X86_64", *(Section(name=".text", kind=1, flags=4, offset=0, size=8, link=0),) * 2)
    with pytest.raises(ValueError, match="larger than the file"):
        frames(bytes(10), header)


@pytest.mark.parametrize(
    ("machine", "code", "count"),
    [
        ("EM_AARCH64", "fd7bbfa9 fd030091", 1),  # stp x29, x30, [sp, #-16]!; mov x29, sp
        ("EM_AARCH64", "ff8300d1 fd7b01a9 fd430091", 1),  # sub sp, sp, #32; stp x29, x30, [sp, #16]; add x29, sp, #16
        ("EM_AARCH64", "ff4300d1 e00700f9", 0),
        ("EM_X86_64", "f30f1efa 55 4889e5", 1),
        ("EM_RISCV", "411106e4", None),
    ],
)
def test_frames_of_other_processors(machine: str, code: str, count: int | None) -> None:
    data = bytes.fromhex(code)
    section = Section(name=".text", kind=1, flags=4, offset=0, size=len(data), link=0)
    header = _object(machine, section, Section(name=".data", kind=1, flags=3, offset=0, size=len(data), link=0))
    assert frames(data, header) == count
