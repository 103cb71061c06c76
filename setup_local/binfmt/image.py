"""What is asked of a binary, and done to it, whatever its format. ELF is the first; Mach-O and PE come beside it in `formats`."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Protocol


class BinaryFormat(Enum):
    """Format of programs, shared libraries and objects."""

    ELF = "elf"
    MACHO = "mach-o"
    PE = "pe"


class ImageSegment(NamedTuple):
    """A part of a file that is mapped: where it lies, where it is mapped (without relocation), and what may be done there."""

    offset: int
    size: int
    address: int
    memory: int
    writable: bool
    executable: bool


class Image(Protocol):
    """Facts about one binary, read as a loader reads them where that makes a difference."""

    @property
    def format(self) -> BinaryFormat:
        """Return the file's format."""

    @property
    def machine(self) -> str:
        """Return the processor by the format's own name for it."""

    @property
    def bits(self) -> int:
        """Return how many bits an address has."""

    @property
    def linked(self) -> bool:
        """Tell whether a linker made the file for a loader."""

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the libraries that it must have, in their order."""

    @property
    def exports(self) -> frozenset[str]:
        """Return the names that other files can bind to."""

    @property
    def imports(self) -> frozenset[str]:
        """Return the names that are wanted of other files."""

    @property
    def search_paths(self) -> tuple[str, ...]:
        """Return its own places for libraries."""

    @property
    def identity(self) -> str | None:
        """Return the name by which others need it: soname, install name, name of the DLL."""

    @property
    def loader(self) -> str | None:
        """Return the program that starts this one."""

    @property
    def build_id(self) -> str:
        """Return in hexadecimal what its debug information is found by, empty without one."""

    @property
    def sections(self) -> frozenset[str]:
        """Return the names of all sections."""

    @property
    def segments(self) -> tuple[ImageSegment, ...]:
        """Return the parts that are mapped."""


class Rewriter(Protocol):
    """Makes other files of one linked binary. Every method may raise ValueError, IndexError, KeyError and `struct.error`."""

    def strip(self) -> bytes:
        """Return the file without what is not loaded: symbol tables and debug information."""

    def detach(self) -> bytes:
        """Return the debug information alone, as a debugger reads it for the stripped file."""

    def has_debug(self) -> bool:
        """Tell whether there is debug information in it."""

    def set_loader(self, name: str) -> bytes:
        """Return a program that asks for another loader, whose name is not longer, with the build id that goes with that."""
