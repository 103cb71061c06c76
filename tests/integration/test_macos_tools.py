"""Our reader's facts about an archive for macOS and our signatures, compared with other projects' tools."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import with_packages
from installed import checked, environment
from macos_tree import described, has_lto, linked, unpacked

from setup_local.binfmt.macho import Macho, read_slices
from setup_local.binfmt.macho_fat import slices
from setup_local.binfmt.macho_linking import FLAT, SELF

_UNDEFINED = re.compile(r"(?m)^\s+\(undefined\) (weak )?external (\S+)(?: \(from (\S+)\))?")
_EXPORT = re.compile(r"(?m)^(?:0x[0-9A-F]+|\[re-export\])\s+(\S+)")
_LIBRARY = re.compile(r"(?m)^\t(\S+) \(compatibility")
_MINIMUM = re.compile(r"(?m)^\s+minos (\S+)$")
# Added by the linker for lazy bindings, even if there are none.
_LINKERS = {"dyld_stub_binder"}
_PYTHON = ("Py", "_Py")  # looked up in the process that loads a module
_INSTALL_NAME = re.compile(r"\bLC_ID_DYLIB\b")
_UUID = re.compile(r"(?m)^UUID: (\S+ \(\w+\)) ")
_DECLARED = re.compile(r'DW_AT_decl_file\s+\("/usr/src/debug/cpython-[\d.]+/(?:\./)?Objects/object\.c"\)')
PAGES = Path(__file__).with_name("signature_pages.py")
# A code directory (<kern/cs_blobs.h>): its magic, and the offsets of the fields with the start, the number and the size
# of its hashes.
_DIRECTORY, _HASHES_AT, _PAGES_AT, _SIZE_AT = 0xFADE0C02, 16, 28, 36


@pytest.fixture(scope="module")
def judges(workshop: Path) -> Path:
    """Return the Python of an environment with other projects' tools for Mach-O files."""
    home = workshop / "llvm"
    home.mkdir()
    return with_packages(home / "environment", "macos.txt", home)


@pytest.fixture(scope="module")
def tools(judges: Path) -> Path:
    """Return the directory of LLVM's programs."""
    (found,) = judges.parents[1].glob("lib/python*/site-packages/llvm/bin")
    for program in found.iterdir():
        program.chmod(0o755)
    return found


@pytest.fixture(scope="module")
def tree(archive: Path, workshop: Path) -> Path:
    return unpacked(archive, workshop / "macos-tools")


@pytest.fixture(scope="module")
def parts(tree: Path, workshop: Path) -> dict[Path, Macho]:
    """Return each slice of every binary as a separate file, and our reader's facts about it."""
    return {path: image for name in linked(tree) for path, image in _thin(tree / name, workshop / "thin" / name)}


def _thin(path: Path, into: Path) -> Iterator[tuple[Path, Macho]]:
    into.mkdir(parents=True)
    bodies = [item.data for item in slices(path.read_bytes())] or [path.read_bytes()]
    for number, body in enumerate(bodies):
        file = into / f"{number}-{path.name}"
        file.write_bytes(body)
        (image,) = read_slices(body)
        yield file, image


def _said(tools: Path, words: list[str], file: Path) -> str:
    return checked([tools / words[0], *words[1:], file], env=environment(file.parent), cwd=file.parent)


def _leaf(library: str) -> str:
    """Return a library's name as nm shows it: without its directory, its suffix and the letter of its version."""
    return re.sub(r"(\.[A-Z])?\.dylib$", "", library.rpartition("/")[2])


def test_llvm_reads_the_same_facts(tools: Path, parts: dict[Path, Macho]) -> None:
    assert len(parts) > 10
    for file, image in parts.items():
        load = _said(tools, ["llvm-otool", "-l"], file)
        libraries = _LIBRARY.findall(_said(tools, ["llvm-otool", "-L"], file))
        own = [image.identity] if _INSTALL_NAME.search(load) else []
        assert libraries == [*own, *image.needed], file
        assert {".".join(map(str, item.version[:2])) for item in image.minimums} == set(_MINIMUM.findall(load)), file
        exports = set(_EXPORT.findall(_said(tools, ["llvm-objdump", "--macho", "--exports-trie"], file)))
        assert {name.removeprefix("_") for name in exports} == image.exports, file


