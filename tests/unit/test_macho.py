"""The reader of Mach-O files, with real files for both processors: facts, an independent reader, and damage."""

from __future__ import annotations

import random
import struct

import lief
import pytest
from sample_macho import (
    LINKED,
    MACHO,
    THIN,
    UNIVERSAL,
    command,
    macho,
    with_bytes,
    with_changed_code,
    with_header,
    with_numbers,
    with_segment,
    without,
)

from setup_local.binfmt import macho_linking, strings
from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.ar import members
from setup_local.binfmt.formats import read_images
from setup_local.binfmt.leb import read_uleb
from setup_local.binfmt.macho import BadMacho, Macho, MachoKind, Minimum, read_slices
from setup_local.binfmt.macho_linking import FLAT, Bound
from setup_local.values import BinaryFormat

LIBSYSTEM = "/usr/lib/libSystem.B.dylib"
LIBPYTHON = "@executable_path/../lib/libpython3.13.dylib"


def read(data: bytes) -> Macho:
    (found,) = read_slices(data)
    return found


def facts(name: str) -> Macho:
    return read(macho(name))


def test_a_module_is_read() -> None:
    found = facts("loader-path.so")
    assert (found.kind, found.machine, found.bits, found.format) == (
        MachoKind.BUNDLE,
        "CPU_TYPE_ARM64",
        64,
        BinaryFormat.MACHO,
    )
    assert found.linked
    assert not found.is_program
    assert not found.standalone
    assert found.needed == (LIBSYSTEM,)
    assert found.search_paths == ("@loader_path/../lib",)
    assert (found.identity, found.loader) == (None, None)
    assert found.exports == {"PyInit__shared"}
    assert Bound("puts", 1, optional=False) in found.bound
    assert found.library(Bound("puts", 1, optional=False)) == LIBSYSTEM
    assert found.minimums == (Minimum(platform="macos", version=(11, 0)),)
    assert len(found.build_id) == 32
    assert {"local_helper", "table"} <= found.symbols.locals
    assert found.symbols.globals == {"PyInit__shared"}
    assert {"PyInit__shared", "local_helper"} == found.symbols.functions
    assert found.frames == 2
    assert "__TEXT,__text" in found.sections
    assert (found.two_level, found.position_independent, found.executable_stack) == (True, True, False)
    assert [segment.executable for segment in found.segments] == [True, False, False, False]
    assert not found.stripped
    assert found.symbol_count == len(found.symbols) + len(found.bound) + 1


def test_programs_and_libraries() -> None:
    program, library = facts("python-shared"), facts("libpython3.13.dylib")
    assert (program.kind, program.loader, program.is_program) == (MachoKind.EXECUTE, "/usr/lib/dyld", True)
    assert program.needed == (LIBPYTHON, LIBSYSTEM)
    assert (library.kind, library.identity) == (MachoKind.DYLIB, LIBPYTHON)
    assert {"Py_Main", "_PyImport_Inittab"} <= library.exports


def test_imports_of_an_object_come_from_its_symbol_table() -> None:
    found = facts("core.o")
    assert (found.kind, found.linked, found.stripped) == (MachoKind.OBJECT, False, False)
    assert found.imports == {"puts", "__stack_chk_fail"}
    assert found.symbols.linkable == {"Py_Main", "PyInit__core"}
    assert found.minimums[0].version == (11, 0)


@pytest.mark.parametrize("name", ["weak.so", "weak-chained.so"])
def test_weak_bindings_are_read_in_both_formats(name: str) -> None:
    assert Bound("mkfifoat", 1, optional=True) in facts(name).bound


@pytest.mark.parametrize("name", ["newer.so", "newer-chained.so"])
def test_other_bindings_are_read_in_both_formats(name: str) -> None:
    assert Bound("mkfifoat", 1, optional=False) in facts(name).bound


def test_names_that_any_library_may_define() -> None:
    assert Bound("Py_IsInitialized", FLAT, optional=False) in facts("looked-up.so").bound
    assert facts("looked-up.so").library(Bound("Py_IsInitialized", FLAT, optional=False)) == ""
    assert not facts("flat.so").two_level
    assert {item.library for item in facts("flat.so").bound} == {FLAT}


def test_signs_of_other_builds() -> None:
    assert facts("counting.so").counters == {"__DATA,__llvm_prf_cnts"}
    assert facts("debug.so").stabs
    assert not facts("good.so").stabs
    assert not facts("no-uuid.so").build_id
    assert not facts("good.so").bitcode


