"""The catalog of libraries: data, schema and model agree, and a recipe can only refer to known things."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import license_expression
import pytest

from setup_local import paths
from setup_local.catalog.cpython import load_cpython
from setup_local.catalog.libraries import PLACEHOLDERS, RECIPES, Command, Library, load_libraries
from setup_local.catalog.patches import PATCHES, PIP_LAUNCHERS, load_patch, patch_files
from setup_local.catalog.sources import Requirement, load_sources
from setup_local.catalog.windows import load_windows
from setup_local.errors import CatalogError

LIBRARIES = load_libraries()
CPYTHON_PATCHES = {part.name for part in load_cpython().patch}
WINDOWS = load_windows()
WINDOWS_PATCHES = {part.name for part in WINDOWS.patch}
DOCUMENT = tomllib.loads((paths.DATA / "libraries.toml").read_text())
BY_NAME = pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
MINIMAL = """
cflags = ["-O2"]
[[library]]
name = "a"
source = "a"
versions = "==1"
licenses = ["MIT"]
license-files = ["LICENSE"]
produces = ["lib/liba.a"]
command = [{ argv = ["make", "PREFIX={prefix}"] }]
"""


@BY_NAME
def test_licences_are_spdx_identifiers(library: Library) -> None:
    spdx = license_expression.get_spdx_licensing()
    for identifier in library.licenses:
        parsed = spdx.parse(identifier, validate=True)
        assert parsed.key == identifier


# Their published hash is pinned, but their bytes were never available (docs/tls.md).
NEVER_HERE = {"libressl"}


@BY_NAME
def test_a_checked_pin_meets_the_needs_of_the_recipe(library: Library) -> None:
    sources = load_sources()
    assert sources.best(library.requirement).verified is (library.name not in NEVER_HERE)
    for name in library.extra_sources:
        assert sources.candidates(Requirement(name=name))


@BY_NAME
def test_headers_or_data_are_produced_and_kept(library: Library) -> None:
    from fnmatch import fnmatchcase

    for name in library.produces:
        assert any(fnmatchcase(name, pattern) for pattern in library.keep), name
    assert library.is_data or any(name.startswith("include/") for name in library.produces)


@BY_NAME
def test_every_recipe_file_is_declared_and_every_declared_one_is_used(library: Library) -> None:
    texts = [*library.cflags, *(word for command in library.commands for word in command.argv)]
    texts += [(RECIPES / name).read_text() for name in library.recipe_files if name.endswith(".mk")]
    named = {name for text in texts for name in re.findall(r"(?:\{recipe\}|\$\(RECIPE\))/([\w./-]+)", text)}
    headers = [(RECIPES / name).read_text() for name in library.recipe_files if name.endswith(".h")]
    included = {name for text in headers for name in re.findall(r"#include <([\w./-]+)>", text)}
    directories = {name for name in named if (RECIPES / name).is_dir()}
    declared = set(library.recipe_files)
    assert named - directories <= declared
    assert all(name in named | included or str(Path(name).parent) in directories for name in declared)


def test_every_data_file_belongs_to_a_recipe() -> None:
    used = {path for library in LIBRARIES for path in (*library.files, *patch_files(library.patches))}
    used |= set(patch_files([*CPYTHON_PATCHES, *WINDOWS_PATCHES, PIP_LAUNCHERS]))
    used |= {RECIPES / name for library in WINDOWS.libraries for name in library.recipe_files}
    there = {path for top in (RECIPES, PATCHES) for path in top.rglob("*") if path.is_file()}
    assert there == used


def test_every_patch_says_why() -> None:
    names = (
        {name for library in LIBRARIES for name in library.patches}
        | CPYTHON_PATCHES
        | {*WINDOWS_PATCHES, PIP_LAUNCHERS}
    )
    assert names
    for name in names:
        assert load_patch(name).why.strip()


def test_only_libraries_under_the_gpl_are_optional() -> None:
    gpl = {library.name for library in LIBRARIES if any("GPL" in name for name in library.licenses)}
    assert {library.name for library in LIBRARIES if library.optional} == gpl == {"readline", "gdbm"}


def test_flags_for_all_libraries_come_first() -> None:
    common = tuple(DOCUMENT["cflags"])
    assert {"-fPIC", "-fvisibility=hidden"} <= set(common)
    assert all(library.cflags[: len(common)] == common for library in LIBRARIES)


def test_every_placeholder_is_explained() -> None:
    text = (paths.PACKAGE.parent / "docs" / "libraries.md").read_text()
    assert set(re.findall(r"^\| `\{([a-z-]+)\}`", text, re.MULTILINE)) == PLACEHOLDERS


def load(tmp_path: Path, text: str) -> tuple[Library, ...]:
    path = tmp_path / "libraries.toml"
    path.write_text(text)
    return load_libraries(path)


def test_a_minimal_catalog_loads(tmp_path: Path) -> None:
    (library,) = load(tmp_path, MINIMAL)
    assert library.commands == (Command(argv=("make", "PREFIX={prefix}")),)
    assert library.license_name == "LICENSE.a.txt"
    assert library.keep == ("include/*", "lib/*.a")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("{prefix}", "{prefx}"), "unknown placeholder {prefx}"),
        (lambda text: text + 'needs = ["b"]\n', "a needs b, which is not listed before it"),
        (lambda text: text + 'needs = ["a"]\n', "a needs a, which is not listed before it"),
        (lambda text: text + 'patches = ["absent.toml"]\n', "absent.toml, which is not in data/patches"),
        (lambda text: text + 'recipe-files = ["absent.mk"]\n', "absent.mk, which is not in data/recipes"),
        (lambda text: text + MINIMAL.split("\n", 2)[2], "a ==1 is listed twice"),
        (lambda text: text + 'flags = ["-O3"]\n', "'flags' was unexpected"),
        (lambda text: text.replace("LICENSE", "../LICENSE"), "license-files"),
        (lambda text: text.replace('licenses = ["MIT"]\n', ""), "'licenses' is a required property"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: Callable[[str], str], message: str) -> None:
    with pytest.raises(CatalogError, match=re.escape(message)):
        load(tmp_path, change(MINIMAL))


def test_an_extra_source_is_a_placeholder(tmp_path: Path) -> None:
    text = MINIMAL.replace("{prefix}", "{source:b}")
    with pytest.raises(CatalogError, match=r"unknown placeholder \{source:b\}"):
        load(tmp_path, text)
    (library,) = load(tmp_path, text + 'extra-sources = ["b"]\n# once more\n')
    assert library.extra_sources == ("b",)


def test_the_script_for_the_terminals_names_those_that_are_compiled_in() -> None:
    chosen = tomllib.loads((RECIPES / "ncurses/terminals.toml").read_text())["compiled-in"]
    text = (paths.PACKAGE.parent / "tests/dist/own_terminals.py").read_text()
    quoted = text.partition("COMPILED_IN = (")[2].partition(").split()")[0]
    assert "".join(re.findall(r'"([^"]*)"', quoted)).split() == sorted(chosen) == chosen
