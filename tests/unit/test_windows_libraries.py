"""Builds of libraries for Windows: the inputs of recipes, and the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.build.windows.compiler import Compiler
from setup_local.build.windows.libraries import (
    LibraryBuild,
    build_environment,
    build_windows_library,
    sources_of,
    words_of,
)
from setup_local.catalog.libraries import Library
from setup_local.catalog.sources import Source
from setup_local.catalog.windows import Made, WindowsLibrary, load_windows
from setup_local.errors import StepError
from setup_local.plan.model import PlannedLibrary

CATALOG = load_windows()
WORDS = {"port": ("a.c", "b.c"), "kind": ("WIN64",)}
RECIPE = WindowsLibrary(
    name="x",
    archives=("libx.a",),
    sources=("*.c",),
    without=("test*.c", "scripts/old/*"),
    headers=("{arch:kind}.h",),
    cflags=("-I{source:other}/generic", "-I{deps}/include", "{arch:port}"),
    resources=("rc/icons.rc",),
    trees={"x1": "scripts"},
    made=(Made(file="made.h", template="made.h.in", values={"@KIND@": "{arch:kind} {version}"}),),
)


def build(place: Path, recipe: WindowsLibrary = RECIPE) -> LibraryBuild:
    library = Library(
        name="x",
        source="x",
        versions=">=1",
        commands=(),
        produces=(),
        licenses=("MIT",),
        license_files=("LICENSE",),
        keep=("include/*", "lib/*"),
    )
    return LibraryBuild(
        planned=PlannedLibrary(library=library, source=Source(name="x", version="1.2", forms=())),
        recipe=recipe,
        words=WORDS,
        trees={"x": place / "x", "other": place / "other"},
        work=place / "work",
        out=place / "out",
    )


def test_a_word_of_the_processor_may_expand_to_several(tmp_path: Path) -> None:
    item = build(tmp_path)
    values = item.values("cc")
    assert list(item.expanded_words(["{arch:port}", "x{arch:kind}-{version}", "{build-cc}"], values)) == [
        "a.c",
        "b.c",
        "xWIN64-1.2",
        "cc",
    ]
    with pytest.raises(StepError, match="does not define the words for other"):
        item.expanded("{arch:other}", values)


def test_the_words_of_the_processor_that_a_recipe_uses() -> None:
    assert words_of(RECIPE) == {"port", "kind"}
    assert words_of(WindowsLibrary(name="x", archives=("x.a",), commands=(("make", "{arch:make}"),))) == {"make"}


@pytest.mark.parametrize("port", sorted(CATALOG.ports))
def test_every_processor_defines_the_words_of_all_recipes(port: str) -> None:
    taken = {name for recipe in CATALOG.libraries for name in words_of(recipe)}
    assert taken == set(CATALOG.ports[port].recipes)


def test_sources_are_found_by_patterns(tmp_path: Path) -> None:
    for name in ("b.c", "a.c", "test1.c"):
        (tmp_path / name).touch()
    assert sources_of(RECIPE, tmp_path, RECIPE.sources) == ["a.c", "b.c"]
    with pytest.raises(StepError, match=r"does not contain \*\.h"):
        sources_of(RECIPE, tmp_path, ["*.h"])


def test_a_library_has_a_command_list_and_additional_installed_files(tmp_path: Path) -> None:
    item = build(tmp_path)
    texts = {
        "a.c": "",
        "WIN64.h": "",
        "made.h.in": "#define KIND @KIND@\n",
        "LICENSE": "free\n",
        "scripts/a.tcl": "a",
        "scripts/old/b.tcl": "b",
    }
    for name, text in texts.items():
        (item.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (item.tree / name).write_text(text, encoding="utf-8")
    compiler = Compiler(
        program=Path("/zig"),
        resources=Path("/clang"),
        sysroot=Path("/sysroot"),
        headers=("include",),
        search="-isystem",
        target="t",
        dlltool=(),
        cflags=(),
        rcflags=("/c65001",),
    )
    build_windows_library(item, compiler, lambda *_, **__: None, {"PATH": "/usr/bin"})
    installed = {path.relative_to(item.out).as_posix() for path in item.out.rglob("*") if path.is_file()}
    assert {"include/WIN64.h", "lib/x1/a.tcl"} < installed
    assert "lib/x1/old/b.tcl" not in installed
    assert (item.tree / "made.h").read_text() == "#define KIND WIN64 1.2\n"
    ninja = (item.tree / "build.ninja").read_text()
    assert f"-I{tmp_path}/other/generic" in ninja
    assert f"-ffile-prefix-map={tmp_path}/other=other" in ninja
    assert "rc /c65001" in ninja
    assert "lib/icons.res" in ninja


def test_builds_of_libraries_have_a_fixed_time() -> None:
    env = build_environment({"PATH": "/usr/bin", "SOURCE_DATE_EPOCH": "today"}, Path("/made"))
    assert env["PATH"] == "/made:/usr/bin"
    assert env["SOURCE_DATE_EPOCH"].isdigit()
