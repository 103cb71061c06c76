"""Facts about one Mach-O file, without any policy: programs, shared libraries, bundles and objects of macOS.

Everything that matters at run time is read as the loader reads it (`macho_linking`); the symbol table is for objects,
debuggers and tools.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Any

from setup_local.binfmt import macho_rows as rows
from setup_local.binfmt.frames import count_frames
from setup_local.binfmt.image import BadBinary, ImageSegment
from setup_local.binfmt.macho_fat import holds_libraries, slices
from setup_local.binfmt.macho_linking import Bound, bound_names, exported_names
from setup_local.binfmt.macho_rows import Layout, name_of, read_layout
from setup_local.binfmt.macho_signature import Signature, read_signature
from setup_local.binfmt.macho_symbols import read_symbols
from setup_local.binfmt.symbols import NO_SYMBOLS, SymbolTable
from setup_local.values import BinaryFormat

_CPUS = {0x01000007: "X86_64", 0x0100000C: "ARM64", 0x00000007: "I386", 0x0000000C: "ARM", 0x0200000C: "ARM64_32"}
_SUBTYPES = {("X86_64", 8): "X86_64H", ("ARM64", 2): "ARM64E"}  # these files run on few processors of the family
_SUBTYPE = 0x00FFFFFF  # without the capability bits
_LINKED = (rows.EXECUTE, rows.DYLIB, rows.BUNDLE, rows.DYLINKER)
_BITCODE, _DWARF = "__LLVM,", "__DWARF,"  # segments with code for link-time optimizers, and with debug information
_COUNTERS = "__llvm_prf_"
_LTO_NAME = re.compile(r"\w+\.(?:llvm\.)?\d+")
_PLATFORMS = {1: "macos", 2: "ios", 6: "maccatalyst", 7: "iossimulator"}


class BadMacho(BadBinary):
    """The bytes are not a 64-bit Mach-O file, or the file is damaged."""


class MachoKind(Enum):
    """The file's type (`filetype`)."""

    OBJECT = rows.OBJECT
    EXECUTE = rows.EXECUTE
    DYLIB = rows.DYLIB
    BUNDLE = rows.BUNDLE
    DSYM = rows.DSYM
    OTHER = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Minimum:
    """A platform, and its oldest version that a file supports."""

    platform: str
    version: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Macho:
    """Facts that a Mach-O file states about itself. Symbol names are as in C.

    `bound` are the names that the loader binds, `exports` those that others can bind to. `two_level` files record the
    library of each name; in others, the first loaded library wins. `minimums` are the oldest systems that it supports.
    `needed` are the libraries in the order of their numbers, `optional_libraries` those of them that may be missing.
    `stabs` are debugger entries that name source and object files. `cold` are functions that the compiler expects to
    run rarely or never.
    """

    kind: MachoKind
    machine: str
    needed: tuple[str, ...] = ()
    optional_libraries: frozenset[str] = frozenset()
    identity: str | None = None
    search_paths: tuple[str, ...] = ()
    loader: str | None = None
    build_id: str = ""
    minimums: tuple[Minimum, ...] = ()
    two_level: bool = False
    position_independent: bool = False
    executable_stack: bool = False
    bound: frozenset[Bound] = frozenset()
    exports: frozenset[str] = frozenset()
    signature: Signature | None = None
    stabs: bool = False
    cold: frozenset[str] = frozenset()
    frames: int | None = None
    sections: frozenset[str] = frozenset()
    segments: tuple[ImageSegment, ...] = ()
    symbols: SymbolTable = NO_SYMBOLS

    @property
    def format(self) -> BinaryFormat:
        """Return the format's name."""
        return BinaryFormat.MACHO

    @property
    def bits(self) -> int:
        """Return how many bits an address has."""
        return 64

    @property
    def linked(self) -> bool:
        """Return whether a linker made this file for a loader."""
        return self.kind in (MachoKind.EXECUTE, MachoKind.DYLIB, MachoKind.BUNDLE)

    @property
    def is_program(self) -> bool:
        """Return whether the system starts it directly."""
        return self.kind is MachoKind.EXECUTE

    @property
    def standalone(self) -> bool:
        """Return whether it contains everything that it calls."""
        return self.is_program and self.loader is None

    @property
    def imports(self) -> frozenset[str]:
        """Return the names that it requires from other files."""
        return frozenset(item.name for item in self.bound) if self.linked else self.symbols.undefined

    @property
    def symbol_count(self) -> int:
        """Return how many symbols all its tables have."""
        return len(self.symbols) + len(self.bound) + len(self.exports)

    @property
    def stripped(self) -> bool:
        """Return whether it has no debug information, and no symbols except those that a loader reads."""
        debug = self.stabs or any(name.startswith(_DWARF) for name in self.sections)
        return not (debug or self.symbols.locals or self.symbols.hidden)

    @property
    def debug_bundle(self) -> bool:
        """Return whether it is the debug information of another file, made by `dsymutil`."""
        return self.kind is MachoKind.DSYM

    @property
    def bitcode(self) -> bool:
        """Return whether it contains code for a link-time optimizer, which fits only one release of LLVM."""
        return any(name.startswith(_BITCODE) for name in self.sections)

    @property
    def counters(self) -> frozenset[str]:
        """Return the names of the sections with an instrumented program's counters."""
        return frozenset(name for name in self.sections if name.partition(",")[2].startswith(_COUNTERS))

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return the functions with a name that only LLVM's link-time optimizer generates."""
        return frozenset(name for name in self.symbols.functions if _LTO_NAME.fullmatch(name))

    def profiled(self, hot: str) -> bool:
        """Return whether an object was compiled with a profile in which this function runs and others do not."""
        return hot in self.symbols.functions and hot not in self.cold and bool(self.cold)

    def library(self, bound: Bound) -> str:
        """Return the library that a name is bound to, empty if none is named."""
        return self.needed[bound.library - 1] if 0 < bound.library <= len(self.needed) else ""


