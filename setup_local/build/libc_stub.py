"""Corrects the C library that the wheel generates for links: names of one variable get one address.

A program at a fixed address may contain a variable of the C library itself (gABI, copy relocations), with all names
that the linker finds at the variable's address. The wheel's source has a variable for each name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from setup_local.errors import ToolchainError


def with_joined_names(source: Path, variables: Iterable[Sequence[str]]) -> str:
    """Return the library's assembly source with one variable for each group of names.

    Raises `ToolchainError` if a name is not defined exactly once, or not in the same version and size as the others.
    """
    text = source.read_text(encoding="ascii")
    for first, *others in variables:
        version, size = _defined(text, first, source)
        for name in others:
            if _defined(text, name, source) != (version, size):
                raise ToolchainError(f"{name} and {first} differ in the wheel's C library", where=source)
            text = text.replace(
                f"\n{name}_{version}: .fill {size}, 1, 0\n", f"\n.set {name}_{version}, {first}_{version}\n"
            )
    return text


def _defined(text: str, name: str, source: Path) -> tuple[str, str]:
    """Return the version (`2_0`) and size in bytes of a variable."""
    found = re.findall(rf"^{name}_(\d+(?:_\d+)*): \.fill (\d+), 1, 0$", text, re.MULTILINE)
    if len(found) != 1:
        raise ToolchainError(f"the wheel's C library has {len(found)} variables {name}, expected one", where=source)
    version, size = found[0]
    return version, size
