"""Facts about one ELF file, without applying any policy.

Everything that matters at run time is read as a loader reads it, from program headers and the dynamic segment
(`segments`, `dynamic`); sections are used for what is not loaded. Contradictions between the two are facts as well
(`disagree`).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Any

from setup_local.binfmt import disagree, dynamic, segments
from setup_local.binfmt.dynamic import Dynamic, read_dynamic
from setup_local.binfmt.frames import frames
from setup_local.binfmt.header import Header, read_header
from setup_local.binfmt.image import BadBinary, ImageSegment
from setup_local.binfmt.instructions import Newer, newer_instructions
from setup_local.binfmt.rows import SegmentRow
from setup_local.binfmt.segments import Loaded
from setup_local.binfmt.symbols import NO_SYMBOLS, SymbolTable, read_symbols
from setup_local.values import BinaryFormat

_DF_BIND_NOW, _DF_TEXTREL = 0x8, 0x4
_DF_1_NOW = 0x1
HOT = ".text.hot"  # prefix of the sections with code that a profile marks as hot
MOVED = ".bolt.org.text"  # code that LLVM's BOLT left here, instead of moving it to a new .text, is not hot
_BITCODE = ".llvm.lto"  # what Clang's -ffat-lto-objects stores next to machine code
_COUNTERS = "__llvm_prf_"
# Names that LLVM's link-time optimizer gives to local functions to make them unique, or visible to other files.
_LTO_NAME = re.compile(r"\w+\.(?:llvm\.)?\d+")
_DEBUG = (".debug", ".zdebug", ".stab")  # prefixes of debug sections
_VERSION_MASK = 0x7FFF
_NO_VERSION = 1  # VER_NDX_GLOBAL
_SYMTAB, _NOTE = 2, 7  # section types (elf.h)
_BUILD_ID, _PROPERTY, _GNU = 3, 5, b"GNU\0"  # NT_GNU_BUILD_ID, NT_GNU_PROPERTY_TYPE_0 and their owner
_ISA_NEEDED = 0xC0008002  # GNU_PROPERTY_X86_ISA_1_NEEDED
_LEVELS = {2: "v2", 4: "v3", 8: "v4"}  # GNU_PROPERTY_X86_ISA_1_V2 and so on


class BadElf(BadBinary):
    """The bytes are not an ELF file, or the file is damaged."""


class ElfKind(Enum):
    """The file's type (`e_type`)."""

    OBJECT = "ET_REL"
    EXECUTABLE = "ET_EXEC"
    SHARED = "ET_DYN"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionNeed:
    """A symbol version that a library must provide, e.g. `libc.so.6` and `GLIBC_2.12`."""

    library: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Elf:
    """Facts that an ELF file states about itself.

    `executable_stack` is None without PT_GNU_STACK. `dynamic` holds the symbols of the dynamic table, `symbols` those
    of the full table (empty when stripped). `copied` are symbols defined here only to receive a library's data (copy
    relocations), `versioned` those with a version of this file. `sections` are the names of all sections. `level` is
    the processor level that a program states it needs (`v3`), empty if it states none. `build_id` is in hexadecimal,
    empty without one. A `detached` file holds the debug information of another file and nothing that could be loaded.
    `loadable` files have segments for a loader, whatever their type. `frames` is how often the code sets up a frame
    pointer, None for processors where that is unknown. `newer` are functions with instructions that the first
    processors lack, if they are looked for on this processor and there is a symbol table. `disagreements` are places
    where sections or the type contradict what a loader reads.
    """

    kind: ElfKind
    elf_class: int
    machine: str
    interpreter: str | None = None
    needed: tuple[str, ...] = ()
    soname: str | None = None
    rpaths: tuple[str, ...] = ()
    version_needs: tuple[VersionNeed, ...] = ()
    executable_stack: bool | None = None
    relro: bool = False
    bind_now: bool = False
    text_relocations: bool = False
    has_dynamic: bool = False
    level: str = ""
    build_id: str = ""
    loadable: bool = False
    detached: bool = False
    frames: int | None = None
    newer: frozenset[Newer] = frozenset()
    disagreements: tuple[str, ...] = ()
    sections: frozenset[str] = frozenset()
    segments: tuple[ImageSegment, ...] = ()
    dynamic: SymbolTable = NO_SYMBOLS
    symbols: SymbolTable = NO_SYMBOLS
    copied: frozenset[str] = frozenset()
    versioned: frozenset[str] = frozenset()

    @property
    def format(self) -> BinaryFormat:
        """Return the format's name."""
        return BinaryFormat.ELF

    @property
    def bits(self) -> int:
        """Return how many bits an address has."""
        return self.elf_class

    @property
    def exports(self) -> frozenset[str]:
        """Return the names that other files can bind to."""
        return self.exported

    @property
    def imports(self) -> frozenset[str]:
        """Return the names that it requires from other files."""
        return self.dynamic.undefined | self.copied if self.linked else self.symbols.undefined

    @property
    def search_paths(self) -> tuple[str, ...]:
        """Return the directories that are searched first for needed libraries."""
        return self.rpaths

    @property
    def identity(self) -> str | None:
        """Return the name by which others need this library."""
        return self.soname

    @property
    def loader(self) -> str | None:
        """Return the loader that starts this program."""
        return self.interpreter

    @property
    def linked(self) -> bool:
        """Return whether a linker made this file for a loader."""
        return (self.loadable or self.kind in (ElfKind.EXECUTABLE, ElfKind.SHARED)) and not self.detached

    @property
    def is_program(self) -> bool:
        """Return whether the system starts it directly."""
        return self.kind is ElfKind.EXECUTABLE or self.interpreter is not None

    @property
    def standalone(self) -> bool:
        """Return whether it contains everything that it calls."""
        return self.linked and not self.has_dynamic

    @property
    def symbol_count(self) -> int:
        """Return how many symbols both tables have."""
        return len(self.symbols) + len(self.dynamic)

    @property
    def stripped(self) -> bool:
        """Return whether it has neither debug information nor the full symbol table."""
        return not (self.symbols.defined or self.debug_sections)

    @property
    def debug_sections(self) -> frozenset[str]:
        """Return the names of the sections with debug information."""
        return frozenset(name for name in self.sections if name.startswith(_DEBUG))

    @property
    def bitcode(self) -> bool:
        """Return whether it contains code for a link-time optimizer, which fits only one release of LLVM."""
        return _BITCODE in self.sections

    @property
    def counters(self) -> frozenset[str]:
        """Return the names of the sections with an instrumented program's counters."""
        return frozenset(name for name in self.sections if name.startswith(_COUNTERS))

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return the functions with a name that only LLVM's link-time optimizer generates."""
        return frozenset(name for name in self.symbols.functions if _LTO_NAME.fullmatch(name))

    @property
    def exported(self) -> frozenset[str]:
        """Return the names that other files can bind to, without those that only hold a copy of a library's data."""
        return (self.dynamic.globals | self.dynamic.weak) - self.copied