def read_slices(data: bytes) -> tuple[Macho, ...]:
    """Return the facts of a file, or of each slice of a universal one. Raises `BadMacho`."""
    try:
        return tuple(_read(item.data) for item in slices(data)) or (_read(data),)
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise BadMacho(f"damaged Mach-O file: {error}") from error


def static_libraries(data: bytes) -> tuple[tuple[str, bytes], ...]:
    """Return processor and bytes of each static library in a universal file; nothing for others. Raises `BadMacho`."""
    try:
        found = slices(data) if holds_libraries(data) else ()
    except (struct.error, ValueError) as error:
        raise BadMacho(f"damaged universal file: {error}") from error
    return tuple((machine_name(item.cpu, item.subtype), item.data) for item in found)


def _read(data: bytes) -> Macho:
    file = read_layout(data)
    symbols = read_symbols(file)
    machine = machine_name(file.header.cpu, file.header.subtype)
    code = [(item.offset, item.size) for item in file.sections if item.is_code and item.holds_bytes]
    uuid = file.first(rows.UUID)
    common: dict[str, Any] = {
        "kind": _kind(file.header.kind),
        "machine": machine,
        "build_id": uuid.body[rows.COMMAND.size :].hex() if uuid else "",
        "minimums": tuple(_minimums(file)),
        "symbols": symbols.table,
        "stabs": symbols.stabs,
        "cold": symbols.cold,
        "frames": None if file.header.kind == rows.DSYM else count_frames(data, machine, code),  # its code is elsewhere
        "sections": frozenset(f"{name_of(item.segment)},{name_of(item.name)}" for item in file.sections),
    }
    return Macho(**common, **_linked_facts(file)) if file.header.kind in _LINKED else Macho(**common)


def _linked_facts(file: Layout) -> dict[str, Any]:
    bound = bound_names(file)
    needed = file.texts(*rows.DYLIBS)
    if any(item.library > len(needed) for item in bound):
        raise ValueError("it binds names to a library that it does not need")
    return {
        "needed": needed,
        "optional_libraries": frozenset(file.texts(rows.LOAD_WEAK_DYLIB)),
        "identity": next(iter(file.texts(rows.ID_DYLIB)), None),
        "search_paths": file.texts(rows.RPATH),
        "loader": next(iter(file.texts(rows.LOAD_DYLINKER)), None),
        "two_level": bool(file.header.flags & rows.TWO_LEVEL and not file.header.flags & rows.FORCED_FLAT),
        "position_independent": file.header.kind != rows.EXECUTE or bool(file.header.flags & rows.PIE),
        "executable_stack": bool(file.header.flags & rows.EXECUTABLE_STACK),
        "bound": bound,
        "exports": exported_names(file),
        "signature": read_signature(file),
        "segments": tuple(map(_mapped, file.segments)),
    }


def machine_name(cpu: int, subtype: int) -> str:
    """Return a processor's name in <mach/machine.h>."""
    name = _CPUS.get(cpu, str(cpu))
    return f"CPU_TYPE_{_SUBTYPES.get((name, subtype & _SUBTYPE), name)}"


def _kind(number: int) -> MachoKind:
    try:
        return MachoKind(number)
    except ValueError:
        return MachoKind.OTHER


def _minimums(file: Layout) -> list[Minimum]:
    found = []
    for command in file.commands:
        if command.kind == rows.BUILD_VERSION:
            platform, oldest = command.numbers(2)
            found.append(Minimum(platform=_PLATFORMS.get(platform, str(platform)), version=_version(oldest)))
        elif command.kind == rows.VERSION_MIN_MACOS:
            found.append(Minimum(platform=_PLATFORMS[1], version=_version(command.numbers(1)[0])))
    return found


def _version(number: int) -> tuple[int, ...]:
    """Return the parts of a version in fields of 16, 8 and 8 bits, the last only if it is not 0."""
    parts = (number >> 16, number >> 8 & 0xFF, number & 0xFF)
    return parts if parts[2] else parts[:2]


def _mapped(row: rows.SegmentRow) -> ImageSegment:
    return ImageSegment(
        offset=row.offset,
        size=row.size,
        address=row.address,
        memory=row.memory,
        writable=bool(row.protection & rows.WRITABLE),
        executable=bool(row.protection & rows.EXECUTABLE),
    )
