"""Gives a program of macOS the stack that its link asked for: LLVM's linker takes the option, and says that it does nothing yet.

CPython asks for twice the system's own size, as its limit of recursion counts on it. The number stands in the load command that
names the program's start; the signature is made anew.
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
_BEFORE = 8  # of the command's own fields: where the program starts


def asked(words: Iterable[str]) -> int:
    """Return the size in bytes that the words of a link ask for (ld(1): a hexadecimal number), 0 without one."""
    sizes = [int(word.removeprefix(_OPTION), _HEXADECIMAL) for word in words if word.startswith(_OPTION)]
    return sizes[-1] if sizes else 0


def with_stack(data: bytes, size: int) -> bytes:
    """Return a program with a stack of that size, signed as it was. Raises ValueError, `struct.error` for what is no program."""
    command = rows.read_layout(data).first(rows.MAIN)
    if command is None:
        raise ValueError("it does not say where it starts")
    body = bytearray(data)
    _STACK.pack_into(body, command.at + rows.COMMAND.size + _BEFORE, size)
    return signed(bytes(body))


def give_stack(program: Path, size: int) -> None:
    """Rewrite a program in place; raise `StepError` for what is none."""
    try:
        changed = with_stack(program.read_bytes(), size)
    except (ValueError, struct.error) as error:
        raise StepError(f"is not a program of macOS: {error}", where=program.name) from error
    program.write_bytes(changed)