def build_id(data: bytes) -> str:
    """Return the build id of a linked file in hexadecimal, empty if it has none. Raises ValueError, `struct.error`."""
    start, end = build_id_place(data)
    return data[start:end].hex()


def build_id_place(data: bytes) -> tuple[int, int]:
    """Return where the build id of a linked file begins and ends, (0, 0) if it has none. Raises as `build_id` does."""
    header = read_header(data)
    for section in header.sections:
        at, end = section.offset, section.offset + section.size
        while section.kind == _NOTE and at < end:
            owner, size, kind = struct.unpack_from(f"{header.form.order}3I", data, at)
            start = at + 12 + owner + -owner % 4
            if kind == _BUILD_ID and data[at + 12 : at + 12 + owner] == _GNU:
                return start, start + size
            at = start + size + -size % 4
    return 0, 0


def read_elf(data: bytes) -> Elf:
    """Read an ELF file's facts. Raises `BadElf`."""
    try:
        return _read(data)
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise BadElf(f"damaged ELF file: {error}") from error


def _read(data: bytes) -> Elf:
    header = read_header(data)
    common: dict[str, Any] = {
        "kind": _kind(header.kind),
        "elf_class": header.form.elf_class,
        "machine": header.machine,
        "sections": frozenset(section.name for section in header.sections),
        "symbols": _table(header, data),
        "frames": frames(data, header),
        "newer": newer_instructions(data, header),
    }
    image = Loaded(data=data, form=header.form, machine=header.machine, segments=header.segments)
    loadable = any(segment.kind in (segments.LOAD, segments.DYNAMIC) for segment in image.segments)
    if common["kind"] is ElfKind.OBJECT and not loadable:
        return Elf(**common)
    common |= {"loadable": loadable, "build_id": _build_id(image)}
    if _is_detached(image, header):
        return Elf(**common, detached=True)
    linking = read_dynamic(image)
    return Elf(
        **common,
        **_segment_facts(image),
        **(_dynamic_facts(linking, header) if linking else {}),
        level=_level(image),
        disagreements=tuple(disagree.disagreements(header, image, linking)),
    )


def _kind(name: str) -> ElfKind:
    try:
        return ElfKind(name)
    except ValueError:
        return ElfKind.OTHER


def _table(header: Header, data: bytes) -> SymbolTable:
    """Return the full symbol table, which no loader reads."""
    section = header.first(_SYMTAB)
    if section is None:
        return NO_SYMBOLS
    names = header.sections[section.link]
    moved = any(item.name == MOVED for item in header.sections)
    hot = frozenset(
        index
        for index, item in enumerate(header.sections)
        if item.name.startswith(HOT) or (moved and item.name == ".text")
    )
    return read_symbols(
        data,
        table=(section.offset, section.size),
        names=(names.offset, names.size),
        form=header.form,
        hot=hot,
    )


