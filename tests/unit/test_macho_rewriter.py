"""Rewriting linked Mach-O files: stripping, renaming, and signatures that are byte-identical to the linker's."""

from __future__ import annotations

import dataclasses
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import lief
import pytest
from click.testing import CliRunner
from corruptions import broken
from sample_distribution import Entry, Sample
from sample_macho import (
    LINKED,
    UNIVERSAL,
    bundled,
    command,
    macho,
    with_bytes,
    with_changed_code,
    with_numbers,
    without,
)
from sample_macos import PROGRAM, bundle_of, macos_sample, without_bundles

from setup_local.audit.validate import validate_archive
from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.formats import rewriter
from setup_local.binfmt.macho import Macho, read_slices
from setup_local.binfmt.macho_fat import join, slices
from setup_local.binfmt.macho_rewriter import renamed, signed, without_notes
from setup_local.commands.repack import repack
from setup_local.errors import ArchiveError
from setup_local.flavors.detach import detach

LIBPYTHON = "@executable_path/../lib/libpython3.13.dylib"
DWARF = bundle_of(PROGRAM).removeprefix("install/lib/debug/")
CHANGED_BY_STRIPPING = {"symbols", "segments", "signature", "stabs"}


def stripped(data: bytes) -> bytes:
    file = rewriter(data)
    assert file is not None
    return file.strip()


def same(before: Macho, after: Macho, *, without: set[str]) -> None:
    for field in dataclasses.fields(Macho):
        if field.name not in without:
            assert getattr(after, field.name) == getattr(before, field.name), field.name


def well_signed(found: Macho, before: Macho) -> bool:
    if before.signature is None:
        return found.signature is None
    return found.signature == before.signature and not before.signature.problems


@pytest.mark.parametrize("name", LINKED)
def test_our_signature_is_identical_to_the_linkers(name: str) -> None:
    assert signed(macho(name)) == macho(name)


@pytest.mark.parametrize("name", LINKED)
def test_without_notes_a_file_lacks_only_data_for_debuggers(name: str) -> None:
    (before,) = read_slices(macho(name))
    (after,) = read_slices(without_notes(macho(name)))
    assert not after.stabs
    same(before, after, without={"segments", "signature", "stabs"})
    assert well_signed(after, before) or before.stabs
    if not before.stabs:
        assert without_notes(macho(name)) == macho(name)


def test_notes_are_removed_and_local_functions_are_kept() -> None:
    (before,) = read_slices(macho("debug.so"))
    (after,) = read_slices(without_notes(macho("debug.so")))
    assert before.stabs
    assert before.symbols == after.symbols
    assert after.signature is not None
    assert not after.signature.problems
    assert lief.MachO.parse(list(without_notes(macho("debug.so")))) is not None


def test_symbols_in_another_order_are_refused() -> None:
    data = macho("debug.so")
    table = command(data, rows.DYSYMTAB)
    local, defined = table.numbers(18)[1], table.numbers(18)[3]
    with pytest.raises(ValueError, match="its symbols are not sorted by type"):
        without_notes(with_numbers(data, rows.DYSYMTAB, 3, defined + local + 1))
    with pytest.raises(ValueError, match="its symbols are not sorted by type"):
        without_notes(with_numbers(data, rows.DYSYMTAB, 3, defined - 1))


def test_a_changed_file_is_signed_again() -> None:
    again = signed(with_changed_code(macho("good.so")))
    (found,) = read_slices(again)
    assert found.signature is not None
    assert found.signature.problems == ()
    assert again != macho("good.so")


@pytest.mark.parametrize("name", LINKED + UNIVERSAL)
def test_a_stripped_file_is_the_same_to_a_loader(name: str) -> None:
    data = macho(name)
    changed = stripped(data)
    for before, after in zip(read_slices(data), read_slices(changed), strict=True):
        same(before, after, without=CHANGED_BY_STRIPPING)
        assert after.stripped
        assert after.symbols.undefined == before.symbols.undefined
        assert after.symbols.globals == before.symbols.globals
        assert after.symbols.optional == before.symbols.optional
        assert well_signed(after, before)
        assert [item[:4] for item in after.segments[:-1]] == [item[:4] for item in before.segments[:-1]]
    assert stripped(changed) == changed


@pytest.mark.parametrize("name", LINKED)
def test_another_reader_finds_nothing_wrong_in_a_stripped_file(name: str) -> None:
    found = lief.MachO.parse(list(stripped(macho(name)))).at(0)
    assert found is not None
    assert lief.MachO.check_layout(found)[0]
    before = lief.MachO.parse(list(macho(name))).at(0)
    assert before is not None
    entries = [[item.name for item in file.dynamic_symbol_command.indirect_symbols] for file in (before, found)]
    assert entries[0] == entries[1]


def test_a_stripped_module_is_smaller() -> None:
    assert len(stripped(macho("debug.so"))) < len(macho("debug.so"))


def test_libraries_and_the_loader_are_renamed() -> None:
    names = {LIBPYTHON: "@loader_path/../lib/libpython3.13.dylib", "/usr/lib/dyld": "/usr/lib/other"}
    (found,) = read_slices(renamed(macho("python-shared"), names))
    assert found.needed[0] == names[LIBPYTHON]
    assert found.loader == "/usr/lib/other"
    assert found.signature is not None
    assert found.signature.problems == ()
    (before,) = read_slices(macho("python-shared"))
    same(before, found, without={"needed", "loader", "segments", "signature"})


