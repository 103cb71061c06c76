"""One view of binaries of any format, and rewriting them: with real ELF files for eight processors."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.binfmt.elf import build_id, read_elf
from setup_local.binfmt.formats import read_image, rewriter
from setup_local.binfmt.image import Image
from setup_local.values import BinaryFormat

ELF = Path(__file__).resolve().parent.parent / "binaries" / "elf"
PROGRAMS = [ELF / "python", *sorted(ELF.glob("architectures/python-*"))]
MODULES = [ELF / "origin.so", *sorted(ELF.glob("architectures/*.so"))]


def image(path: Path) -> Image:
    found = read_image(path.read_bytes())
    assert found is not None
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_seen_without_its_format(path: Path) -> None:
    found = image(path)
    assert found.format is BinaryFormat.ELF
    assert found.linked
    assert found.needed == ("libc.so.6",)
    assert "PyInit__shared" in found.exports
    assert "puts" in found.imports
    assert found.search_paths == ("$ORIGIN/../lib",)
    assert found.loader is None
    assert found.build_id
    assert ".text" in found.sections
    assert any(segment.executable for segment in found.segments)
    assert not any(segment.writable and segment.executable for segment in found.segments)
    assert all(segment.offset + segment.size <= path.stat().st_size for segment in found.segments)


def test_a_library_has_an_identity_and_code_may_be_writable() -> None:
    assert image(ELF / "libpython3.13.so.1.0").identity == "libpython3.13.so.1.0"
    assert any(segment.writable and segment.executable for segment in image(ELF / "writable-code.so").segments)


def test_imports_of_an_object_come_from_its_symbol_table() -> None:
    found = image(ELF / "wanting-gettid.o")
    assert not found.linked
    assert "gettid" in found.imports


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_a_program_asks_for_another_loader(path: Path) -> None:
    file, before = rewriter(path.read_bytes()), image(path)
    assert file is not None
    changed = file.set_loader("/lib/ld.so.9"[: len(before.loader or "")])
    after = read_elf(changed)
    assert after.loader == "/lib/ld.so.9"[: len(before.loader or "")]
    assert len(changed) == path.stat().st_size
    assert after.build_id == build_id(changed) != before.build_id
    assert after.disagreements == ()
    assert (after.needed, after.exports, after.segments) == (before.needed, before.exports, before.segments)


def test_a_longer_name_has_no_room() -> None:
    file = rewriter((ELF / "python").read_bytes())
    assert file is not None
    with pytest.raises(ValueError, match="no room"):
        file.set_loader("/lib/" + "x" * 100)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_what_is_stripped_has_no_debug_information_and_what_is_detached_has_it(path: Path) -> None:
    file = rewriter(path.read_bytes())
    assert file is not None
    assert file.has_debug()
    stripped, detached = rewriter(file.strip()), rewriter(file.detach())
    assert stripped is not None
    assert detached is not None
    assert (stripped.has_debug(), detached.has_debug()) == (False, True)


@pytest.mark.parametrize("name", ["bundled.o", "libbundled.a"])
def test_files_that_are_not_linked_are_not_rewritten(name: str) -> None:
    assert rewriter((ELF / name).read_bytes()) is None


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"M", b"\xca\xfe\xba\xbe\0\0\0\x34"])
def test_other_files_have_no_image(data: bytes) -> None:
    assert read_image(data) is None
    assert rewriter(data) is None
