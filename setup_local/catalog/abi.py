"""The build options that change the ABI, and their letters in names (PEP 3149, PEP 703).

They appear in the names of the interpreter, its library and headers, shared modules and pkg-config files:
`python3.13t`,
`libpython3.13d.a`, `cpython-313td-x86_64-linux-gnu.so`.
"""

from __future__ import annotations

from collections.abc import Collection

from setup_local.values import BuildOption

# In the order in which CPython's configure combines them.
_FLAGS = {BuildOption.FREETHREADED: "t", BuildOption.DEBUG: "d"}


def abi_flags(options: Collection[BuildOption]) -> str:
    """Return the ABI flags of a build (`sys.abiflags`): empty for the default build."""
    return "".join(flag for option, flag in _FLAGS.items() if option in options)


def abi_flags_of(words: Collection[str]) -> str:
    """Return the ABI flags for the build options in an archive's name."""
    return abi_flags([option for option in BuildOption if option.value in words])
