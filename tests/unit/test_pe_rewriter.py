"""Rewriting a PE image: stripping, and detaching its debug information."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hostile_pe import put, with_directory, with_header

from setup_local.binfmt.coff_rows import CERTIFICATES
from setup_local.binfmt.formats import rewriter
from setup_local.binfmt.image import Rewriter
from setup_local.binfmt.pe import read_pe_image
from setup_local.binfmt.pe_layout import read_pe
from setup_local.binfmt.pe_rewriter import checksum
from setup_local.errors import StageError
from setup_local.flavors.detach import detach
from setup_local.flavors.strip import strip

PE = Path(__file__).resolve().parent.parent / "binaries" / "pe"
WITH_DEBUG = ["debug.pyd", "architectures/aarch64.pyd", "architectures/i686.pyd"]
_CHECKSUM = 64


def data(name: str) -> bytes:
    return (PE / name).read_bytes()


def file(body: bytes) -> Rewriter:
    found = rewriter(body)
    assert found is not None
    return found


@pytest.mark.parametrize("name", [*WITH_DEBUG, "symbols.pyd"])
def test_a_stripped_file_is_the_same_without_symbols(name: str) -> None:
    body = data(name)
    stripped = strip(body, where="x")
    before, after = read_pe_image(body), read_pe_image(stripped)
    assert not before.stripped
    assert after.stripped
    assert len(stripped) < len(body)
    for field in ("machine", "needed", "exports", "imports", "identity", "build_id", "relocations", "characteristics"):
        assert getattr(after, field) == getattr(before, field)
    assert after.segments == before.segments[: len(after.segments)]
    assert strip(stripped, where="x") == stripped
    last = read_pe(stripped).sections[-1]
    assert read_pe(stripped).optional.image_size == last.address + 0x1000


@pytest.mark.parametrize("name", ["good.pyd", "python.exe"])
def test_a_file_without_symbols_does_not_change(name: str) -> None:
    assert strip(data(name), where="x") == data(name)


@pytest.mark.parametrize("name", ["debug.pyd", "architectures/i686.pyd"])
def test_detached_debug_information_belongs_to_its_file(name: str) -> None:
    body = data(name)
    identity = read_pe_image(body).build_id
    found = detach(body, where="x")
    assert found is not None
    place, debug = found
    alone = read_pe_image(debug)
    assert place == f".build-id/{identity[:2]}/{identity[2:]}.debug"
    assert alone.detached
    assert not alone.linked
    assert alone.build_id == identity
    assert alone.debug_sections == read_pe_image(body).debug_sections
    assert alone.symbols == read_pe_image(body).symbols
    assert len(debug) < len(body)
    assert (file(body).has_debug(), file(strip(body, where="x")).has_debug()) == (True, False)


def test_an_existing_checksum_is_updated() -> None:
    marked = with_header(data("debug.pyd"), _CHECKSUM, "I", 1)
    stripped = strip(marked, where="x")
    said = read_pe(stripped).optional.checksum
    assert said == checksum(stripped, read_pe(stripped).optional_at + _CHECKSUM) > len(stripped)
    assert read_pe(strip(data("debug.pyd"), where="x")).optional.checksum == 0
    assert checksum(b"\xff\xff\1\0" + bytes(4) + b"\2", 4) == 3 + 9


def test_long_names_of_sections_that_stay_are_kept() -> None:
    body = data("debug.pyd")
    renamed = _renamed(body, read_pe_image(body).debug_sections)
    stripped = strip(renamed, where="x")
    assert read_pe_image(stripped).sections == read_pe_image(renamed).sections >= {".other_info"}
    assert read_pe_image(stripped).stripped
    file = read_pe(body)
    last = file.section_name(file.sections[-1])
    with pytest.raises(StageError, match="before sections that are loaded"):
        strip(_renamed(body, {last}), where="x")


def _renamed(body: bytes, names: Iterable[str]) -> bytes:
    """Rename sections with debug information."""
    strings = read_pe(body).strings_at
    head, tail = body[:strings], body[strings:]
    for name in names:
        tail = tail.replace(name.encode(), name.replace("debug", "other").encode())
    return head + tail


def test_signed_files_and_files_with_trailing_data_are_refused() -> None:
    with pytest.raises(StageError, match="it is signed"):
        strip(with_directory(data("debug.pyd"), CERTIFICATES, 8, 8), where="x")
    with pytest.raises(StageError, match="after its sections"):
        strip(data("symbols.pyd") + b"more", where="x")
    assert strip(data("good.pyd") + b"more", where="x") == data("good.pyd") + b"more"


def test_programs_name_no_loader() -> None:
    with pytest.raises(ValueError, match="do not name a loader"):
        file(data("python.exe")).set_loader("/lib/ld.so")


def test_a_program_for_dos_is_left_alone() -> None:
    assert rewriter(b"MZ" + bytes(100)) is None
    assert rewriter(put(data("good.pyd"), 0x3C, "I", 0)) is None


def test_a_file_without_debug_information_is_left_alone() -> None:
    assert detach(data("good.pyd"), where="x") is None
    assert detach(data("no-build-id.pyd"), where="x") is None
