"""Interfaces to a binary of any format: `Image` reads it, `Rewriter` changes it. `formats` lists the formats."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from setup_local.binfmt.symbols import SymbolTable
from setup_local.values import BinaryFormat


class BadBinary(ValueError):
    """The bytes are not a file of the format that they claim, or the file is damaged."""


class ImageSegment(NamedTuple):
    """A mapped part of a file: its place in the file, its address (without relocation), and its permissions.

    `offset` and `address` are congruent modulo `alignment`, which is 0 if the format does not state it.
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
        """Return whether a linker made the file for a loader."""

    @property
    def is_program(self) -> bool:
        """Return whether the system starts it directly."""

    @property
    def standalone(self) -> bool:
        """Return whether it runs without a loader: it contains everything that it calls."""

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the required libraries in order."""

    @property
    def exports(self) -> frozenset[str]:
        """Return the names that other files can bind to."""

    @property
    def imports(self) -> frozenset[str]:
        """Return the names that it requires from other files."""

    @property
    def symbols(self) -> SymbolTable:
        """Return the full symbol table, by names in C; it is empty when stripped."""

    @property
    def symbol_count(self) -> int:
        """Return how many symbols all its tables have."""

    @property
    def search_paths(self) -> tuple[str, ...]:
        """Return its own search paths for libraries."""

    @property
    def identity(self) -> str | None:
        """Return the name by which others need it: soname, install name, name of the DLL."""

    @property
    def loader(self) -> str | None:
        """Return the loader that starts this program."""

    @property
    def build_id(self) -> str:
        """Return the id by which its debug information is found, in hexadecimal, empty without one."""

    @property
    def sections(self) -> frozenset[str]:
        """Return the names of all sections."""

    @property
    def stripped(self) -> bool:
        """Return whether it has no debug information, and no symbols except those that a loader reads."""

    @property
    def bitcode(self) -> bool:
        """Return whether it contains code for a link-time optimizer, which fits only one release of LLVM."""

    @property
    def counters(self) -> frozenset[str]:
        """Return the names of the sections with an instrumented program's counters."""

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return the functions with a name that only LLVM's link-time optimizer generates."""

    @property
    def frames(self) -> int | None:
        """Return how often its code sets up a frame pointer, None if unknown."""

    @property
    def segments(self) -> tuple[ImageSegment, ...]:
        """Return the mapped parts."""


class Rewriter(Protocol):
    """Rewrites one linked binary. Every method may raise ValueError, IndexError, KeyError and `struct.error`."""

    def strip(self) -> bytes:
        """Return the file without the parts that are not loaded: symbol tables and debug information."""

    def detach(self) -> bytes:
        """Return the debug information alone, as a debugger reads it for the stripped file."""

    def has_debug(self) -> bool:
        """Return whether it contains debug information."""

    def set_loader(self, name: str) -> bytes:
        """Return a program that requests another loader, whose name must not be longer, with a matching build id."""
