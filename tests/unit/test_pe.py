"""Programs and DLLs for Windows: real ones for three processors, read as the loader reads them, and damaged ones."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_pe import BROKEN, Shape, many_imports, put, with_directory, with_header, with_sections

from setup_local.binfmt import pe_linking, pe_resources, pe_tables
from setup_local.binfmt.coff_rows import CONFIGURATION, DELAYED, EXPORTS, RESOURCES, TLS
from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.formats import binary_format, read_image
from setup_local.binfmt.pe import BadPe, Pe, read_pe_image
from setup_local.binfmt.pe_layout import read_pe
from setup_local.values import BinaryFormat

PE = Path(__file__).resolve().parent.parent / "binaries" / "pe"
CRT = "api-ms-win-crt-stdio-l1-1-0.dll"


def data(name: str) -> bytes:
    return (PE / name).read_bytes()


def read(name: str) -> Pe:
    return read_pe_image(data(name))


def test_the_facts_of_a_module() -> None:
    found = read("good.pyd")
    assert detect(data("good.pyd")) is FileKind.PE
    assert binary_format(data("good.pyd")) is BinaryFormat.PE
    assert read_image(data("good.pyd")) == found
    assert (found.format, found.machine, found.bits) == (BinaryFormat.PE, "IMAGE_FILE_MACHINE_AMD64", 64)
    assert found.linked
    assert not any((found.is_program, found.standalone, found.bitcode))
    assert found.needed == (CRT, "python313.dll")
    assert found.exports == {"PyInit__shared"}
    assert found.imports == {"puts", "Py_Main"}
    assert found.identity == "_shared.cp313-win_amd64.pyd"
    assert (found.loader, found.search_paths, found.frames) == (None, (), None)
    assert len(found.build_id) == 32
    assert (found.subsystem, found.subsystem_version) == (3, (10, 0))
    assert found.dynamic_base
    assert found.nx_compatible
    assert found.high_entropy
    assert found.movable
    assert found.relocations
    assert found.stripped
    faults = (found.guarded, found.managed, found.callbacks, found.pdb, found.times, found.counters)
    assert not any(faults)
    assert found.symbol_count == 3
    assert any(segment.executable for segment in found.segments)
    assert not any(segment.writable and segment.executable for segment in found.segments)


def test_a_program_and_its_library() -> None:
    program, library = read("python.exe"), read("python313.dll")
    assert program.is_program
    assert program.needed == ("python313.dll", "KERNEL32.dll")
    assert (read("pythonw.exe").subsystem, program.subsystem) == (2, 3)
    assert not library.is_program
    assert library.identity == "python313.dll"
    assert library.exports == {"Py_Main", "Py_Initialized"}


def test_a_program_has_a_manifest() -> None:
    (text,) = read("python.exe").manifests
    assert text.startswith("<?xml")
    assert text.endswith("</assembly>\n")
    assert read("python-no-manifest.exe").manifests == ()


def _resources(change: Callable[[bytearray, int], None]) -> bytes:
    """Change a program's resource tables."""
    body = bytearray(data("python.exe"))
    file = read_pe(bytes(body))
    found = file.directory(RESOURCES)
    assert found is not None
    change(body, file.place(found.address)[0])
    return bytes(body)


def test_damaged_resources_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = _resources(lambda body, at: struct.pack_into("<I", body, at + 20, 0))
    with pytest.raises(BadPe, match="three levels"):
        read_pe_image(flat)
    loop = _resources(lambda body, at: struct.pack_into("<HHII", body, at + 12, 0, 60000, 24, 1 << 31))
    with pytest.raises(BadPe, match="no part of the file"):
        read_pe_image(loop)
    monkeypatch.setattr(pe_resources, "_MOST_ENTRIES", 2)
    with pytest.raises(BadPe, match="more than 2 resources"):
        read("python.exe")
    monkeypatch.undo()
    monkeypatch.setattr(pe_resources, "_MOST_BYTES", 10)
    with pytest.raises(BadPe, match="too long"):
        read("python.exe")


def test_forwarded_names_lead_to_another_library() -> None:
    assert read("python3.dll").forwarded == {
        "Py_Main": "python313.Py_Main",
        "PyOS_CheckStack": "python313.PyOS_CheckStack",
    }
    assert read("python313.dll").forwarded == {}


@pytest.mark.parametrize(("name", "machine", "bits"), [("aarch64", "ARM64", 64), ("i686", "I386", 32)])
def test_other_processors(name: str, machine: str, bits: int) -> None:
    found = read(f"architectures/{name}.pyd")
    assert (found.machine, found.bits) == (f"IMAGE_FILE_MACHINE_{machine}", bits)
    assert found.needed == (CRT, "python313.dll")
    assert found.exports == {"PyInit__shared", "inflate"}
    assert found.imports == {"puts", "Py_Main"}
    assert found.relocations
    assert found.symbols.globals >= {"PyInit__shared", "inflate"}
    assert ".debug_info" in found.debug_sections
    assert not found.stripped