def test_llvm_reads_the_same_bindings(tools: Path, parts: dict[Path, Macho], tree: Path) -> None:
    optimized = has_lto(described(tree))
    for file, image in parts.items():
        found = _UNDEFINED.findall(_said(tools, ["llvm-nm", "-m", "-u"], file))
        assert found, file
        theirs = {(name.removeprefix("_"), library, bool(weak)) for weak, name, library in found}
        ours = {
            (item.name, _leaf(image.library(item)), item.optional)
            for item in image.bound
            if item.library > SELF or (item.library == FLAT and item.name.startswith(_PYTHON))
        }
        known = {name for name, _, _ in ours} | set(_LINKERS)
        # The linker keeps the names of functions that the link-time optimizer has replaced; nothing is bound to them.
        if optimized:
            theirs = {item for item in theirs if item[0] in known}
        assert {item for item in theirs if item[0] not in _LINKERS} == {
            item for item in ours if item[0] not in _LINKERS
        }, file


def _hashes(data: bytes) -> list[bytes]:
    """Return the hash of each page in the first code directory of a file."""
    start = data.index(struct.pack(">I", _DIRECTORY))
    (hashes,) = struct.unpack_from(">I", data, start + _HASHES_AT)
    (count,) = struct.unpack_from(">I", data, start + _PAGES_AT)
    size = data[start + _SIZE_AT]
    return [data[start + hashes + number * size :][:size] for number in range(count)]


def test_llvm_computes_the_same_hash_of_every_page(tools: Path, parts: dict[Path, Macho]) -> None:
    """llvm-objcopy rewrites a file and signs it by itself: pages that do not change must keep their hashes."""
    pages = compared = 0
    for file in parts:
        again = file.with_suffix(".again")
        checked([tools / "llvm-objcopy", file, again], env=environment(file.parent), cwd=file.parent)
        before, after = file.read_bytes(), again.read_bytes()
        ours, theirs = _hashes(before), _hashes(after)
        size = 1 << before[before.index(struct.pack(">I", _DIRECTORY)) + 39]
        same = [
            number
            for number in range(min(len(ours), len(theirs)) - 1)
            if before[number * size : (number + 1) * size] == after[number * size : (number + 1) * size]
        ]
        assert [ours[number] for number in same] == [theirs[number] for number in same], file
        pages, compared = pages + len(ours), compared + len(same)
    assert compared > pages * 0.9


def test_llvm_finds_the_debug_information_of_every_binary(tools: Path, tree: Path) -> None:
    uuids = {}
    for name in linked(tree):
        file = tree / name
        bundle = tree / "install/lib/debug" / f"{file.name}.dSYM"
        said = [set(_UUID.findall(_said(tools, ["llvm-dwarfdump", "--uuid"], path))) for path in (file, bundle)]
        assert said[0] == said[1], name
        uuids[name] = said[0]
    assert all(uuids.values())
    (program,) = (tree / "install/lib/debug").glob("python3.*.dSYM")
    found = _said(tools, ["llvm-dwarfdump", "--name=PyObject_Repr"], program)
    known = _DECLARED.findall(found)
    # A file into which the optimizer has moved a caller declares the function, too.
    assert len(known) >= len(uuids[f"install/bin/{program.stem}"])
    assert has_lto(described(tree)) or len(known) == len(uuids[f"install/bin/{program.stem}"])


def _judged(judges: Path, files: list[Path]) -> dict[str, dict[str, object]]:
    said = checked([judges, PAGES, *files], env=environment(files[0].parent), cwd=files[0].parent)
    found: dict[str, dict[str, object]] = json.loads(said)
    return found


def test_an_independent_reader_verifies_every_signature(judges: Path, parts: dict[Path, Macho]) -> None:
    found = _judged(judges, list(parts))
    assert len(found) == len(parts) > 10
    for file, image in parts.items():
        said = found[str(file)]
        assert (said["wrong"], said["to_its_end"]) == ([], True), file
        assert image.signature is not None
        assert said["name"] == image.signature.name, file


def test_the_independent_reader_detects_a_changed_page(judges: Path, parts: dict[Path, Macho], tmp_path: Path) -> None:
    file = max(parts, key=lambda path: path.stat().st_size)
    data = bytearray(file.read_bytes())
    data[3 << 12] ^= 1
    changed = tmp_path / "changed"
    changed.write_bytes(data)
    assert _judged(judges, [changed])[str(changed)]["wrong"] == [3]
