"""Facts about one Windows object: a COFF object, or an import library's entry for one symbol of a DLL."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from setup_local.binfmt import coff_rows
from setup_local.binfmt.coff_rows import FileHeader, ImportRow, SectionRow
from setup_local.binfmt.coff_symbols import POINTER, plain, read_symbols
from setup_local.binfmt.image import BadBinary, ImageSegment
from setup_local.binfmt.pe_layout import name_of, strings_at
from setup_local.binfmt.symbols import NO_SYMBOLS, SymbolTable
from setup_local.values import BinaryFormat

_MOST_SECTIONS = 100_000  # compilers create one per function
_MOST_BYTES = 1 << 24  # total for the names of all sections
_BITCODE = frozenset({".llvmbc", ".llvmcmd", ".llvm.lto"})
_DEBUG = (".debug",)
HOT = ".text$hot"  # prefix of the sections with code that a profile marks as hot
COUNTERS = (".lprf", "__llvm_prf_")  # prefixes of the sections with an instrumented program's counters
_CODE = 0  # IMPORT_OBJECT_CODE


class BadCoff(BadBinary):
    """The bytes are not a Windows object, or the object is damaged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coff:
    """Facts that an object states about itself.

    `library` is the DLL that provides the symbol, empty for compiled code. `time` is the recorded time of compilation.
    """

    machine: str
    bits: int
    time: int
    sections: frozenset[str] = frozenset()
    symbols: SymbolTable = NO_SYMBOLS
    library: str = ""

    @property
    def format(self) -> BinaryFormat:
        """Return the format's name."""
        return BinaryFormat.PE

    @property
    def linked(self) -> bool:
        """Return whether a linker made the file for a loader: always False."""
        return False

    @property
    def is_program(self) -> bool:
        """Return whether the system starts it: always False."""
        return False

    @property
    def standalone(self) -> bool:
        """Return whether it runs without a loader: always False."""
        return False

    @property
    def needed(self) -> tuple[str, ...]:
        """Return no libraries: only linked files have any."""
        return ()

    @property
    def exports(self) -> frozenset[str]:
        """Return the names that other files can bind to at run time: none."""
        return frozenset()

    @property
    def imports(self) -> frozenset[str]:
        """Return the names that it requires from other files."""
        return self.symbols.undefined

    @property
    def symbol_count(self) -> int:
        """Return how many symbols it has."""
        return len(self.symbols)

    @property
    def search_paths(self) -> tuple[str, ...]:
        """Return no search paths for libraries."""
        return ()

    @property
    def identity(self) -> None:
        """Return no name."""

    @property
    def loader(self) -> None:
        """Return no loader."""

    @property
    def build_id(self) -> str:
        """Return no build id."""
        return ""

    @property
    def segments(self) -> tuple[ImageSegment, ...]:
        """Return no segments."""
        return ()

    @property
    def bitcode(self) -> bool:
        """Return whether it contains code for a link-time optimizer, which fits only one release of LLVM."""
        return bool(self.sections & _BITCODE)

    @property
    def debug_sections(self) -> frozenset[str]:
        """Return the names of the sections with debug information."""
        return frozenset(name for name in self.sections if name.startswith(_DEBUG))

    @property
    def stripped(self) -> bool:
        """Return whether it has neither debug information nor symbols."""
        return not (self.symbols.defined or self.debug_sections)

    @property
    def counters(self) -> frozenset[str]:
        """Return the names of the sections with an instrumented program's counters."""
        return frozenset(name for name in self.sections if name.startswith(COUNTERS))

    @property
    def lto_functions(self) -> frozenset[str]:
        """Return no functions: only linked files have names assigned by a link-time optimizer."""
        return frozenset()

    @property
    def frames(self) -> None:
        """Return None: frame-pointer setups are not counted in this format."""


def read_coff(data: bytes) -> Coff:
    """Read the facts of an object. Raises `BadCoff`."""
    try:
        return _read(data)
    except (struct.error, ValueError, OverflowError) as error:
        raise BadCoff(f"damaged object: {error}") from error


def _read(data: bytes) -> Coff:
    if not data.startswith(coff_rows.ANONYMOUS):
        header = coff_rows.read_file_header(data, 0)
        return _object(data, header, coff_rows.HEADER_SIZE + header.optional_size, coff_rows.SYMBOL)
    big = coff_rows.read_big_header(data) if len(data) >= coff_rows.BIG_HEADER_SIZE else None
    if big is not None:
        return _object(data, big, coff_rows.BIG_HEADER_SIZE, coff_rows.WIDE_SYMBOL)
    return _import(data, coff_rows.read_import(data))


def _object(data: bytes, header: FileHeader, sections_at: int, layout: struct.Struct) -> Coff:
    if header.section_count > _MOST_SECTIONS:
        raise ValueError(f"more than {_MOST_SECTIONS} sections")
    rows = coff_rows.read_sections(data, sections_at, header.section_count)
    names = _names(rows, data, strings_at(header, layout.size))
    hot = {number for number, row in enumerate(rows, 1) if names[row.name].startswith(HOT)}
    return Coff(
        machine=machine_name(header.machine),
        bits=bits_of(header.machine),
        time=header.time,
        sections=frozenset(names.values()),
        symbols=read_symbols(data, header, layout, hot=hot),
    )


def _names(rows: tuple[SectionRow, ...], data: bytes, strings: int) -> dict[bytes, str]:
    """Return the name of each section by its recorded form: long names are elsewhere."""
    names, left = {}, _MOST_BYTES
    for raw in {row.name for row in rows}:
        names[raw] = name_of(raw, data, strings)
        left -= len(names[raw])
        if left < 0:
            raise ValueError("the names of its sections are too long")
    return names


def _import(data: bytes, row: ImportRow) -> Coff:
    texts = data[coff_rows.IMPORT_SIZE : coff_rows.IMPORT_SIZE + row.size].split(b"\0")
    if len(texts) < 3:  # noqa: PLR2004 - two names, each followed by a zero
        raise ValueError("a DLL symbol without its two names")
    symbol, library = (text.decode("utf-8", "replace") for text in texts[:2])
    name = plain(symbol) if row.machine == coff_rows.UNDERSCORED else symbol
    code = {name} if row.kind & 3 == _CODE else set()
    return Coff(
        machine=machine_name(row.machine),
        bits=bits_of(row.machine),
        time=row.time,
        symbols=SymbolTable(globals=frozenset(code | {POINTER + name}), functions=frozenset(code)),
        library=library,
    )


def machine_name(number: int) -> str:
    """Return a processor's name in Microsoft's headers, its number if unknown."""
    return coff_rows.MACHINES.get(number, hex(number))


def bits_of(number: int) -> int:
    """Return a processor's address size in bits, 0 if unknown."""
    return coff_rows.BITS.get(number, 0)
