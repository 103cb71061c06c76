"""An archive for macOS, which does not run here: what can be told from its files alone."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installed import unpack

from setup_local import paths
from setup_local.binfmt import macho_rows
from setup_local.binfmt.detect import FileKind, detect
from setup_local.binfmt.macho import Macho, read_slices
from setup_local.build.store import Store
from setup_local.catalog.catalogs import load_catalogs
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.stage import sysconfigdata
from setup_local.values import LinkMode, OperatingSystem, Request, system_of

# A text of symbols in TAPI's format: a list that may go over several lines.
_DOCUMENT = re.compile(r"(?m)^--- ")
_NAME = re.compile(r"(?m)^install-name:\s*'([^']+)'")
_SYMBOLS = re.compile(r"(?:symbols|weak-symbols|thread-local-symbols):\s*\[([^\]]*)\]")
_WORD = re.compile(r"'([^']+)'|([^\s,']+)")
# The program's own C API, which extension modules look up in whatever has loaded them.
_PYTHON = ("Py", "_Py")


@pytest.fixture(scope="module")
def tree(archive: Path, workshop: Path) -> Path:
    place = workshop / "macos"
    unpack(archive, place)
    return place / "python"


@pytest.fixture(scope="module")
def description(tree: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree / "PYTHON.json").read_text(encoding="utf-8"))
    if system_of(found["target_triple"]) is not OperatingSystem.DARWIN:
        pytest.skip("the archive is for another system")
    return found


@pytest.fixture(scope="module")
def plan(description: dict[str, Any]) -> Plan:
    request = Request(python=description["python_version"], target_triple=description["target_triple"])
    return resolve(request, load_catalogs())


@pytest.fixture(scope="module")
def binaries(tree: Path, description: dict[str, Any]) -> dict[str, Macho]:
    """Return every program, library and module of the installation by its path."""
    assert description
    files = (path for path in sorted((tree / "install").rglob("*")) if path.is_file() and not path.is_symlink())
    found = {path.relative_to(tree).as_posix(): path.read_bytes() for path in files}
    binary = {name: data for name, data in found.items() if detect(data) is FileKind.MACHO and "/test/" not in name}
    return {name: image for name, data in binary.items() for image in read_slices(data) if image.linked}


@pytest.fixture(scope="module")
def sdk(plan: Plan) -> dict[str, frozenset[str]]:
    """Return what each library of the SDK offers; libSystem has all that its parts offer."""
    name = f"sysroot-{plan.target.arch.name}-{plan.target.libc.value}-{plan.floor}"
    place = next(entry.path / "result" for entry in Store(paths.cache_root()).entries() if entry.name == name)
    texts = [place / "usr" / "lib" / "libSystem.tbd", *place.glob("System/Library/Frameworks/*/*.tbd")]
    return {library: names for path in texts for library, names in [_offered(path.read_text(encoding="utf-8"))]}


def _offered(text: str) -> tuple[str, frozenset[str]]:
    documents = _DOCUMENT.split(text)[1:]
    name = _NAME.search(documents[0])
    assert name is not None
    lists = (words for document in documents for words in _SYMBOLS.findall(document))
    return name[1], frozenset(quoted or plain for words in lists for quoted, plain in _WORD.findall(words))


def test_every_name_is_offered_by_the_library_that_it_is_bound_to(
    binaries: dict[str, Macho], sdk: dict[str, frozenset[str]]
) -> None:
    assert len(binaries) > 10
    missing = [(name, what) for name, image in binaries.items() for what in _unbound(image, sdk)]
    assert not missing


def _unbound(image: Macho, sdk: dict[str, frozenset[str]]) -> Iterator[str]:
    for bound in image.bound:
        library = image.library(bound)
        if not library:
            if not bound.name.startswith(_PYTHON):
                yield f"{bound.name} of no library"
        elif f"_{bound.name}" not in sdk.get(library, ()) and bound.name not in sdk.get(library, ()):
            yield f"{bound.name} of {library}"


def test_functions_of_newer_systems_are_bound_weakly(binaries: dict[str, Macho], plan: Plan) -> None:
    program = binaries[f"install/bin/python{plan.python.major}.{plan.python.minor}"]
    weak = {bound.name for bound in program.bound if bound.optional}
    assert {"mkfifoat", "mknodat"} <= weak  # macOS 13
    assert weak.isdisjoint({"read", "malloc"})
    assert not {"dup3", "pipe2"} & program.imports  # macOS 27, and CPython would call them without asking


def test_binaries_are_for_the_processor_and_the_oldest_system(binaries: dict[str, Macho], plan: Plan) -> None:
    version = tuple(int(part) for part in plan.floor.split("."))
    for name, image in binaries.items():
        assert [(item.platform, item.version[:2]) for item in image.minimums] == [("macos", version)], name
        assert image.two_level, name
        assert image.signature, name
        assert not image.signature.problems, name
        assert not image.search_paths, name


def test_the_main_thread_has_the_stack_that_cpython_asks_for(
    tree: Path, binaries: dict[str, Macho], plan: Plan
) -> None:
    name = f"install/bin/python{plan.python.major}.{plan.python.minor}"
    assert name in binaries
    command = macho_rows.read_layout((tree / name).read_bytes()).first(macho_rows.MAIN)
    assert command is not None
    assert struct.unpack_from("<Q", command.body, macho_rows.COMMAND.size + 8) == (0x1000000,)


def test_libpython_is_found_by_the_run_path_of_who_links_it(binaries: dict[str, Macho], plan: Plan) -> None:
    name = f"libpython{plan.python.major}.{plan.python.minor}.dylib"
    library, program = binaries[f"install/lib/{name}"], binaries[f"install/bin/{name[3:-6]}"]
    assert library.identity == f"@rpath/{name}"
    assert {item for item in library.exports if item.startswith("Py")} <= program.exports


def test_modules_are_those_of_linux_but_for_what_each_alone_has(description: dict[str, Any], plan: Plan) -> None:
    linux = resolve(Request(python=str(plan.python)), load_catalogs())
    there = {item.name for item in linux.extensions if item.link is not LinkMode.DISABLED}
    here = set(description["build_info"]["extensions"])
    reasons = {item.name: item.reason for item in plan.extensions if item.link is LinkMode.DISABLED}
    assert here - there == {"_scproxy"}
    assert {name: reasons[name] for name in there - here}.keys() == {"_tkinter"}


def test_sysconfig_says_what_a_build_on_a_mac_says(tree: Path, description: dict[str, Any], plan: Plan) -> None:
    (path,) = (tree / "install").glob("lib/python*/_sysconfigdata*.py")
    assert path.name == "_sysconfigdata__darwin_darwin.py"
    text = re.sub(r"(?s)\n\n.*", "\n", path.read_text(encoding="utf-8"))
    said = sysconfigdata.parse(text, path)
    version = f"{plan.python.major}.{plan.python.minor}"
    assert said["MACOSX_DEPLOYMENT_TARGET"] == plan.floor
    assert said["EXT_SUFFIX"] == f".cpython-{version.replace('.', '')}-darwin.so"
    assert said["LDSHARED"] == "cc -bundle -undefined dynamic_lookup"
    assert said["LDLIBRARY"] == f"libpython{version}.dylib"
    assert (said["MACHDEP"], said["MULTIARCH"], said["SHLIB_SUFFIX"]) == ("darwin", "darwin", ".so")
    whole = json.dumps(said)
    assert not [
        word for word in ("isysroot", "ld64", "clang", "linux", "apple-macos", "x86_64-unknown") if word in whole
    ]
    assert description["python_platform_tag"] == f"macosx-{plan.floor}-{plan.target.darwin.machine}"
