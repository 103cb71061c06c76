"""Reads the map that LLD writes of a Windows DLL (`/map`): which functions are in hot code, and what names it has.

A DLL has neither after the link: sections with hot code are merged with others, and there is no table of symbols.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The bounds on lengths keep hostile files from taking forever.
_ADDRESS = rb"^ [0-9a-f]{4}:[0-9a-f]{8} {1,16}"
_SECTION = re.compile(_ADDRESS + rb"[0-9a-f]{8}H \.text\$hot\$(\S{1,512}) {1,64}CODE\r?$", re.MULTILINE)
_SYMBOL = re.compile(_ADDRESS + rb"(\S{1,512}) {1,64}[0-9a-f]{16} {1,16}\S", re.MULTILINE)
_LTO_NAME = re.compile(r"\w+\.llvm\.\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkerMap:
    """The names in a map as the linker sees them, and those of functions with their own section of hot code."""

    names: frozenset[str]
    hot: frozenset[str]

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return the functions with a name that only LLVM's link-time optimizer generates."""
        return frozenset(name for name in self.names if _LTO_NAME.fullmatch(name))

    def lacks(self, exports: frozenset[str]) -> frozenset[str]:
        """Return those of a DLL's exports that the map does not name; 32-bit names start with an underscore there."""
        return frozenset(name for name in exports if name not in self.names and f"_{name}" not in self.names)


def read_linker_map(data: bytes) -> LinkerMap:
    """Read a map; a file that is none has no names."""
    return LinkerMap(names=_found(_SYMBOL, data), hot=_found(_SECTION, data))


def _found(pattern: re.Pattern[bytes], data: bytes) -> frozenset[str]:
    return frozenset(name.decode("utf-8", "replace") for name in pattern.findall(data))
