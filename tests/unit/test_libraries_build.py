"""How one recipe is executed: edits, placeholders, environment, and which results are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sample_target import TARGET

from setup_local.build import library as build
from setup_local.build.patches import apply_patches
from setup_local.catalog import patches
from setup_local.catalog.libraries import Command, Library
from setup_local.catalog.sources import Source
from setup_local.errors import StepError
from setup_local.plan.model import PlannedLibrary

ENV = {"PATH": "/bin", "CC": "clang", "AR": "ar", "RANLIB": "ranlib", "CFLAGS": "-march=x86-64"}


def recipe(**changes: Any) -> Library:
    given: dict[str, Any] = {
        "name": "a",
        "source": "a-source",
        "versions": "==1",
        "commands": (Command(argv=("make", "DESTDIR={stage}")),),
        "produces": ("lib/liba.a",),
        "licenses": ("MIT",),
        "license_files": ("LICENSE",),
        "cflags": ("-O2",),
    }
    return Library(**given | changes)


class Bench:
    """A build with a runner that records commands and installs what a real build would."""

    def __init__(self, top: Path) -> None:
        self.tree, self.extra, self.work, self.out = (top / name for name in ("tree", "extra", "work", "out"))
        for path in (self.tree, self.extra, self.work, self.out, top / "deps"):
            path.mkdir()
        self.deps = top / "deps"
        (self.tree / "LICENSE").write_text("Do what you like.\n")
        self.installs: dict[str, bytes] = {"lib/liba.a": b"!<arch>\n"}
        self.commands: list[tuple[list[str], Path, dict[str, str]]] = []

    def run(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        assert cwd.is_dir()
        self.commands.append(([str(word) for word in argv], cwd, dict(env or {})))
        for name, content in self.installs.items():
            path = self.work / "stage" / "install" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def build(self, library: Library) -> set[str]:
        planned = PlannedLibrary(
            library=library,
            source=Source(name=library.source, version="1", forms=()),
            extra_sources=tuple(Source(name=name, version="1", forms=()) for name in library.extra_sources),
            patches=patches.load_patches(library.patches),
        )
        sources = {library.source: self.tree, **dict.fromkeys(library.extra_sources, self.extra)}
        machines = build.Machines(target=TARGET, build="build-triple")
        places = build.Places(deps=self.deps, work=self.work, out=self.out)
        build.build_library(planned, sources, machines, places, env=ENV, run=self.run)
        return {path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_only_the_wanted_part_of_an_installation_is_kept(bench: Bench) -> None:
    names = ("lib/liba.so", "lib/liba.la", "lib/pkgconfig/a.pc", "bin/a", "share/man/man1/a.1", "include/a/b.h")
    bench.installs |= dict.fromkeys(names, b"x")
    assert bench.build(recipe()) == {"lib/liba.a", "include/a/b.h", "licenses/LICENSE.a.txt"}


def test_a_missing_product_is_named(bench: Bench) -> None:
    with pytest.raises(StepError, match=r"^a: the recipe did not produce lib/libb\.a$"):
        bench.build(recipe(produces=("lib/liba.a", "lib/libb.a")))


def test_placeholders_reach_commands_directories_and_environment(bench: Bench) -> None:
    command = Command(
        argv=("sh", "-c", "{source} {source:b} {deps} {stage} {prefix} {host} {build} {cc} {build-cc} {ar} {recipe}"),
        directory="sub",
        env={"X": "-I{deps}/include"},
    )
    bench.build(recipe(commands=(command,), extra_sources=("b",)))
    ((words, cwd, env),) = bench.commands
    expected = [
        bench.tree,
        bench.extra,
        bench.deps,
        bench.work / "stage",
        "/install",
        "x86_64-unknown-linux-gnu",
        "build-triple",
        "clang",
        "clang",
        "ar",
        bench.work / "recipe",
    ]
    assert words[2].split() == [str(item) for item in expected]
    assert cwd == bench.tree / "sub"
    assert env["X"] == f"-I{bench.deps}/include"


def test_words_of_the_architecture_are_as_many_as_it_has(bench: Bench) -> None:
    bench.build(recipe(commands=(Command(argv=("./Configure", "{arch:openssl}", "no-shared")),)))
    ((words, _, _),) = bench.commands
    assert words == ["./Configure", *TARGET.arch.recipes["openssl"], "no-shared"]


def test_words_that_the_architecture_lacks_are_an_error(bench: Bench) -> None:
    with pytest.raises(StepError, match=r"x86_64\.toml does not define the words for fortran"):
        bench.build(recipe(commands=(Command(argv=("{arch:fortran}",)),)))


def test_an_unknown_placeholder_is_an_error(bench: Bench) -> None:
    with pytest.raises(StepError, match="unknown placeholder 'nothing'"):
        bench.build(recipe(commands=(Command(argv=("{nothing}",)),)))


def test_the_environment_is_closed_to_the_host_and_maps_every_directory(bench: Bench) -> None:
    bench.build(recipe(cflags=("-O2", "-DA={deps}"), ldflags=("-L{deps}/lib",)))
    env = bench.commands[0][2]
    assert env["PKG_CONFIG"] == "false"
    assert env["PKG_CONFIG_LIBDIR"] == ""
    assert env["SOURCE_DATE_EPOCH"].isdigit()
    assert env["LDFLAGS"] == f"-L{bench.deps}/lib"
    words = env["CFLAGS"].split()
    assert words[0] == "-march=x86-64"
    assert words[-2:] == ["-O2", f"-DA={bench.deps}"]
    for path in (bench.work, bench.tree, bench.deps):
        assert any(word.startswith(f"-ffile-prefix-map={path}=") for word in words)


@pytest.mark.parametrize("kept", ["lib/liba.a", "include/a.h"])
def test_a_path_of_the_build_machine_is_refused(bench: Bench, kept: str) -> None:
    path = f"built in {bench.work}".encode()
    bench.installs[kept] = b"!<arch>\n" + member(b"a.o/", path, mtime=0, owner=0, mode=b"644")
    with pytest.raises(StepError, match=f"^a: {kept} contains the build path {bench.work}"):
        bench.build(recipe())


def test_what_is_dropped_may_hold_any_path(bench: Bench) -> None:
    bench.installs["lib/liba.la"] = str(bench.work).encode()
    assert "lib/liba.a" in bench.build(recipe())


def test_one_licence_file_is_kept_as_it_is(bench: Bench) -> None:
    bench.build(recipe())
    assert (bench.out / "licenses" / "LICENSE.a.txt").read_text() == "Do what you like.\n"


def test_several_licence_files_become_one_with_their_names(bench: Bench) -> None:
    (bench.tree / "COPYING-x").write_text("X")
    (bench.tree / "COPYING-y").write_text("Y\n\n")
    bench.build(recipe(license_files=("LICENSE", "COPYING-*")))
    text = (bench.out / "licenses" / "LICENSE.a.txt").read_text()
    assert text == "==== LICENSE\n\nDo what you like.\n\n==== COPYING-x\n\nX\n\n==== COPYING-y\n\nY\n"


def test_the_licence_may_lie_elsewhere_in_another_source_form(bench: Bench) -> None:
    (bench.tree / "doc").mkdir()
    (bench.tree / "doc" / "copyright").write_text("C\n")
    bench.build(recipe(license_files=("COPYING-* or doc/copyright",)))
    assert (bench.out / "licenses" / "LICENSE.a.txt").read_text() == "C\n"


def test_of_c_code_only_the_first_comments_are_the_licence(bench: Bench) -> None:
    (bench.tree / "a.c").write_text("/* id */\n\n/* As you\n * like. */\nint a; /* not this */\n")
    bench.build(recipe(license_files=("a.c",)))
    assert (bench.out / "licenses" / "LICENSE.a.txt").read_text() == "/* id */\n\n/* As you\n * like. */\n"


def member(name: bytes, content: bytes, *, mtime: int, owner: int, mode: bytes) -> bytes:
    header = b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, mtime, owner, owner, mode, len(content))
    return header + content + b"\n" * (len(content) % 2)


def test_archives_lose_time_owner_and_mode(bench: Bench) -> None:
    def archive(**facts: Any) -> bytes:
        return b"!<arch>\n" + member(b"/", b"12345", **facts) + member(b"a.o/", b"1234", **facts)

    bench.installs["lib/liba.a"] = archive(mtime=1795223923, owner=1000, mode=b"100644")
    bench.build(recipe())
    assert (bench.out / "lib" / "liba.a").read_bytes() == archive(mtime=0, owner=0, mode=b"644")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x7fELF", "liba.a is not a static library"),
        (b"!<arch>\n" + b"x" * 60, "liba.a is not a static library: no member header at byte 8"),
    ],
)
def test_what_is_no_archive_is_an_error(bench: Bench, content: bytes, message: str) -> None:
    bench.installs["lib/liba.a"] = content
    with pytest.raises(StepError, match=message):
        bench.build(recipe())


def test_a_missing_licence_is_an_error(bench: Bench) -> None:
    with pytest.raises(StepError, match=r"the source has no licence file COPYING or LICENCE$"):
        bench.build(recipe(license_files=("COPYING or LICENCE",)))


def test_only_declared_recipe_files_are_there(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = tmp_path / "recipes"
    (recipes / "sub").mkdir(parents=True)
    (recipes / "sub" / "config.h").write_text("1")
    (recipes / "other.mk").write_text("2")
    monkeypatch.setattr(build, "RECIPES", recipes)
    bench.build(recipe(recipe_files=("sub/config.h",)))
    there = [path.relative_to(bench.work / "recipe").as_posix() for path in (bench.work / "recipe").rglob("*.*")]
    assert there == ["sub/config.h"]


@pytest.fixture
def patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "p.toml").write_text(
        'why = "the test has to replace something"\n[[edit]]\nfile = "a.c"\nfind = "old"\nreplace = "new"\n'
    )
    monkeypatch.setattr(patches, "PATCHES", tmp_path)
    patches.load_patch.cache_clear()
    return "p.toml"


def test_an_edit_replaces_the_one_match_and_keeps_other_bytes(bench: Bench, patch: str) -> None:
    (bench.tree / "a.c").write_bytes(b"\xe9 old \xff\r\n")
    apply_patches(bench.tree, [patches.load_patch(patch)], where="a")
    assert (bench.tree / "a.c").read_bytes() == b"\xe9 new \xff\r\n"


@pytest.mark.parametrize(("text", "times"), [("nothing", 0), ("old old", 2)])
def test_an_edit_that_does_not_match_once_is_an_error(bench: Bench, patch: str, text: str, times: int) -> None:
    (bench.tree / "a.c").write_text(text)
    with pytest.raises(StepError, match=rf"a: p\.toml: searches for '.*' in a\.c, which contains it {times} times"):
        bench.build(recipe(patches=(patch,)))
    assert (bench.tree / "a.c").read_text() == text


def test_an_edit_of_an_absent_file_is_an_error(bench: Bench, patch: str) -> None:
    with pytest.raises(StepError, match=r"a\.c cannot be read"):
        bench.build(recipe(patches=(patch,)))
