"""An archive for macOS, which does not run here: checks that need only its files."""

from __future__ import annotations

import dataclasses
import json
import re
import struct
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installed import unpack
from macos_tree import asked, described, has_lto, linked, unpacked

from setup_local import paths
from setup_local.binfmt import macho_rows
from setup_local.binfmt.macho import Macho, read_slices
from setup_local.binfmt.macho_fat import slices
from setup_local.build.store import Store
from setup_local.catalog.catalogs import load_catalogs
from setup_local.plan.darwin import half_requests
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.stage import sysconfigdata
from setup_local.values import DEFAULT_TRIPLE, LinkMode, Request

# Text stubs in TAPI's format; a list of symbols may span several lines.
_DOCUMENT = re.compile(r"(?m)^--- ")
_NAME = re.compile(r"(?m)^install-name:\s*'([^']+)'")
_SYMBOLS = re.compile(r"(?:symbols|weak-symbols|thread-local-symbols):\s*\[([^\]]*)\]")
_WORD = re.compile(r"'([^']+)'|([^\s,']+)")
FACTS = Path(__file__).with_name("macos_pyconfig.toml")
_DEFINED = re.compile(r"(?m)^#\s*define (\w+) (\S+)$")
_UNDEFINED = re.compile(r"(?m)^/\* #\s*undef (\w+) \*/$")
# The link-time optimizer makes at least this many static functions callable from other files (608 in the program of
# 3.13.5 for Apple silicon); a plain link makes none.
_PROMOTED = 100
# Python's C API, which extension modules look up in the process that loads them.
_PYTHON = ("Py", "_Py")


@pytest.fixture(scope="module")
def tree(archive: Path, workshop: Path) -> Path:
    return unpacked(archive, workshop / "macos")


@pytest.fixture(scope="module")
def description(tree: Path) -> dict[str, Any]:
    return described(tree)


@pytest.fixture(scope="module")
def wish(description: dict[str, Any]) -> Request:
    return asked(description)


@pytest.fixture(scope="module")
def plan(wish: Request) -> Plan:
    return resolve(wish, load_catalogs())


@pytest.fixture(scope="module")
def thin(plan: Plan, wish: Request) -> list[Plan]:
    """Return the plan for each processor of the archive."""
    catalogs = load_catalogs()
    if plan.target.triple != catalogs.universal.triple:
        return [plan]
    return [resolve(half, catalogs) for half in half_requests(wish, catalogs.universal, catalogs.targets)]


@pytest.fixture(scope="module")
def name(plan: Plan) -> str:
    """Return the interpreter's name; its library and headers have the same one (`python3.13d`)."""
    return f"python{plan.python.major}.{plan.python.minor}{plan.abi_flags}"


@pytest.fixture(scope="module")
def binaries(tree: Path) -> dict[str, list[Macho]]:
    """Return the slices of every program, library and module of the installation, by path."""
    return linked(tree)


@pytest.fixture(scope="module")
def sdk(thin: list[Plan]) -> dict[str, frozenset[str]]:
    """Return the symbols that each library of the SDK exports; libSystem includes those of its parts."""
    name = f"sysroot-{thin[0].target.arch.name}-{thin[0].target.libc.value}-{thin[0].floor}"
    place = next(entry.path / "result" for entry in Store(paths.cache_root()).entries() if entry.name == name)
    texts = [place / "usr" / "lib" / "libSystem.tbd", *place.glob("System/Library/Frameworks/*/*.tbd")]
    return {library: names for path in texts for library, names in [_offered(path.read_text(encoding="utf-8"))]}


def _offered(text: str) -> tuple[str, frozenset[str]]:
    documents = _DOCUMENT.split(text)[1:]
    name = _NAME.search(documents[0])
    assert name is not None
    lists = (words for document in documents for words in _SYMBOLS.findall(document))
    return name[1], frozenset(quoted or plain for words in lists for quoted, plain in _WORD.findall(words))


def test_every_name_is_exported_by_the_library_that_it_is_bound_to(
    binaries: dict[str, list[Macho]], sdk: dict[str, frozenset[str]]
) -> None:
    assert len(binaries) > 10
    missing = [(name, what) for name, images in binaries.items() for image in images for what in _unbound(image, sdk)]
    assert not missing


def _unbound(image: Macho, sdk: dict[str, frozenset[str]]) -> Iterator[str]:
    for bound in image.bound:
        library = image.library(bound)
        if not library:
            if not bound.name.startswith(_PYTHON):
                yield f"{bound.name} of no library"
        elif f"_{bound.name}" not in sdk.get(library, ()) and bound.name not in sdk.get(library, ()):
            yield f"{bound.name} of {library}"


def test_functions_of_newer_systems_are_bound_weakly(binaries: dict[str, list[Macho]], name: str) -> None:
    for program in binaries[f"install/bin/{name}"]:
        weak = {bound.name for bound in program.bound if bound.optional}
        assert {"mkfifoat", "mknodat"} <= weak  # macOS 13
        assert weak.isdisjoint({"read", "malloc"})
        assert not {"dup3", "pipe2"} & program.imports  # macOS 27, and CPython would call them without a check


