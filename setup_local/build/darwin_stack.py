"""Sets the stack size of a macOS program as its link requested: LLVM's linker accepts the option without effect.

CPython requests twice the system's default, which its recursion limit relies on. The size is in the load command that
names the program's entry point; the signature is recomputed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.macho_rewriter import signed
from setup_local.errors import StepError

_OPTION = "-Wl,-stack_size,"
_HEXADECIMAL = 16
_STACK = struct.Struct("<Q")
_BEFORE = 8  # of the command's own fields: the entry point


def asked(words: Iterable[str]) -> int:
    """Return the size in bytes that a link's arguments request (ld(1): a hexadecimal number), 0 if they do not."""
    sizes = [int(word.removeprefix(_OPTION), _HEXADECIMAL) for word in words if word.startswith(_OPTION)]
    return sizes[-1] if sizes else 0


def with_stack(data: bytes, size: int) -> bytes:
    """Return a program with this stack size, signed as before. Raises ValueError, `struct.error` for other files."""
    command = rows.read_layout(data).first(rows.MAIN)
    if command is None:
        raise ValueError("it has no entry point")
    body = bytearray(data)
    _STACK.pack_into(body, command.at + rows.COMMAND.size + _BEFORE, size)
    return signed(bytes(body))


def give_stack(program: Path, size: int) -> None:
    """Rewrite a program in place; raise `StepError` for a file that is not one."""
    try:
        changed = with_stack(program.read_bytes(), size)
    except (ValueError, struct.error) as error:
        raise StepError(f"is not a macOS program: {error}", where=program.name) from error
    program.write_bytes(changed)