def test_members_of_a_static_library() -> None:
    images = [image for item in members(macho("libbundled.a")) for image in read_images(item.data)]
    assert [image.symbols.linkable for image in images] == [{"bundled_version"}]


def test_every_slice_of_a_universal_file() -> None:
    assert [item.machine for item in read_slices(macho("good-universal.so"))] == ["CPU_TYPE_ARM64", "CPU_TYPE_X86_64"]


@pytest.mark.parametrize(
    ("cpu", "subtype", "machine"),
    [
        (0x01000007, 3, "CPU_TYPE_X86_64"),
        (0x01000007, 8, "CPU_TYPE_X86_64H"),
        (0x0100000C, 0x80000002, "CPU_TYPE_ARM64E"),
        (7, 3, "CPU_TYPE_I386"),
        (99, 0, "CPU_TYPE_99"),
    ],
)
def test_processors_by_name(cpu: int, subtype: int, machine: str) -> None:
    assert read(with_header(macho("bundled.o"), cpu=cpu, subtype=subtype)).machine == machine


# An independent reader (LIEF).


def _name(symbol: lief.MachO.Symbol) -> str:
    return str(symbol.name).removeprefix("_")


@pytest.mark.parametrize("name", LINKED + UNIVERSAL)
def test_another_reader_finds_the_same_in_linked_files(name: str) -> None:
    others = lief.MachO.parse(str(MACHO / name))
    ours = read_slices(macho(name))
    assert others is not None
    assert len(ours) == others.size
    for found, other in zip(ours, (others.at(index) for index in range(others.size)), strict=True):
        assert other is not None
        libraries = [item for item in other.libraries if item.command != lief.MachO.LoadCommand.TYPE.ID_DYLIB]
        assert list(found.needed) == [item.name for item in libraries]
        assert list(found.search_paths) == [item.path for item in other.rpaths]
        bound = {
            (_name(item.symbol), item.library.name if item.has_library else "", item.weak_import)
            for item in other.bindings
        }
        assert {(item.name, found.library(item), item.optional) for item in found.bound} == bound
        assert found.exports == {_name(item) for item in other.symbols if item.has_export_info}
        assert found.build_id == (bytes(other.uuid.uuid).hex() if other.has_uuid else "")
        assert [*found.minimums[0].version, 0] == list(other.build_version.minos)
        assert (found.signature is not None) == other.has_code_signature


@pytest.mark.parametrize("name", THIN)
def test_another_reader_finds_the_same_symbols(name: str) -> None:
    other = lief.MachO.parse(str(MACHO / name)).at(0)
    assert other is not None
    wanted = {
        _name(item) for item in other.symbols if not item.raw_type & 0xEE and item.raw_type & 1 and not item.value
    }
    assert facts(name).symbols.undefined == wanted


# Signatures.


@pytest.mark.parametrize("name", [name for name in LINKED if name not in ("unsigned.so", "chained-x86_64.so")])
def test_every_page_has_the_hash_of_the_signature(name: str) -> None:
    signature = facts(name).signature
    assert signature is not None
    assert (signature.hash, signature.ad_hoc, signature.problems) == ("sha256", True, ())


def test_a_changed_page_is_detected() -> None:
    signature = read(with_changed_code(macho("good.so"))).signature
    assert signature is not None
    assert signature.problems == ("the hashes of the pages at 0x0 do not match its signature",)


def test_a_signature_covers_everything_in_front_of_it() -> None:
    data = macho("good.so")
    start, size = command(data, rows.CODE_SIGNATURE).numbers(2)
    directory = start + struct.unpack_from(">I", data, start + 16)[0]
    limit, pages = directory + 32, directory + 28
    for place, text in ((limit, "covers 4096 bytes"), (pages, "has hashes of 4096 pages")):
        signature = read(with_bytes(data, place, struct.pack(">I", 4096))).signature
        assert signature is not None
        assert text in signature.problems[0]
    assert size


@pytest.mark.parametrize(
    ("place", "number", "message"),
    [
        (0, 1, "is damaged"),
        (8, 999, "is damaged"),
        (8, 0, "no code directory"),
        (16, 1 << 20, "unpack_from"),
        (24, 1, "unknown form"),
        (24 + 36, 0x20090C00, "unknown form"),
    ],
)
def test_a_damaged_signature_is_an_error(place: int, number: int, message: str) -> None:
    data = macho("good.so")
    start, _ = command(data, rows.CODE_SIGNATURE).numbers(2)
    with pytest.raises(BadMacho, match=message):
        read_slices(with_bytes(data, start + place, struct.pack(">I", number)))