def test_a_longer_name_fits_where_the_linker_left_room() -> None:
    longer = "@executable_path/../lib/of-another-name/libpython3.13.dylib"
    (found,) = read_slices(renamed(macho("libpython3.13.dylib"), {LIBPYTHON: longer}))
    assert found.identity == longer


def test_a_name_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        renamed(macho("rpath.so"), {"/opt/lib": "/opt/" + "x" * 5000})


def test_the_loader_is_set_in_every_slice() -> None:
    for name in ("python", "python-universal"):
        file = rewriter(macho(name))
        assert file is not None
        assert {item.loader for item in read_slices(file.set_loader("/usr/lib/new"))} == {"/usr/lib/new"}


@pytest.mark.parametrize("name", ["core.o", "libbundled.a"])
def test_files_that_are_not_linked_are_not_rewritten(name: str) -> None:
    assert rewriter(macho(name)) is None


def test_joining_slices_gives_the_same_universal_file() -> None:
    assert join(slices(macho("python-universal"))) == macho("python-universal")


REFUSED = {
    "a signature by somebody": (
        with_bytes(macho("good.so"), command(macho("good.so"), rows.CODE_SIGNATURE).numbers(1)[0] + 24 + 12, bytes(4)),
        "signed by somebody",
    ),
    "parts overlap": (with_numbers(macho("good.so"), rows.DYLD_INFO_ONLY, 1, 20), "overlap"),
    "no symbols": (without(macho("good.so"), rows.SYMTAB), "no load command"),
    "old tables": (with_numbers(macho("good.so"), rows.DYSYMTAB, 6, 1), "linkers no longer generate"),
    "symbols in another order": (with_numbers(macho("good.so"), rows.DYSYMTAB, 3, 7), "sorted by type"),
    "another last segment": (
        macho("good.so").replace(b"__LINKEDIT", b"__LINKEDOT"),
        "last segment",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_cannot_be_stripped_are_refused(name: str) -> None:
    data, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        stripped(data)


def test_debug_information_stays_in_object_files() -> None:
    for name in ("debug.so", "good-universal.so"):
        file = rewriter(macho(name))
        assert file is not None
        assert not file.has_debug()
        with pytest.raises(ValueError, match="not in the file"):
            file.detach()
    assert detach(macho("python"), where="x") is None


def test_a_damaged_symbol_name_is_refused() -> None:
    data = macho("good.so")
    symbols, count, *_ = command(data, rows.SYMTAB).numbers(4)
    last = symbols + (count - 1) * rows.SYMBOL.size
    with pytest.raises(ValueError, match="not found"):
        stripped(with_bytes(data, last, struct.pack("<I", 1 << 30)))


# Flavours.


def _repacked(sample: Sample, flavor: str, directory: Path) -> list[Path]:
    archive = sample.write(directory)
    result = CliRunner().invoke(repack, [str(archive), "--flavor", flavor, "--output", str(directory / "out")])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return sorted((directory / "out").iterdir())


def test_a_stripped_flavour_holds(tmp_path: Path) -> None:
    debug, made = _repacked(macos_sample(), "install_only_stripped", tmp_path)
    assert "-debuginfo." in debug.name
    assert list(validate_archive(debug).walk()) == []
    assert list(validate_archive(made).walk()) == []
    with tarfile.open(made) as archive:
        assert not [name for name in archive.getnames() if "debug" in name]
    with tarfile.open(debug) as archive:
        assert f"python/lib/debug/{DWARF}" in archive.getnames()
        assert not [name for name in archive.getnames() if name.endswith(".py")]


DEBUG_BREACHES = [
    ("debuginfo-layout", lambda data: data, "lib/debug/python3.13.dSYM/python3.13"),
    ("debuginfo-detached", lambda _: macho("python"), f"lib/debug/{DWARF}"),
    ("debuginfo-detached", lambda _: bundled(macho("python"), section=b"__debug_line"), f"lib/debug/{DWARF}"),
]


@pytest.mark.parametrize(("rule", "change", "place"), DEBUG_BREACHES)
def test_bundles_in_an_archive_of_debug_information(
    rule: str, change: Callable[[bytes], bytes], place: str, tmp_path: Path
) -> None:
    entries = {f"python/{place}": Entry(change(bundled(macho("python")))), "python/licenses/LICENSE.x.txt": Entry(b"x")}
    name = "cpython-3.13.5-aarch64-apple-darwin-debuginfo.tar.gz"
    sample = Sample(name=name, described=False, compression="gzip", entries=entries)
    assert rule in {item.rule for item in validate_archive(sample.write(tmp_path)).walk()}


def test_a_stripped_flavour_with_symbols_breaks_its_rule(tmp_path: Path) -> None:
    (made,) = _repacked(macos_sample(), "install_only", tmp_path)
    renamed_archive = made.with_name(made.name.replace("install_only", "install_only_stripped"))
    made.rename(renamed_archive)
    assert "flavour-stripped" in {item.rule for item in validate_archive(renamed_archive).walk()}


def test_an_archive_of_missing_debug_information_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no debug information"):
        _repacked(without_bundles(macos_sample()), "debuginfo", tmp_path)


def test_the_stripped_program_in_the_sample_holds(tmp_path: Path) -> None:
    sample = macos_sample()
    sample.file(PROGRAM).data = stripped(sample.file(PROGRAM).data)
    assert broken(sample, tmp_path) <= {"init-in-program"}
