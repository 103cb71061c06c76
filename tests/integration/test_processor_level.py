"""The processor level that the interpreter's code requires: not above the target's level, and not below it."""

from __future__ import annotations

import io
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from iced_x86 import CpuidFeature, Decoder, Mnemonic
from installed import Installation

from setup_local.values import processor_level

LEVELS = {
    "v2": "SSE3 SSSE3 SSE4_1 SSE4_2 POPCNT CMPXCHG16B",
    "v3": "AVX AVX2 BMI1 BMI2 F16C FMA LZCNT MOVBE",
    "v4": "AVX512F AVX512VL AVX512BW AVX512DQ AVX512CD",
}
"""Features that each level adds to the previous ones (x86-64 psABI, "Micro-Architecture Levels")."""
OWN = ("Py", "_Py")
"""Prefixes of CPython's functions: libraries also contain code for newer processors, which they select at run time."""
NEEDED = struct.pack("<II", 0xC0008002, 4)  # GNU_PROPERTY_X86_ISA_1_NEEDED and the size of its value
UNKNOWN = struct.pack("<I", 1 << 20)  # a level that no processor has


def test_the_code_is_for_the_level_of_the_target(installation: Installation) -> None:
    level = processor_level(installation.description["target_triple"])
    names = dict(CpuidFeature.__dict__)
    features = {name: {names[word] for word in words.split()} for name, words in LEVELS.items()}
    found = _features(installation.python.resolve())
    for name, wanted in features.items():
        if name <= level:
            assert found & wanted, f"nothing of {name} is in the code"
        else:
            assert not found & wanted, f"code for {name}, which processors of the target may not have"


def _features(program: Path) -> set[int]:
    """Return the features that the instructions of CPython's own functions require.

    TZCNT does not count: older processors execute it as BSF, and compilers emit it where both have the same result.
    """
    instructions = (item for code in _functions(program.read_bytes()) for item in Decoder(64, code))
    return {feature for item in instructions if item.mnemonic != Mnemonic.TZCNT for feature in item.cpuid_features()}


def _functions(data: bytes) -> Iterator[bytes]:
    """Yield the code of each CPython function that the program exports."""
    elf = ELFFile(io.BytesIO(data))
    sections = [(item["sh_addr"], item["sh_addr"] + item["sh_size"], item["sh_offset"]) for item in elf.iter_sections()]
    for symbol in elf.get_section_by_name(".dynsym").iter_symbols():
        start, size = symbol["st_value"], symbol["st_size"]
        if symbol["st_info"]["type"] == "STT_FUNC" and size and symbol.name.startswith(OWN):
            first, _, offset = next(item for item in sections if item[0] and item[0] <= start < item[1])
            place = start - first + offset
            yield data[place : place + size]


def test_a_loader_reads_which_level_is_wanted(installation: Installation, workshop: Path) -> None:
    """A program whose note names a level that no processor has is refused with a message (glibc 2.33 and newer)."""
    program = installation.python.resolve().read_bytes()
    at = program.find(NEEDED)
    level = processor_level(installation.description["target_triple"])
    assert (at > 0) == bool(level)
    if not level or installation.c_library != "glibc":
        pytest.skip("the target names no processor level, or its loader does not look at it")
    changed = workshop / "for-no-processor"
    changed.write_bytes(program[: at + len(NEEDED)] + UNKNOWN + program[at + len(NEEDED) + len(UNKNOWN) :])
    changed.chmod(0o755)
    done = subprocess.run([changed, "-c", "pass"], capture_output=True, text=True, check=False)
    assert "CPU ISA level is lower than required" in done.stderr
