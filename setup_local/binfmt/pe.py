"""Facts about one PE image (a Windows program or DLL), without any policy; all are read as the loader reads them."""

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
DEBUG = (".debug", ".zdebug", ".stab")  # prefixes of debug sections
# Names that LLVM's link-time optimizer gives to local functions to make them unique, or visible to other files.
_LTO_NAME = re.compile(r"\w+\.(?:llvm\.)?\d+")


class BadPe(BadBinary):
    """The bytes are not a Windows program or DLL, or the file is damaged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pe:
    """Facts that an image states about itself.

    `subsystem` is its number (2 for windows, 3 for a console), `subsystem_version` the oldest Windows that loads it.
    `imported` are the DLLs that are loaded with it, `delayed` those that are loaded only when something in them is
    called. `callbacks` is how many functions the loader calls for each thread, `relocations` how many places it changes
    if the image is not loaded at its preferred address. A `detached` file holds the debug information of another file.
    `times` are all times in it; 0 counts as none. `symbols` are those of the table that no loader reads. `manifests`
    are its texts that tell Windows how to start it. `shared` are writable sections that all processes have in common.
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
        """Return whether a linker made the file for a loader."""
        return not self.detached

    @property
    def is_program(self) -> bool:
        """Return whether the system starts it directly."""
        return not self.library

    @property
    def standalone(self) -> bool:
        """Return whether it runs without a loader: no Windows image does."""
        return False

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the DLLs that it uses, at start or later."""
        return tuple(dict.fromkeys(item.library for item in (*self.imported, *self.delayed)))

    @property
    def exports(self) -> frozenset[str]:
        """Return the names that other files can bind to."""
        return frozenset(self.exported.names)

    @property
    def forwarded(self) -> dict[str, str]:
        """Return the names that are forwarded to another DLL, and their targets."""
        return {name: target for name, target in self.exported.names.items() if target}

    @property
    def imports(self) -> frozenset[str]:
        """Return the names that it requires from other files."""
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
        """Return no search paths for libraries: a Windows image has none."""
        return ()

    @property
    def identity(self) -> str | None:
        """Return the name under which it was linked."""
        return self.exported.identity

    @property
    def loader(self) -> None:
        """Return None: a Windows image does not name its loader."""

    @property
    def build_id(self) -> str:
        """Return the id by which its debug information is found, in hexadecimal, empty without one.

        Without its own id, an image is identified by time and size (as on symbol servers) if the time is a hash of its
        content.
        """
        own = next((entry.identity for entry in self.debug if entry.identity), "")
        return own or (f"{self.time:08x}{self.image_size:x}" if self._hashed else "")

    @property
    def _hashed(self) -> bool:
        """Return whether its times are hashes of its content."""
        return any(entry.reproducible for entry in self.debug)

    @property
    def pdb(self) -> str:
        """Return the path that it records for its debug information, empty without one."""
        return next((entry.pdb for entry in self.debug if entry.pdb), "")

    @property
    def times(self) -> frozenset[int]:
        """Return every time in it, except times that the file declares to be hashes of its content."""
        if self._hashed:
            return frozenset()
        return frozenset({self.time, *(entry.time for entry in self.debug)}) - {0}

    @property
    def debug_sections(self) -> frozenset[str]:
        """Return the names of the sections with debug information."""
        return frozenset(name for name in self.sections if name.startswith(DEBUG))

    @property
    def stripped(self) -> bool:
        """Return whether it has neither debug information nor a symbol table."""
        return not (self.symbols.defined or self.debug_sections)

    @property
    def bitcode(self) -> bool:
        """Return whether it contains code for a link-time optimizer: linkers leave none."""
        return False

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return the functions with a name that only LLVM's link-time optimizer generates."""
        return frozenset(name for name in self.symbols.functions if _LTO_NAME.fullmatch(name))

    @property
    def frames(self) -> None:
        """Return None: frame-pointer setups are not counted in this format."""

    @property
    def counters(self) -> frozenset[str]:
        """Return the names of the sections with an instrumented program's counters."""
        return frozenset(name for name in self.sections if name.startswith(COUNTERS))

    @property
    def claims_guard(self) -> bool:
        """Return whether it claims that its calls are checked (Control Flow Guard)."""
        return bool(self.characteristics & coff_rows.GUARDED)

    @property
    def dynamic_base(self) -> bool:
        """Return whether it may be loaded at any address (ASLR)."""
        return bool(self.characteristics & coff_rows.DYNAMIC_BASE)

    @property
    def nx_compatible(self) -> bool:
        """Return whether it works with non-executable data (DEP)."""
        return bool(self.characteristics & coff_rows.NX_COMPATIBLE)

    @property
    def high_entropy(self) -> bool:
        """Return whether it may be loaded above 4 GiB."""
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
        bits=64 if file.is_64_bit else bits_of(header.machine) or 32,
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
    """Return whether only debug information and its id have bytes: nothing that runs or loads other files."""
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
