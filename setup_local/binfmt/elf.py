"""Facts about one ELF file, and no opinion about them.

Segments, the dynamic section and symbol versions are read with pyelftools; headers and symbol tables in `header` and
`symbols`, because an archive holds thousands of objects and hundreds of thousands of symbols.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.constants import P_FLAGS, SH_FLAGS
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

from setup_local.binfmt.header import Header, read_header
from setup_local.binfmt.symbols import NO_SYMBOLS, SymbolTable, read_symbols

_DF_BIND_NOW, _DF_TEXTREL = 0x8, 0x4
_DF_1_NOW = 0x1
HOT = ".text.hot"  # how names of sections begin that hold what a profile calls hot
MOVED = ".bolt.org.text"  # what LLVM's BOLT has not taken from here into a new .text is not hot
_BITCODE = ".llvm.lto"  # what Clang's -ffat-lto-objects keeps beside machine code
_COUNTERS = "__llvm_prf_"
# What LLVM calls functions of one file that its link-time optimizer had to tell from, or show to, others.
_LTO_NAME = re.compile(r"\w+\.(?:llvm\.)?\d+")
_DEBUG = (".debug", ".zdebug", ".stab")  # how names of debug sections begin
_VERSION_MASK = 0x7FFF
_NO_VERSION = 1  # VER_NDX_GLOBAL
_VERSION_ENTRY = 16  # bytes of one Elf_Verneed or Elf_Vernaux
_SYMTAB, _NOTE, _DYNSYM, _VERSYM = 2, 7, 11, 0x6FFFFFFF  # section types (elf.h)
_BUILD_ID, _GNU = 3, b"GNU\0"  # NT_GNU_BUILD_ID and its owner
_LEVELS = {2: "v2", 4: "v3", 8: "v4"}  # GNU_PROPERTY_X86_ISA_1_V2 and so on


class BadElf(ValueError):
    """The bytes are no ELF file, or a damaged one."""


class ElfKind(Enum):
    """The file's type (`e_type`)."""

    OBJECT = "ET_REL"
    EXECUTABLE = "ET_EXEC"
    SHARED = "ET_DYN"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionNeed:
    """One symbol version that a library must have, e.g. `libc.so.6` and `GLIBC_2.12`."""

    library: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Elf:
    """What an ELF file says about itself.

    `executable_stack` is None without PT_GNU_STACK; `dynamic` holds the symbols of the dynamic table,
    `symbols` those of the full table (empty when stripped). `copied` are symbols that are defined here only to
    receive a library's data (copy relocations), `versioned` those that have a version of this file. `sections` are the names of all
    sections. `level` is what a program says that it wants of the processor (`v3`), empty if it says nothing.
    `build_id` is in hexadecimal, empty without one; a `detached` file holds the debug information of another
    one, and nothing that could be loaded.
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
    writable_code: bool = False
    has_dynamic: bool = False
    level: str = ""
    build_id: str = ""
    detached: bool = False
    sections: frozenset[str] = frozenset()
    dynamic: SymbolTable = NO_SYMBOLS
    symbols: SymbolTable = NO_SYMBOLS
    copied: frozenset[str] = frozenset()
    versioned: frozenset[str] = frozenset()

    @property
    def linked(self) -> bool:
        """Tell whether a linker made this file for a loader."""
        return self.kind in (ElfKind.EXECUTABLE, ElfKind.SHARED) and not self.detached

    @property
    def debug_sections(self) -> frozenset[str]:
        """Return the names of the sections with debug information."""
        return frozenset(name for name in self.sections if name.startswith(_DEBUG))

    @property
    def bitcode(self) -> bool:
        """Tell whether there is code for a link-time optimizer, which fits one release of LLVM only."""
        return _BITCODE in self.sections

    @property
    def counters(self) -> frozenset[str]:
        """Return the names of the sections in which an instrumented program counts."""
        return frozenset(name for name in self.sections if name.startswith(_COUNTERS))

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return the functions that have a name which only LLVM's link-time optimizer gives."""
        return frozenset(name for name in self.symbols.functions if _LTO_NAME.fullmatch(name))

    @property
    def exported(self) -> frozenset[str]:
        """Return the names that other files can bind to, without those that only copy a library's data."""
        return (self.dynamic.globals | self.dynamic.weak) - self.copied


def build_id(data: bytes) -> str:
    """Return the build id of a linked file in hexadecimal, empty if it has none. Raises ValueError, `struct.error`."""
    start, end = build_id_place(data)
    return data[start:end].hex()


def build_id_place(data: bytes) -> tuple[int, int]:
    """Return where in a linked file its build id begins and ends, (0, 0) if it has none. Raises as `build_id` does."""
    header = read_header(data)
    for section in header.sections:
        at, end = section.offset, section.offset + section.size
        while section.kind == _NOTE and at < end:
            owner, size, kind = struct.unpack_from(f"{header.order}3I", data, at)
            start = at + 12 + owner + -owner % 4
            if kind == _BUILD_ID and data[at + 12 : at + 12 + owner] == _GNU:
                return start, start + size
            at = start + size + -size % 4
    return 0, 0


def read_elf(data: bytes) -> Elf:
    """Read an ELF file's facts. Raises `BadElf`."""
    try:
        return _read(data)
    except (
        ELFError,
        ConstructError,
        struct.error,
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
        IndexError,
        OverflowError,
        AssertionError,
        MemoryError,
    ) as error:
        raise BadElf(f"damaged ELF file: {str(error) or type(error).__name__}") from error


