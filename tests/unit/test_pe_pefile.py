"""Facts read from real files for Windows agree with those that the independent reader pefile reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pefile
import pytest

from setup_local.binfmt.pe import read_pe_image
from setup_local.binfmt.pe_layout import read_pe

PE = Path(__file__).resolve().parent.parent / "binaries" / "pe"
FILES = sorted(path for pattern in ("*.pyd", "*.dll", "*.exe") for path in PE.rglob(pattern))
_CODEVIEW = 2


def _imported(entries: list[Any]) -> list[tuple[str, tuple[str, ...]]]:
    return [(entry.dll.decode(), tuple(item.name.decode() for item in entry.imports)) for entry in entries]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_both_read_the_same(path: Path) -> None:
    found, file = read_pe_image(path.read_bytes()), read_pe(path.read_bytes())
    other = pefile.PE(path, fast_load=False)
    assert list(map(tuple, found.imported)) == _imported(getattr(other, "DIRECTORY_ENTRY_IMPORT", []))
    assert list(map(tuple, found.delayed)) == _imported(getattr(other, "DIRECTORY_ENTRY_DELAY_IMPORT", []))
    exported = other.DIRECTORY_ENTRY_EXPORT.symbols if hasattr(other, "DIRECTORY_ENTRY_EXPORT") else []
    assert found.exported.names == {item.name.decode(): (item.forwarder or b"").decode() for item in exported}
    assert found.time == other.FILE_HEADER.TimeDateStamp
    blocks = getattr(other, "DIRECTORY_ENTRY_BASERELOC", [])
    assert found.relocations == sum(1 for block in blocks for entry in block.entries if entry.type)
    entries = getattr(other, "DIRECTORY_ENTRY_DEBUG", [])
    assert [(entry.kind, entry.time) for entry in found.debug] == [
        (entry.struct.Type, entry.struct.TimeDateStamp) for entry in entries
    ]
    paths = [entry.entry.PdbFileName.rstrip(b"\0").decode() for entry in entries if entry.struct.Type == _CODEVIEW]
    assert found.pdb == next(iter(paths), "")
    assert [(row.address, row.size) for row in file.sections] == [
        (row.VirtualAddress, row.SizeOfRawData) for row in other.sections
    ]
    callbacks = getattr(other, "DIRECTORY_ENTRY_TLS", None)
    assert bool(found.callbacks) == bool(callbacks and callbacks.struct.AddressOfCallBacks)
    assert found.dynamic_base == other.OPTIONAL_HEADER.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE
    assert found.nx_compatible == other.OPTIONAL_HEADER.IMAGE_DLLCHARACTERISTICS_NX_COMPAT
    assert found.high_entropy == other.OPTIONAL_HEADER.IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA
