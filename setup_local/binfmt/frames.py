"""Counts where machine code sets up a frame pointer, by the instructions that begin a compiled function."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from setup_local.binfmt.header import Header, Section

_EXECUTABLE = 4  # SHF_EXECINSTR
# How the frame pointer is set: `push %rbp; mov %rsp, %rbp` in the x86-64 psABI, `add x29, sp, #n` in the AArch64 one.
_X86_64 = re.compile(rb"\x55\x48\x89\xe5")
_AARCH64 = re.compile(rb"\xfd[\x03-\xff][\x00-\x3f]\x91", re.DOTALL)
_SET_UP: Mapping[str, re.Pattern[bytes]] = {
    "EM_X86_64": _X86_64,
    "EM_AARCH64": _AARCH64,
    "CPU_TYPE_X86_64": _X86_64,
    "CPU_TYPE_ARM64": _AARCH64,
}


def count_frames(data: bytes, machine: str, code: Sequence[tuple[int, int]]) -> int | None:
    """Return how often code sets up a frame, None for a processor that is not known here.

    `code` has the offset and size of each part of the file with instructions. Raises ValueError if they overlap:
    reading them all could take forever.
    """
    pattern = _SET_UP.get(machine)
    if pattern is None:
        return None
    if sum(size for _, size in code) > len(data):
        raise ValueError("the sections of code are larger than the file")
    return sum(len(pattern.findall(data, offset, offset + size)) for offset, size in code)


def frames(data: bytes, header: Header) -> int | None:
    """Return how often an ELF file sets up a frame, as `count_frames` does. Raises ValueError."""
    code = [(item.offset, item.size) for _, item in code_sections(data, header)]
    return count_frames(data, header.machine, code)


def code_sections(data: bytes, header: Header) -> list[tuple[int, Section]]:
    """Return the sections with machine code, each with its number.

    Raises ValueError for sections that overlap: reading them all could take forever.
    """
    code = [
        (number, item) for number, item in enumerate(header.sections) if item.flags & _EXECUTABLE and item.holds_bytes
    ]
    if sum(item.size for _, item in code) > len(data):
        raise ValueError("the sections of code are larger than the file")
    return code