def _read(data: bytes) -> Elf:
    header = read_header(data)
    common: dict[str, Any] = {
        "kind": _kind(header.kind),
        "elf_class": header.elf_class,
        "machine": header.machine,
        "sections": frozenset(section.name for section in header.sections),
        "symbols": _table(header, data, _SYMTAB),
    }
    if common["kind"] is ElfKind.OBJECT:
        return Elf(**common)
    elf = ELFFile(io.BytesIO(data))
    common["build_id"] = build_id(data)
    if _is_detached(elf):
        return Elf(**common, detached=True)
    dynamic = _table(header, data, _DYNSYM)
    copied, versioned = _versions(elf, header, data, dynamic)
    return Elf(
        **common,
        **_segment_facts(elf),
        **_dynamic_facts(elf),
        level=_level(elf),
        version_needs=tuple(_version_needs(elf)),
        dynamic=dynamic,
        copied=copied,
        versioned=versioned,
    )


def _kind(name: str) -> ElfKind:
    try:
        return ElfKind(name)
    except ValueError:
        return ElfKind.OTHER


def _table(header: Header, data: bytes, kind: int) -> SymbolTable:
    section = header.first(kind)
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
        elf_class=header.elf_class,
        order=header.order,
        hot=hot,
    )


def _segment_facts(elf: ELFFile) -> dict[str, Any]:
    stack, relro, writable_code, interpreter = None, False, False, None
    segment: Any
    for segment in elf.iter_segments():
        kind, flags = segment["p_type"], segment["p_flags"]
        match kind:
            case "PT_GNU_STACK":
                stack = bool(flags & P_FLAGS.PF_X)
            case "PT_GNU_RELRO":
                relro = True
            case "PT_INTERP":
                interpreter = segment.get_interp_name()
            case "PT_LOAD":
                writable_code |= bool(flags & P_FLAGS.PF_X and flags & P_FLAGS.PF_W)
    return {"executable_stack": stack, "relro": relro, "writable_code": writable_code, "interpreter": interpreter}


def _level(elf: ELFFile) -> str:
    """Return the highest processor level of the notes (x86-64 psABI, "Program Property")."""
    section: Any
    needed = 0
    for section in elf.iter_sections(type="SHT_NOTE"):
        for note in section.iter_notes():
            if note["n_type"] == "NT_GNU_PROPERTY_TYPE_0":
                found = (item for item in note["n_desc"] if item["pr_type"] == "GNU_PROPERTY_X86_ISA_1_NEEDED")
                needed |= sum(item["pr_data"] for item in found)
    return _LEVELS.get(1 << needed.bit_length() >> 1, "")


def _is_detached(elf: ELFFile) -> bool:
    """Tell whether there are sections with code, but none of them has bytes in the file."""
    kinds = {section["sh_type"] for section in elf.iter_sections() if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR}
    return kinds == {"SHT_NOBITS"}


def _dynamic_facts(elf: ELFFile) -> dict[str, Any]:
    segment = next((item for item in elf.iter_segments() if isinstance(item, DynamicSegment)), None)
    if segment is None:
        return {}
    tags: list[Any] = list(segment.iter_tags())
    values = {tag.entry.d_tag: tag.entry.d_val for tag in tags}
    flags = values.get("DT_FLAGS", 0)
    return {
        "has_dynamic": True,
        "needed": tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"),
        "soname": next((tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"), None),
        "rpaths": tuple(_rpaths(tags)),
        "bind_now": bool(flags & _DF_BIND_NOW or values.get("DT_FLAGS_1", 0) & _DF_1_NOW or "DT_BIND_NOW" in values),
        "text_relocations": bool(flags & _DF_TEXTREL or "DT_TEXTREL" in values),
    }


def _rpaths(tags: list[Any]) -> Iterator[str]:
    for tag in tags:
        match tag.entry.d_tag:
            case "DT_RPATH":
                yield from tag.rpath.split(":")
            case "DT_RUNPATH":
                yield from tag.runpath.split(":")


def _version_groups(elf: ELFFile) -> Iterator[tuple[Any, Any]]:
    """Yield (library, its versions); counts that cannot be true are not believed, or a damaged file takes forever."""
    section: Any
    for section in elf.iter_sections(type="SHT_GNU_verneed"):
        most = section["sh_size"] // _VERSION_ENTRY
        if section["sh_info"] > most:
            raise ValueError("more version needs than their section holds")
        for need, versions in section.iter_versions():
            if need["vn_cnt"] > most:
                raise ValueError("more versions of a library than their section holds")
            yield need, versions


def _version_needs(elf: ELFFile) -> Iterator[VersionNeed]:
    for need, versions in _version_groups(elf):
        yield from (VersionNeed(library=str(need.name), version=str(item.name)) for item in versions)


def _versions(elf: ELFFile, header: Header, data: bytes, dynamic: SymbolTable) -> tuple[frozenset[str], frozenset[str]]:
    """Return defined dynamic symbols: those whose version is one that a library must have, and those with another."""
    section = header.first(_VERSYM)
    if section is None:
        return frozenset(), frozenset()
    foreign = {item["vna_other"] for _, versions in _version_groups(elf) for item in versions}
    raw = struct.unpack_from(f"{header.order}{section.size // 2}H", data, section.offset)
    numbers = {name: raw[index] & _VERSION_MASK for index, name in dynamic.defined_at}
    copied = frozenset(name for name, number in numbers.items() if number in foreign)
    return copied, frozenset(name for name, number in numbers.items() if number > _NO_VERSION) - copied
