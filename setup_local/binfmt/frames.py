"""Counts where machine code sets up a frame pointer: by what a compiler begins a function with."""

from __future__ import annotations

import re
from collections.abc import Mapping

from setup_local.binfmt.header import Header, Section

_EXECUTABLE = 4  # SHF_EXECINSTR
# How the frame pointer gets its value: the psABI of x86-64 has `push %rbp; mov %rsp, %rbp`, the one of AArch64 `add x29, sp, #n`.
_SET_UP: Mapping[str, re.Pattern[bytes]] = {
    "EM_X86_64": re.compile(rb"\x55\x48\x89\xe5"),
    "EM_AARCH64": re.compile(rb"\xfd[\x03-\xff][\x00-\x3f]\x91", re.DOTALL),
}


def frames(data: bytes, header: Header) -> int | None:
    """Return how often the code of a file sets up a frame, None for a processor whose code is not known here.

    Raises ValueError for sections that overlap: reading them all could take for ever.
    """
    pattern = _SET_UP.get(header.machine)
    if pattern is None:
        return None
    code = code_sections(data, header)
    return sum(len(pattern.findall(data, item.offset, item.offset + item.size)) for _, item in code)


def code_sections(data: bytes, header: Header) -> list[tuple[int, Section]]:
    """Return the sections that hold machine code, each with its number.

    Raises ValueError for sections that overlap: reading them all could take for ever.
    """
    code = [
        (number, item) for number, item in enumerate(header.sections) if item.flags & _EXECUTABLE and item.holds_bytes
    ]
    if sum(item.size for _, item in code) > len(data):
        raise ValueError("the sections of code are larger than the file")
    return code
