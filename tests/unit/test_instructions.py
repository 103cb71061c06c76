"""Instructions that the baseline processors lack are found by their encoding, in the functions that contain them."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.binfmt.elf import read_elf

ELF = Path(__file__).parent.parent / "binaries" / "elf"
EXPECTED = {
    ("LSE", "add_at_once"),
    ("LSE", "swap"),
    ("LSE", "compare_and_swap"),
    ("LSE", "compare_pairs"),
    ("dot product", "dot"),
    ("dot product", "dot_of_element"),
    ("SVE", "scalable"),
}


@pytest.mark.parametrize("name", ["newer-instructions.o", "newer-instructions.so"])
def test_newer_instructions_are_found_and_neither_old_ones_nor_data(name: str) -> None:
    assert read_elf((ELF / name).read_bytes()).newer == EXPECTED


@pytest.mark.parametrize("name", ["other-machine.o", "core.o", "good.so"])
def test_other_files_have_none(name: str) -> None:
    assert not read_elf((ELF / name).read_bytes()).newer
