"""What is asked of a binary, and done to it, whatever its format. ELF is the first; Mach-O and PE come beside it in `formats`."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from setup_local.binfmt.symbols import SymbolTable
from setup_local.values import BinaryFormat


class BadBinary(ValueError):
    """The bytes are not a file of the format that they claim, or a damaged one."""


class ImageSegment(NamedTuple):
    """A part of a file that is mapped: where it lies, where it is mapped (without relocation), and what may be done there.

    `alignment` is what the two places have in common, 0 where the format does not say.
    """

    offset: int
    size: int
    address: int
    memory: int
    writable: bool
    executable: bool
    alignment: int = 0


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
    def is_program(self) -> bool:
        """Tell whether the system starts it by itself."""

    @property
    def standalone(self) -> bool:
        """Tell whether it runs without any loader: everything that it calls is in it."""

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
    def symbols(self) -> SymbolTable:
        """Return the full table of symbols, by their names in C; it is empty when stripped."""

    @property
    def symbol_count(self) -> int:
        """Return how many symbols all its tables have."""

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
    def stripped(self) -> bool:
        """Tell whether it has no debug information, and no symbols but those that a loader reads."""

    @property
    def bitcode(self) -> bool:
        """Tell whether there is code for a link-time optimizer, which fits one release of LLVM only."""

    @property
    def counters(self) -> frozenset[str]:
        """Return the names of the sections in which an instrumented program counts."""

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return the functions that have a name which only LLVM's link-time optimizer gives."""

    @property
    def frames(self) -> int | None:
        """Return how often its code sets up a frame pointer, None where that is not known."""

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