def test_each_fault_is_a_fact() -> None:
    assert read("delays-other.pyd").delayed == (("other.dll", ("stub_function",)),)
    assert "other.dll" in read("delays-other.pyd").needed
    assert not read("fixed-address.pyd").dynamic_base
    assert not read("executable-data.pyd").nx_compatible
    assert not read("low-entropy.pyd").high_entropy
    assert not read("no-relocations.pyd").movable
    assert read("no-relocations.pyd").relocations == 0
    assert read("timestamp.pyd").times == {1_700_000_000}
    assert read("hashed.pyd").times == frozenset()
    assert read("callback.pyd").callbacks == 1
    assert read("pdb.pyd").pdb == r"C:\build\_shared.pdb"
    assert read("no-build-id.pyd").build_id == ""
    hashed = read("hashed.pyd")
    assert hashed.build_id == f"{hashed.time:08x}{hashed.image_size:x}"
    assert any(segment.writable and segment.executable for segment in read("writable-code.pyd").segments)
    assert read("symbols.pyd").symbols.globals >= {"PyInit__shared"}
    assert not read("symbols.pyd").debug_sections


def test_control_flow_guard_is_a_flag_and_a_table() -> None:
    body = data("good.pyd")
    table = read_pe(body).sections[1]
    place = table.address + table.size - 160
    plain = put(body, table.offset + table.size - 160, "I", 148)
    marked = with_header(plain, 70, "H", 0x4160)
    instrumented = put(marked, table.offset + table.size - 160 + 0x90, "I", 0x100)
    assert not read_pe_image(with_directory(plain, CONFIGURATION, place, 148)).guarded
    assert not read_pe_image(with_directory(marked, CONFIGURATION, place, 148)).guarded
    assert read_pe_image(with_directory(instrumented, CONFIGURATION, place, 148)).guarded
    short = put(instrumented, table.offset + table.size - 160, "I", 100)
    assert not read_pe_image(with_directory(short, CONFIGURATION, place, 148)).guarded


def test_exports_by_number_are_counted_and_imports_by_number_are_named() -> None:
    body = data("python313.dll")
    file = read_pe(body)
    found = file.directory(EXPORTS)
    assert found is not None
    at = file.place(found.address)[0]
    assert read_pe_image(put(body, at + 24, "I", 1)).exported.unnamed == 1
    module = data("good.pyd")
    names = read_pe(module)
    imports = names.directory(1)
    assert imports is not None
    lookup = names.unpack("I", imports.address)[0]
    numbered = put(module, names.place(lookup)[0], "Q", 1 << 63 | 7)
    assert "#7" in read_pe_image(numbered).imports


def test_old_delayed_imports_have_absolute_addresses() -> None:
    body = data("delays-other.pyd")
    file = read_pe(body)
    found = file.directory(DELAYED)
    assert found is not None
    at = file.place(found.address)[0]
    row = list(struct.unpack_from("<8I", body, at))
    base = file.optional.image_base & 0xFFFFFFFF
    small = with_header(put(body, at, "8I", 0, *(base + value for value in row[1:])), 24, "Q", base)
    assert read_pe_image(small).delayed == read_pe_image(body).delayed


@pytest.mark.parametrize("shape", BROKEN)
def test_damaged_files_are_refused(shape: str) -> None:
    change, what = BROKEN[shape]
    with pytest.raises(BadPe, match=what):
        read_pe_image(change(data("exports.pyd")))


def _no_end(number: int, size: int) -> Shape:
    """Return a function that moves a table to the end of a section."""

    def change(body: bytes) -> bytes:
        row = read_pe(body).sections[-1]
        filled = body[: row.offset] + b"\1" * row.size + body[row.offset + row.size :]
        return with_directory(filled, number, row.address + row.size - size, size)

    return change


@pytest.mark.parametrize(("number", "size"), [(1, 40), (DELAYED, 64), (TLS, 40)])
def test_tables_without_an_end_are_refused(number: int, size: int) -> None:
    with pytest.raises(BadPe, match=r"not terminated|no part of the file|truncated"):
        read_pe_image(_no_end(number, size)(data("good.pyd")))


@pytest.mark.parametrize(
    ("module", "limit", "what"),
    [
        (pe_linking, "_MOST_LIBRARIES", "imported DLLs"),
        (pe_linking, "_MOST_NAMES", "names|exports"),
        (pe_linking, "_MOST_BYTES", "too many"),
        (pe_tables, "_MOST_BLOCKS", "blocks of base relocations"),
        (pe_tables, "_MOST_BYTES", "too many"),
    ],
)
def test_everything_has_a_limit(module: object, limit: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, limit, 0)
    with pytest.raises(BadPe, match=what):
        read("good.pyd")


def test_callbacks_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pe_tables, "_MOST_CALLBACKS", 0)
    with pytest.raises(BadPe, match="TLS callbacks"):
        read("callback.pyd")


def test_long_names_that_repeat_take_no_memory() -> None:
    assert len(read_pe_image(many_imports(100)).imports) == 1
    with pytest.raises(BadPe, match="too many"):
        read_pe_image(many_imports(10_000))


def test_sections_without_a_size_in_memory_have_that_of_the_file() -> None:
    body = with_sections(data("good.pyd"), lambda row: row._replace(virtual_size=0))
    assert read_pe_image(body).exports == {"PyInit__shared"}
