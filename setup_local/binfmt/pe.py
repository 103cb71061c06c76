"""Facts about one PE image, a program or DLL for Windows, and no opinion about them. All of them are read as the loader reads them."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field, replace

from setup_local.binfmt import coff_rows
from setup_local.binfmt.coff import COUNTERS, bits_of, machine_name
from setup_local.binfmt.coff_rows import SectionRow
from setup_local.binfmt.coff_symbols import read_symbols
from setup_local.binfmt.image import BadBinary, ImageSegment
from setup_local.binfmt.pe_layout import PeFile, mapped, read_pe
from setup_local.binfmt.pe_linking import NO_EXPORTS, Exported, Imported, read_delayed, read_exports, read_imports
from setup_local.binfmt.pe_resources import read_manifests
from setup_local.binfmt.pe_tables import DebugEntry, count_callbacks, count_relocations, is_guarded, read_debug
from setup_local.binfmt.symbols import NO_SYMBOLS, SymbolTable
from setup_local.values import BinaryFormat

_IDENTITY = ".buildid"
_COMMON = coff_rows.SHARED | coff_rows.WRITABLE
DEBUG = (".debug", ".zdebug", ".stab")  # how names of debug sections begin
# What LLVM calls functions of one file that its link-time optimizer had to tell from, or show to, others.
_LTO_NAME = re.compile(r"\w+\.(?:llvm\.)?\d+")


class BadPe(BadBinary):
    """The bytes are not a program or DLL for Windows, or a damaged one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pe:
    """What an image says about itself.

    `subsystem` is its number (2 for windows, 3 for a console), `subsystem_version` the oldest Windows that loads it.
    `imported` are the DLLs that are loaded with it, `delayed` those that are loaded when something of them is called.
    `callbacks` is how many functions the loader calls for each thread, `relocations` how many places it changes where the
    image is not loaded at its own address. A `detached` file holds the debug information of another one. `times` are all that are in it; 0 is none. `symbols` are those of
    the table that no loader reads, `manifests` are the texts in it that tell Windows how to start it, `shared` sections that all processes have in common and may write.
    """

    machine: str
    bits: int
    library: bool
    subsystem: int
    subsystem_version: tuple[int, int]
    characteristics: int
    time: int
    image_size: int
    imported: tuple[Imported, ...] = ()
    delayed: tuple[Imported, ...] = ()
    exported: Exported = NO_EXPORTS
    debug: tuple[DebugEntry, ...] = ()
    callbacks: int = 0
    relocations: int = 0
    movable: bool = False
    guarded: bool = False
    manifests: tuple[str, ...] = ()
    managed: bool = False
    detached: bool = False
    shared: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()
    segments: tuple[ImageSegment, ...] = field(default=(), repr=False)
    symbols: SymbolTable = field(default=NO_SYMBOLS, repr=False)

    @property
    def format(self) -> BinaryFormat:
        """Return the format's name."""
        return BinaryFormat.PE

    @property
    def linked(self) -> bool:
        """Tell whether a linker made the file for a loader."""
        return not self.detached

    @property
    def is_program(self) -> bool:
        """Tell whether the system starts it by itself."""
        return not self.library

    @property
    def standalone(self) -> bool:
        """Tell whether it runs without any loader: nothing for Windows does."""
        return False

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the DLLs of which something is taken, at start or later."""
        return tuple(dict.fromkeys(item.library for item in (*self.imported, *self.delayed)))

    @property
    def exports(self) -> frozenset[str]:
        """Return the names that other files can bind to."""
        return frozenset(self.exported.names)

    @property
    def forwarded(self) -> dict[str, str]:
        """Return the names that lead to another DLL, and where to."""
        return {name: target for name, target in self.exported.names.items() if target}

    @property
    def imports(self) -> frozenset[str]:
        """Return the names that are wanted of other files."""
        return frozenset(name for item in (*self.imported, *self.delayed) for name in item.names)

    @property
    def symbol_count(self) -> int:
        """Return how many symbols all its tables have."""
        return (
            len(self.symbols)
            + len(self.exported.names)
            + sum(len(item.names) for item in (*self.imported, *self.delayed))
        )

    @property
    def search_paths(self) -> tuple[str, ...]:
        """Return no places for libraries: an image for Windows names none."""
        return ()

    @property
    def identity(self) -> str | None:
        """Return the name that it was linked under."""
        return self.exported.identity

    @property
    def loader(self) -> None:
        """Return no loader: Windows has one."""

    @property
    def build_id(self) -> str:
        """Return in hexadecimal what its debug information is found by, empty without one.

        Without an identity of its own, an image is known by time and size (as symbol servers do), if the time is a hash of its content.
        """
        own = next((entry.identity for entry in self.debug if entry.identity), "")
        return own or (f"{self.time:08x}{self.image_size:x}" if self._hashed else "")

    @property
    def _hashed(self) -> bool:
        """Tell whether times in it are hashes of its content."""
        return any(entry.reproducible for entry in self.debug)

    @property
    def pdb(self) -> str:
        """Return the path at which it says that its debug information was, empty without one."""
        return next((entry.pdb for entry in self.debug if entry.pdb), "")

    @property
    def times(self) -> frozenset[int]:
        """Return every time in it; times that the file says are hashes of its content do not count."""
        if self._hashed:
            return frozenset()
        return frozenset({self.time, *(entry.time for entry in self.debug)}) - {0}

    @property
    def debug_sections(self) -> frozenset[str]:
        """Return the names of the sections with debug information."""
        return frozenset(name for name in self.sections if name.startswith(DEBUG))

    @property
    def stripped(self) -> bool:
        """Tell whether it has neither debug information nor a table of symbols."""
        return not (self.symbols.defined or self.debug_sections)

    @property
    def bitcode(self) -> bool:
        """Tell whether there is code for a link-time optimizer: linkers leave none."""
        return False

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return the functions that have a name which only LLVM's link-time optimizer gives."""
        return frozenset(name for name in self.symbols.functions if _LTO_NAME.fullmatch(name))

    @property
    def frames(self) -> None:
        """Return nothing: how often frame pointers are set up is not counted in this format."""

    @property
    def counters(self) -> frozenset[str]:
        """Return the names of the sections in which an instrumented program counts."""
        return frozenset(name for name in self.sections if name.startswith(COUNTERS))

    @property
    def claims_guard(self) -> bool:
        """Tell whether it says that its calls are checked (Control Flow Guard)."""
        return bool(self.characteristics & coff_rows.GUARDED)

    @property
    def dynamic_base(self) -> bool:
        """Tell whether it may be loaded anywhere (ASLR)."""
        return bool(self.characteristics & coff_rows.DYNAMIC_BASE)

    @property
    def nx_compatible(self) -> bool:
        """Tell whether data need not be executable (DEP)."""
        return bool(self.characteristics & coff_rows.NX_COMPATIBLE)

    @property
    def high_entropy(self) -> bool:
        """Tell whether it may be loaded beyond 4 GiB."""
        return bool(self.characteristics & coff_rows.HIGH_ENTROPY)