# Damage.

DAMAGED = {
    "32 bits": (b"\xce\xfa\xed\xfe" + bytes(28), "64-bit"),
    "big-endian": (b"\xfe\xed\xfa\xcf" + bytes(28), "64-bit"),
    "too many commands": (with_header(macho("good.so"), commands=20_000), "truncated"),
    "commands past the end": (with_header(macho("bundled.o"), commands_size=1 << 20), "truncated"),
    "more commands than bytes": (with_header(macho("good.so"), commands=100), "load command"),
    "two tables": (with_bytes(macho("good.so"), command(macho("good.so"), rows.DYSYMTAB).at, b"\x02"), "several"),
    "segment past the end": (with_segment(macho("good.so"), 1, size=1 << 30), "within the segment"),
    "sections past the command": (with_segment(macho("good.so"), 0, sections=99), "are truncated"),
    "symbols past the end": (with_numbers(macho("good.so"), rows.SYMTAB, 0, 1 << 30), "ends before"),
    "too many symbols": (with_numbers(macho("good.so"), rows.SYMTAB, 1, 1 << 30), "more than"),
    "strings past the end": (with_numbers(macho("good.so"), rows.SYMTAB, 3, 1 << 30), "ends before"),
    "names past the strings": (with_numbers(macho("good.so"), rows.SYMTAB, 3, 4), "not terminated"),
    "no name": (with_numbers(macho("good.so"), rows.LOAD_DYLIB, 0, 4), "has no name"),
    "a library too many": (without(macho("good.so"), rows.LOAD_DYLIB), "does not need"),
    "binds past the end": (with_numbers(macho("good.so"), rows.DYLD_INFO_ONLY, 3, 1 << 30), "ends before"),
    "unknown opcodes": (
        with_bytes(macho("good.so"), command(macho("good.so"), rows.DYLD_INFO_ONLY).numbers(3)[2], b"\xd0"),
        "unknown form",
    ),
    "exports that lead back": (
        with_bytes(macho("good.so"), command(macho("good.so"), rows.DYLD_INFO_ONLY).numbers(9)[8], b"\0\1x\0\0"),
        "contains a loop",
    ),
    "unknown fixups": (
        with_bytes(macho("chained.so"), command(macho("chained.so"), rows.CHAINED_FIXUPS).numbers(1)[0] + 20, b"\x09"),
        "unknown form",
    ),
    "too many fixups": (
        with_bytes(macho("chained.so"), command(macho("chained.so"), rows.CHAINED_FIXUPS).numbers(1)[0] + 18, b"\xff"),
        "truncated",
    ),
    "slices over each other": (with_bytes(macho("good-universal.so"), 16, bytes(4)), "overlap"),
    "a slice past the end": (macho("good-universal.so")[:90_000], "truncated"),
    "too many slices": (b"\xca\xfe\xba\xbf\0\0\0\x40", "64 slices"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_an_error_with_a_reason(name: str) -> None:
    data, message = DAMAGED[name]
    with pytest.raises(BadMacho, match=message):
        read_slices(data)


@pytest.mark.parametrize("name", ["good.so", "chained.so", "debug.so", "core.o", "python-universal"])
def test_any_damage_is_an_error_of_one_kind(name: str) -> None:
    data, chance = macho(name), random.Random(name)
    sizes = (*range(0, 1400, 7), *(chance.randrange(len(data)) for _ in range(50)))
    changed = [data[:size] for size in sizes]
    for _ in range(400):
        place = chance.choice((chance.randrange(1400), chance.randrange(len(data))))
        changed.append(with_bytes(data, place, chance.randbytes(chance.choice((1, 2, 4)))))
    for item in changed:
        try:
            read_slices(item)
        except BadMacho:
            continue


def test_the_length_of_names_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(macho_linking, "_MOST_BYTES", 5)
    with pytest.raises(BadMacho, match="too long"):
        facts("exports.so")


def test_symbols_are_the_same_if_their_names_are_read_singly(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = facts("good.so").symbols
    monkeypatch.setattr(strings, "_OTHER_NAMES", -100)
    assert facts("good.so").symbols == expected


@pytest.mark.parametrize(("data", "value"), [(b"\x00", 0), (b"\x7f", 127), (b"\xe5\x8e\x26", 624485)])
def test_numbers_of_variable_length(data: bytes, value: int) -> None:
    assert read_uleb(data + b"\xff", 0) == (value, len(data))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 20])
def test_an_unterminated_number_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="truncated or too long"):
        read_uleb(data, 0)
