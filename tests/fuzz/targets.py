"""The fuzz targets: each reader of bytes from others, and the errors that it may raise.

Any other exception is a crash. This module does not depend on a fuzzer: `fuzz.py` runs the targets with atheris,
`test_corpus.py` replays the corpus.
"""

from __future__ import annotations

import contextlib
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from sample_distribution import Sample

from setup_local.audit.description import read_description
from setup_local.audit.facts import examine
from setup_local.audit.policy import load_policy
from setup_local.audit.safe_archive import read_safe_members
from setup_local.audit.sources_record import BadRecord, read_record
from setup_local.audit.streams import Damaged, Refused, Unpacked
from setup_local.audit.tar import Reader
from setup_local.audit.texts import PathScanner
from setup_local.audit.validate import validate_archive
from setup_local.binfmt import ar
from setup_local.binfmt.coff import BadCoff, read_coff
from setup_local.binfmt.elf import BadElf, read_elf
from setup_local.binfmt.layout import debug_size
from setup_local.binfmt.macho import BadMacho, read_slices
from setup_local.binfmt.macho_rewriter import renamed
from setup_local.binfmt.pe import BadPe, read_pe_image
from setup_local.catalog.limits import load_limits
from setup_local.errors import SetupLocalError, SourceError
from setup_local.flavors.detach import detach
from setup_local.flavors.strip import strip
from setup_local.index.model import parse_index
from setup_local.manifest import BadManifest, parse, to_text

_TRIPLE = "x86_64-unknown-linux-gnu"
_WINDOWS = "x86_64-pc-windows-msvc"


class _Bytes:
    """A tar archive without compression."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, size: int, /) -> bytes:
        part = self._data[self._at : self._at + size]
        self._at += len(part)
        return part


def tar(data: bytes) -> None:
    limits = load_limits()
    try:
        for _, read in Reader(stream=Unpacked(_Bytes(data), limits.total_bytes), limits=limits).members():
            read()
    except (Damaged, Refused):
        return


def archive(data: bytes) -> None:
    """Read the data as a compressed archive in a file: the walk over the frame, decoders, gate, and every rule."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, f"cpython-3.13.5-{_TRIPLE}-noopt-full.tar.zst")
        path.write_bytes(data)
        for use in (_read, validate_archive):
            try:
                use(path)
            except SetupLocalError as error:
                if not str(error).isprintable():
                    raise AssertionError(str(error)) from error


def _read(path: Path) -> None:
    for _, read in read_safe_members(path):
        read()


def packed_tar(data: bytes) -> None:
    """Compress the data first, so that fuzzing reaches the code behind the decoder."""
    archive(zlib.compress(data, 1, wbits=31))


def elf(data: bytes) -> None:
    try:
        read_elf(data)
    except BadElf:
        return


def macho(data: bytes) -> None:
    try:
        read_slices(data)
    except BadMacho:
        return


def macho_tools(data: bytes) -> None:
    """Strip, rename and sign a Mach-O file; the results must be readable."""
    with contextlib.suppress(BadMacho):
        read_slices(data)
        with contextlib.suppress(SetupLocalError):
            read_slices(strip(data, where="x"))
        with contextlib.suppress(struct.error, ValueError, IndexError):
            read_slices(renamed(data, {"/usr/lib/dyld": "/x", "/usr/lib/libSystem.B.dylib": "/y"}))


def elf_tools(data: bytes) -> None:
    """Measure, strip and detach an ELF file."""
    with contextlib.suppress(struct.error, ValueError, IndexError, KeyError):
        debug_size(data)
    for change in (strip, detach):
        try:
            change(data, where="x")
        except SetupLocalError:
            continue


def windows_image(data: bytes) -> None:
    """Read the facts of a Windows program or DLL, and strip and detach it."""
    with contextlib.suppress(BadPe):
        read_pe_image(data)
    for change in (strip, detach):
        with contextlib.suppress(SetupLocalError):
            change(data, where="x")


def windows_object(data: bytes) -> None:
    with contextlib.suppress(BadCoff):
        read_coff(data)


def static_library(data: bytes) -> None:
    try:
        for _ in ar.members(data):
            pass
    except ar.BadArchive:
        return


def binary(data: bytes) -> None:
    """Gather every fact of a file, as an audit does."""
    for triple in (_TRIPLE, _WINDOWS):
        scanner = PathScanner(policy=load_policy(triple), forbid=("/x",))
        examine("build/cpython.fdata", data, scanner=scanner, floor=(2, 12))


def description(data: bytes) -> None:
    try:
        read_description(data)
    except SetupLocalError:
        return


def described(data: bytes) -> None:
    """Validate a whole archive in which only PYTHON.json was changed: every rule that depends on its contents."""
    archive(Sample(description=data).packed())


def sources(data: bytes) -> None:
    """Read the record of sources in a full archive."""
    try:
        read_record(data)
    except BadRecord:
        return


def manifest(data: bytes) -> None:
    """Read the list of files in an archive; writing it and reading it again gives the same list."""
    try:
        listed = parse(data)
    except BadManifest:
        return
    if parse(to_text(listed).encode("utf-8", "surrogateescape")) != listed:
        raise AssertionError(data)


def index(data: bytes) -> None:
    try:
        parse_index(data, where="x")
    except SourceError:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    item.__name__: item
    for item in (
        tar,
        packed_tar,
        archive,
        elf,
        macho,
        macho_tools,
        elf_tools,
        windows_image,
        windows_object,
        static_library,
        binary,
        description,
        described,
        sources,
        manifest,
        index,
    )
}

DOCUMENTS = ("description", "described", "index", "sources")
"""The targets whose inputs are JSON."""