def test_binaries_are_for_the_processors_and_the_oldest_system(
    binaries: dict[str, list[Macho]], thin: list[Plan]
) -> None:
    wanted = [("macos", tuple(int(part) for part in plan.floor.split("."))) for plan in thin]
    for name, images in binaries.items():
        assert [(item.platform, item.version[:2]) for image in images for item in image.minimums] == wanted, name
        for image in images:
            assert image.two_level, name
            assert image.signature, name
            assert not image.signature.problems, name
            assert not image.search_paths, name


def test_the_main_thread_has_the_stack_size_that_cpython_requests(tree: Path, name: str) -> None:
    data = (tree / f"install/bin/{name}").read_bytes()
    for body in [item.data for item in slices(data)] or [data]:
        command = macho_rows.read_layout(body).first(macho_rows.MAIN)
        assert command is not None
        assert struct.unpack_from("<Q", command.body, macho_rows.COMMAND.size + 8) == (0x1000000,)


def test_libpython_is_found_through_the_run_path_of_the_linking_program(
    binaries: dict[str, list[Macho]], name: str
) -> None:
    file = f"lib{name}.dylib"
    for library, program in zip(binaries[f"install/lib/{file}"], binaries[f"install/bin/{name}"], strict=True):
        assert library.identity == f"@rpath/{file}"
        assert {item for item in library.exports if item.startswith("Py")} <= program.exports


def test_lto_is_visible_in_programs_and_objects_are_machine_code(
    archive: Path, workshop: Path, description: dict[str, Any], binaries: dict[str, list[Macho]], name: str
) -> None:
    if not has_lto(description):
        pytest.skip("the archive was built without lto")
    unpack(archive, workshop / "objects", kept=("python/build/",))
    tree = workshop / "objects" / "python"
    images = [image for path in (tree / "build").rglob("*.o") for image in read_slices(path.read_bytes())]
    static = frozenset().union(*(image.symbols.locals & image.symbols.functions for image in images))
    assert not any(image.bitcode or image.lto_functions for image in images)
    assert not (tree / "build" / "lto").exists()
    for file in (f"install/bin/{name}", f"install/lib/lib{name}.dylib"):
        for image in binaries[file]:
            named = {item.partition(".")[0] for item in image.lto_functions}
            assert len(named) > _PROMOTED, file
            assert named <= static, file


def test_modules_are_those_of_linux_except_for_two(description: dict[str, Any], plan: Plan, wish: Request) -> None:
    linux = resolve(dataclasses.replace(wish, target_triple=DEFAULT_TRIPLE, macos_minimum=None), load_catalogs())
    there = {item.name for item in linux.extensions if item.link is not LinkMode.DISABLED}
    here = set(description["build_info"]["extensions"])
    reasons = {item.name: item.reason for item in plan.extensions if item.link is LinkMode.DISABLED}
    assert here - there == {"_scproxy"}
    assert {name: reasons[name] for name in there - here}.keys() == {"_tkinter"}


def test_configure_found_the_same_as_on_a_mac(tree: Path, plan: Plan, name: str) -> None:
    facts = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    text = (tree / f"install/include/{name}/pyconfig.h").read_text("utf-8")
    defined, undefined = dict(_DEFINED.findall(text)), set(_UNDEFINED.findall(text))
    asked = defined.keys() | undefined
    assert len(asked.intersection(facts["defined"])) > len(facts["defined"]) * 0.9
    assert [name for name in facts["defined"] if name in asked and defined.get(name, "0") == "0"] == []
    assert not defined.keys() & set(facts["not-at-hand"])
    assert b"SYSPROTO_CONTROL" in (tree / f"install/bin/{name}").read_bytes()
    unlike = [name for name in facts["undefined"] if defined.get(name, "0") != "0"]
    assert unlike == (["Py_DEBUG"] if "d" in plan.abi_flags else [])
    assert ("Py_GIL_DISABLED" in defined) == ("t" in plan.abi_flags)
    assert {name: defined.get(name) for name in facts["sizes"]} == {
        name: str(size) for name, size in facts["sizes"].items()
    }


def test_sysconfig_has_the_values_of_a_build_on_a_mac(
    tree: Path, description: dict[str, Any], plan: Plan, name: str
) -> None:
    (path,) = (tree / "install").glob("lib/python*/_sysconfigdata*.py")
    assert path.name == f"_sysconfigdata_{plan.abi_flags}_darwin_darwin.py"
    text = re.sub(r"(?s)\n\n.*", "\n", path.read_text(encoding="utf-8"))
    said = sysconfigdata.parse(text, path)
    assert said["MACOSX_DEPLOYMENT_TARGET"] == plan.floor
    assert said["EXT_SUFFIX"] == f".cpython-{name.removeprefix('python').replace('.', '')}-darwin.so"
    architectures = " ".join(re.findall(r"-arch \S+", plan.sysconfig.set["BASECFLAGS"]))
    assert said["LDSHARED"] == f"cc -bundle -undefined dynamic_lookup {architectures}".strip()
    assert said["LDLIBRARY"] == f"lib{name}.dylib"
    assert (said["MACHDEP"], said["MULTIARCH"], said["SHLIB_SUFFIX"]) == ("darwin", "darwin", ".so")
    whole = json.dumps(said)
    assert not [
        word
        for word in (
            "isysroot",
            "ld64",
            "clang",
            "linux",
            "apple-macos",
            "x86_64-unknown",
            "-flto",
            "lto-linker",
            "lto/",
        )
        if word in whole
    ]
    assert description["python_platform_tag"] == f"macosx-{plan.floor}-{plan.target.darwin.machine}"