def read_pe_image(data: bytes) -> Pe:
    """Read the facts of an image. Raises `BadPe`."""
    try:
        return _facts(read_pe(data))
    except (struct.error, ValueError, OverflowError) as error:
        raise BadPe(f"damaged PE file: {error}") from error


def _facts(file: PeFile) -> Pe:
    header, optional = file.header, file.optional
    common = Pe(
        machine=machine_name(header.machine),
        bits=64 if file.wide else bits_of(header.machine) or 32,
        library=bool(header.characteristics & coff_rows.DLL),
        subsystem=optional.subsystem,
        subsystem_version=(optional.subsystem_major, optional.subsystem_minor),
        characteristics=optional.characteristics,
        time=header.time,
        image_size=optional.image_size,
        movable=not header.characteristics & coff_rows.RELOCATIONS_STRIPPED,
        managed=file.directory(coff_rows.CLR) is not None,
        shared=frozenset(file.section_name(row) for row in file.sections if row.characteristics & _COMMON == _COMMON),
        sections=frozenset(map(file.section_name, file.sections)),
        segments=tuple(map(_segment, file.sections)),
        symbols=read_symbols(file.data, header),
    )
    if _is_detached(file):
        return replace(common, detached=True, debug=read_debug(file) if _IDENTITY in common.sections else ())
    return replace(
        common,
        imported=read_imports(file),
        delayed=read_delayed(file),
        exported=read_exports(file),
        debug=read_debug(file),
        callbacks=count_callbacks(file),
        relocations=count_relocations(file),
        guarded=is_guarded(file),
        manifests=read_manifests(file),
    )


def _is_detached(file: PeFile) -> bool:
    """Tell whether only debug information, and what it is found by, has bytes: nothing that runs, or has other files loaded."""
    code = any(row.characteristics & coff_rows.EXECUTABLE for row in file.sections)
    rest = (row for row in file.sections if not file.section_name(row).startswith((*DEBUG, _IDENTITY)))
    return (
        code
        and not any(row.size for row in rest)
        and not any(map(file.has_bytes, (coff_rows.IMPORTS, coff_rows.DELAYED)))
    )


def _segment(row: SectionRow) -> ImageSegment:
    return ImageSegment(
        offset=row.offset,
        size=mapped(row),
        address=row.address,
        memory=row.virtual_size or row.size,
        writable=bool(row.characteristics & coff_rows.WRITABLE),
        executable=bool(row.characteristics & coff_rows.EXECUTABLE),
    )