def _segment_facts(image: Loaded) -> dict[str, Any]:
    stacks = [segment for segment in image.segments if segment.kind == segments.GNU_STACK]
    asked = image.first(segments.INTERP)
    return {
        "executable_stack": bool(stacks[-1].flags & segments.EXECUTABLE) if stacks else None,
        "relro": image.first(segments.GNU_RELRO) is not None,
        "segments": tuple(map(_mapped, image.loaded)),
        "interpreter": segments.string(image.data, asked.offset, asked.offset + asked.size) if asked else None,
    }


def _mapped(row: SegmentRow) -> ImageSegment:
    return ImageSegment(
        offset=row.offset,
        size=row.size,
        address=row.address,
        memory=row.memory,
        writable=bool(row.flags & segments.WRITABLE),
        executable=bool(row.flags & segments.EXECUTABLE),
        alignment=row.alignment,
    )


def _build_id(image: Loaded) -> str:
    return next((body.hex() for owner, kind, body in image.notes() if (owner, kind) == (_GNU, _BUILD_ID)), "")


def _level(image: Loaded) -> str:
    """Return the highest processor level in the notes (x86-64 psABI, "Program Property")."""
    needed = 0
    for owner, kind, body in image.notes():
        at = 0
        while (owner, kind) == (_GNU, _PROPERTY) and at + 8 <= len(body):
            name, size = struct.unpack_from(f"{image.form.order}2I", body, at)
            if name == _ISA_NEEDED and size == 4:  # noqa: PLR2004 - the property is one word
                needed |= struct.unpack_from(f"{image.form.order}I", body, at + 8)[0]
            at += 8 + size + -size % image.form.word
    return _LEVELS.get(1 << needed.bit_length() >> 1, "")


def _is_detached(image: Loaded, header: Header) -> bool:
    """Return whether the file has only headers and notes of what its segments load: no code, no dynamic segment."""
    code = [item for item in image.loaded if item.flags & segments.EXECUTABLE]
    return (
        bool(code)
        and all(not item.size or item.offset + item.size <= header.end for item in code)
        and not any(item.size for item in image.segments if item.kind == segments.DYNAMIC)
    )


def _dynamic_facts(linking: Dynamic, header: Header) -> dict[str, Any]:
    flags, flags_1 = linking.value(dynamic.FLAGS) or 0, linking.value(dynamic.FLAGS_1) or 0
    needs = list(linking.version_needs())
    table = _dynamic_symbols(linking, header)
    copied, versioned = _versions(linking, {number for _, _, number in needs}, table)
    return {
        "has_dynamic": True,
        "needed": linking.texts(dynamic.NEEDED),
        "soname": next(reversed(linking.texts(dynamic.SONAME)), None),
        "rpaths": tuple(
            path for tag in (dynamic.RPATH, dynamic.RUNPATH) for text in linking.texts(tag) for path in text.split(":")
        ),
        "bind_now": bool(flags & _DF_BIND_NOW or flags_1 & _DF_1_NOW or linking.value(dynamic.BIND_NOW) is not None),
        "text_relocations": bool(flags & _DF_TEXTREL or linking.value(dynamic.TEXTREL) is not None),
        "version_needs": tuple(VersionNeed(library=library, version=version) for library, version, _ in needs),
        "dynamic": table,
        "copied": copied,
        "versioned": versioned,
    }


def _dynamic_symbols(linking: Dynamic, header: Header) -> SymbolTable:
    """Return the dynamic symbols; a section may list more of them than are hashed or relocated."""
    start, _ = linking.symbol_table(0)
    listed = disagree.listed_symbols(header, start)
    return read_symbols(
        linking.image.data,
        table=linking.symbol_table(max(linking.symbol_count(), listed)),
        names=linking.string_table(),
        form=header.form,
        positions=True,
    )


def _copied(linking: Dynamic, table: SymbolTable, count: int) -> frozenset[str]:
    """Return the names of copied data: a relocation has one of them, the others have the same address."""
    marked = linking.copied()
    if not marked:
        return frozenset()
    start, size = linking.symbol_table(count)
    rows = linking.image.form.read_symbols(linking.image.data[start : start + size])
    values = [row.value for row in rows]
    places = {values[index] for index, _ in table.defined_at if index in marked}
    return frozenset(name for index, name in table.defined_at if values[index] in places)


def _versions(linking: Dynamic, foreign: set[int], table: SymbolTable) -> tuple[frozenset[str], frozenset[str]]:
    """Return defined dynamic symbols: those that only hold a copy of a library's data, and those with a version."""
    count = max((index for index, _ in table.defined_at), default=-1) + 1
    copied = _copied(linking, table, count)
    address = linking.value(dynamic.VERSYM)
    if address is None:
        return copied, frozenset()
    raw = linking.image.unpack(f"{count}H", address)
    numbers = {name: raw[index] & _VERSION_MASK for index, name in table.defined_at}
    copied |= frozenset(name for name, number in numbers.items() if number in foreign)
    return copied, frozenset(name for name, number in numbers.items() if number > _NO_VERSION) - copied
