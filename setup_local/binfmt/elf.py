"""Facts about one ELF file, and no opinion about them.

Headers, segments, the dynamic section and symbol versions are read with pyelftools. Symbol tables are read here:
an archive holds hundreds of thousands of symbols, and one object for each would take minutes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.constants import P_FLAGS
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection, GNUVerSymSection

from setup_local.binfmt.symbols import NO_SYMBOLS, SymbolTable, read_symbols

_DF_BIND_NOW, _DF_TEXTREL = 0x8, 0x4
_DF_1_NOW = 0x1
_VERSION_MASK = 0x7FFF


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
    receive a library's data (copy relocations).
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
    dynamic: SymbolTable = NO_SYMBOLS
    symbols: SymbolTable = NO_SYMBOLS
    copied: frozenset[str] = frozenset()

    @property
    def linked(self) -> bool:
        """Tell whether a linker made this file for a loader."""
        return self.kind in (ElfKind.EXECUTABLE, ElfKind.SHARED)

    @property
    def exported(self) -> frozenset[str]:
        """Return the names that other files can bind to, without those that only copy a library's data."""
        return (self.dynamic.globals | self.dynamic.weak) - self.copied


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
    ) as error:
        raise BadElf(f"damaged ELF file: {str(error) or type(error).__name__}") from error


def _read(data: bytes) -> Elf:
    elf = ELFFile(io.BytesIO(data))
    common: dict[str, Any] = {
        "kind": _kind(elf),
        "elf_class": elf.elfclass,
        "machine": str(elf.header["e_machine"]),
        "symbols": _table(elf, data, "SHT_SYMTAB"),
    }
    if common["kind"] is ElfKind.OBJECT:
        return Elf(**common)
    return Elf(
        **common,
        **_segment_facts(elf),
        **_dynamic_facts(elf),
        version_needs=tuple(_version_needs(elf)),
        dynamic=_table(elf, data, "SHT_DYNSYM"),
        copied=_copied(elf, data),
    )


def _kind(elf: ELFFile) -> ElfKind:
    try:
        return ElfKind(elf.header["e_type"])
    except ValueError:
        return ElfKind.OTHER


def _sections(elf: ELFFile) -> Iterator[Any]:
    """Yield the section headers without building a section object for each."""
    for index in range(elf.num_sections()):
        yield elf._get_section_header(index)  # noqa: SLF001 - section objects cost ten times as much


def _table(elf: ELFFile, data: bytes, kind: str) -> SymbolTable:
    for header in _sections(elf):
        if header["sh_type"] == kind:
            names = elf._get_section_header(header["sh_link"])  # noqa: SLF001 - as above
            return read_symbols(
                data,
                table=(header["sh_offset"], header["sh_size"]),
                names=(names["sh_offset"], names["sh_size"]),
                elf_class=elf.elfclass,
                little_endian=elf.little_endian,
            )
    return NO_SYMBOLS


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


def _version_section(elf: ELFFile, kind: str) -> Any:
    for index, header in enumerate(_sections(elf)):
        if header["sh_type"] == kind:
            return elf.get_section(index)
    return None


def _version_needs(elf: ELFFile) -> Iterator[VersionNeed]:
    section = _version_section(elf, "SHT_GNU_verneed")
    if isinstance(section, GNUVerNeedSection):
        for need, versions in section.iter_versions():
            yield from (VersionNeed(library=str(need.name), version=item.name) for item in versions)


def _copied(elf: ELFFile, data: bytes) -> frozenset[str]:
    """Return defined dynamic symbols whose version is one that a library must have."""
    section, needs = _version_section(elf, "SHT_GNU_versym"), _version_section(elf, "SHT_GNU_verneed")
    if not isinstance(section, GNUVerSymSection) or not isinstance(needs, GNUVerNeedSection):
        return frozenset()
    foreign = {item["vna_other"] for _, versions in needs.iter_versions() for item in versions}
    header = section.header
    order = "<" if elf.little_endian else ">"
    raw = data[header["sh_offset"] : header["sh_offset"] + header["sh_size"]]
    versions = struct.unpack(f"{order}{len(raw) // 2}H", raw)
    defined = _table(elf, data, "SHT_DYNSYM").defined_at
    return frozenset(name for index, name in defined if versions[index] & _VERSION_MASK in foreign)
