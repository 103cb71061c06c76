"""Objects and import libraries for Windows: real ones for three processors, and forms that compilers do not produce."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from setup_local.binfmt import coff, coff_symbols
from setup_local.binfmt.ar import members
from setup_local.binfmt.coff import BadCoff, Coff, read_coff
from setup_local.binfmt.detect import HEAD, FileKind, detect
from setup_local.binfmt.formats import read_image, rewriter
from setup_local.values import BinaryFormat

PE = Path(__file__).resolve().parent.parent / "binaries" / "pe"
BIG = "c7a1bad1eebaa94baf20faf66aa4dcb8"
_HEADER, _SYMBOL = "<HHIIIHH", "<8sIhHBB"


def data(name: str) -> bytes:
    return (PE / name).read_bytes()


def library(name: str) -> list[Coff]:
    return [read_coff(member.data) for member in members(data(name))]


def made(*rows: tuple[object, ...], strings: bytes = b"", count: int | None = None, machine: int = 0x8664) -> bytes:
    """Return an object with these symbols and no sections."""
    table = b"".join(struct.pack(_SYMBOL, *row) for row in rows)
    size = struct.pack("<I", 4 + len(strings))
    return struct.pack(_HEADER, machine, 0, 0, 20, len(rows) if count is None else count, 0, 0) + table + size + strings


def test_each_symbol_of_a_real_object_is_in_its_sets() -> None:
    found = read_coff(data("objects.obj"))
    assert (found.format, found.machine, found.bits) == (BinaryFormat.PE, "IMAGE_FILE_MACHINE_AMD64", 64)
    assert {"a_function_with_a_long_name", "shared_number"} <= found.symbols.globals
    assert found.symbols.weak == {"replaceable"}
    assert "own" in found.symbols.locals
    assert found.symbols.undefined == found.imports == {"__imp_imported", "wanted", "optional"}
    assert found.symbols.optional == {"optional"}
    assert {"a_function_with_a_long_name", "own"} <= found.symbols.functions
    assert {".text", ".debug_info"} <= found.sections
    assert ".debug_info" in found.debug_sections
    assert not any((found.linked, found.is_program, found.standalone, found.stripped))
    assert (found.needed, found.exports, found.search_paths, found.segments) == ((), frozenset(), (), ())
    assert (found.identity, found.loader, found.build_id, found.frames) == (None, None, "", None)
    assert found.symbol_count == len(found.symbols)
    assert not any((found.counters, found.lto_functions))


@pytest.mark.parametrize(("name", "machine", "bits"), [("aarch64", "ARM64", 64), ("i686", "I386", 32)])
def test_other_processors_have_the_same_names(name: str, machine: str, bits: int) -> None:
    found = read_coff(data(f"architectures/module-{name}.obj"))
    assert (found.machine, found.bits) == (f"IMAGE_FILE_MACHINE_{machine}", bits)
    assert found.symbols.globals == {"PyInit__shared", "inflate"}
    assert found.symbols.undefined >= {"__imp_puts", "__imp_Py_Main"}


@pytest.mark.parametrize(
    ("decorated", "name"),
    [
        ("_puts", "puts"),
        ("__imp__puts", "__imp_puts"),
        ("_CloseHandle@4", "CloseHandle"),
        ("__imp__CloseHandle@4", "__imp_CloseHandle"),
        ("__exit", "_exit"),
        ("_at@home", "at@home"),
    ],
)
def test_names_of_32_bits_are_those_of_c(decorated: str, name: str) -> None:
    assert coff_symbols.plain(decorated) == name


@pytest.mark.parametrize(("name", "has_it"), [("core-fat.obj", True), ("core.obj", False)])
def test_code_for_an_optimizer_is_seen(name: str, *, has_it: bool) -> None:
    assert read_coff(data(name)).bitcode is has_it


def test_an_object_of_an_optimizer_is_no_object() -> None:
    assert detect(data("core-bitcode.obj")) is FileKind.BITCODE


def test_an_import_library_offers_what_the_dll_exports() -> None:
    found = library("python313.lib")
    own = [item for item in found if item.library]
    assert {item.library for item in own} == {"python313.dll"}
    assert frozenset().union(*(item.symbols.globals for item in own)) == {
        *("Py_Main", "__imp_Py_Main", "__imp_Py_Initialized")
    }
    assert frozenset().union(*(item.symbols.functions for item in own)) == {"Py_Main"}
    assert [item.sections for item in found if not item.library]


def test_a_static_library_holds_objects() -> None:
    (found,) = library("bundled.lib")
    assert found.symbols.linkable == {"bundled_version"}


def test_an_object_is_known_by_its_first_bytes() -> None:
    assert detect(data("core.obj")[:HEAD]) is FileKind.COFF
    assert detect(next(members(data("python313.lib"))).data[:HEAD]) is FileKind.COFF
    found = read_image(data("core.obj"))
    assert isinstance(found, Coff)
    assert rewriter(data("core.obj")) is None


@pytest.mark.parametrize("head", [b"d\x86", b"d\x86" + b"x" * 20, b"\0\0\xff\xff" + bytes(16), b"L\x01" + b" " * 18])
def test_other_files_are_not_taken_for_objects(head: bytes) -> None:
    assert detect(head) is FileKind.OTHER


def test_objects_with_many_sections_are_read() -> None:
    symbols = struct.pack("<8sIiHBB", b"f", 0, 70_000, 0x20, 2, 0)
    head = struct.pack("<HHHHI16sIIIIIII", 0, 0xFFFF, 2, 0xAA64, 0, bytes.fromhex(BIG), 0, 0, 0, 0, 0, 56, 1)
    found = read_coff(head + symbols + struct.pack("<I", 4))
    assert (found.machine, found.symbols.globals, found.symbols.functions) == (
        *("IMAGE_FILE_MACHINE_ARM64", frozenset({"f"}), frozenset({"f"})),
    )


def test_what_is_common_is_defined_and_unknown_processors_keep_their_number() -> None:
    found = read_coff(made((b"common", 8, 0, 0, 2, 0), (b"file", 0, -2, 0, 103, 0), machine=0x1234))
    assert found.symbols.globals == {"common"}
    assert (found.machine, found.bits) == ("0x1234", 0)


@pytest.mark.parametrize("default", [0, 1, 2, 99, -1])
def test_a_weak_symbol_is_what_stands_in_for_it(default: int) -> None:
    aux = (struct.pack("<iI", default, 3), 0, 0, 0, 0, 0)
    found = read_coff(made((b"other", 0, 0, 0, 2, 0), (b"weak", 0, 0, 0, 105, 1), aux, (b"own", 0, 1, 0x20, 2, 0)))
    assert found.symbols.optional == {"weak"}
    defined = read_coff(made((b"own", 0, 1, 0x20, 2, 0), (b"weak", 0, 0, 0, 105, 1), (bytes(8), 0, 0, 0, 0, 0)))
    assert (defined.symbols.weak, defined.symbols.functions) == ({"weak"}, {"weak", "own"})


LONG = (struct.pack("<II", 0, 4), 0, 1, 0, 2, 0)


@pytest.mark.parametrize(
    ("damaged", "what"),
    [
        (b"d\x86", "requires a buffer"),
        (made(count=5), "the symbols are truncated"),
        (made(count=10**6), "more than"),
        (made(LONG, strings=b"long"), "is not terminated"),
        (struct.pack(_HEADER, 0x8664, 3, 0, 0, 0, 0, 0), "section headers are truncated"),
        (b"\0\0\xff\xff\0\0\x64\x86" + bytes(12) + b"name", "without its two names"),
    ],
)
def test_damaged_objects_are_refused(damaged: bytes, what: str) -> None:
    with pytest.raises(BadCoff, match=what):
        read_coff(damaged)


def test_names_are_not_read_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coff_symbols, "_MOST_BYTES", 20)
    with pytest.raises(BadCoff, match="too long"):
        read_coff(made(*[LONG] * 5, strings=b"a_name_of_a_symbol\0"))
    monkeypatch.setattr(coff, "_MOST_BYTES", 4)
    with pytest.raises(BadCoff, match="names of its sections"):
        read_coff(data("core.obj"))
    monkeypatch.setattr(coff, "_MOST_SECTIONS", 1)
    with pytest.raises(BadCoff, match="more than 1 sections"):
        read_coff(data("core.obj"))
