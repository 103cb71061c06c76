"""The stack size of a macOS program: it is written where the system reads it, and the signature stays valid."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho import read_slices
from setup_local.build import darwin_stack
from setup_local.errors import StepError

MACHO = Path(__file__).parent.parent / "binaries" / "macho"
PROGRAM = "python"
SIZE = 0x1000000


def _stack(data: bytes) -> int:
    command = rows.read_layout(data).first(rows.MAIN)
    assert command is not None
    found: int = struct.unpack_from("<Q", command.body, rows.COMMAND.size + 8)[0]
    return found


def test_the_last_option_of_the_link_determines_the_size() -> None:
    words = ["-Wl,-stack_size,4000000", "-Wl,-stack_size,1000000", "-framework", "CoreFoundation"]
    assert darwin_stack.asked(words) == SIZE
    assert darwin_stack.asked(["-ldl"]) == 0


def test_a_program_gets_its_stack_size_and_a_valid_signature(tmp_path: Path) -> None:
    program = tmp_path / "python3"
    program.write_bytes((MACHO / PROGRAM).read_bytes())
    before = read_slices(program.read_bytes())
    assert _stack(program.read_bytes()) != SIZE
    darwin_stack.give_stack(program, SIZE)
    assert _stack(program.read_bytes()) == SIZE
    (after,) = read_slices(program.read_bytes())
    assert after.signature is not None
    assert not after.signature.problems
    assert after.needed == before[0].needed


def test_a_file_that_is_not_a_program_is_refused(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.write_bytes((MACHO / "libpython3.13.dylib").read_bytes())
    with pytest.raises(StepError, match="has no entry point"):
        darwin_stack.give_stack(library, SIZE)
    library.write_bytes(b"text")
    with pytest.raises(StepError, match="is not a macOS program"):
        darwin_stack.give_stack(library, SIZE)
