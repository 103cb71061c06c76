"""LLVM's tools: catalog, schema and model agree, and the wrappers start the packed programs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from setup_local.build import llvm_source, llvm_tools
from setup_local.catalog.llvm_tools import FILE, load_llvm_tools
from setup_local.catalog.lto_linker import load_lto_linker
from setup_local.catalog.sources import ArchiveKind, load_sources
from setup_local.catalog.toolchains import load_toolchain
from setup_local.errors import CatalogError, ToolchainError


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tools.toml").write_text(f"surprise = 1\n{FILE.read_text()}")
    with pytest.raises(CatalogError, match="surprise"):
        load_llvm_tools(tmp_path / "tools.toml")


def test_the_packages_are_pinned_and_of_the_compilers_release() -> None:
    packages, sources = load_llvm_tools().packages.sources, load_sources()
    for pin in packages.items():
        assert all(form.kind is ArchiveKind.DEB and form.root == "usr/lib" for form in sources.find(*pin).forms)
    assert packages["llvm-22"] == packages["libllvm22"] == load_toolchain().sources["compiler-rt"]


def test_the_source_is_of_the_compilers_release_and_all_of_it_is_pinned_and_kept() -> None:
    recipe, compiler = load_llvm_tools().source, load_toolchain().sources
    assert (recipe.sources["llvm"], recipe.sources["ziglang"]) == (compiler["compiler-rt"], compiler["ziglang"])
    assert recipe.sources["bolt"] == recipe.sources["llvm"]
    assert set(recipe.keep) == set(recipe.sources)
    for pin in recipe.sources.items():
        assert load_sources().find(*pin).verified


def test_packages_and_source_make_the_same_tools_and_files() -> None:
    for catalog in (load_llvm_tools(), load_llvm_tools().without_layout()):
        assert set(catalog.source.programs) == set(catalog.programs)
        assert set(catalog.source.files) == set(catalog.source.goals) == set(catalog.packages.files)


def test_without_layout_nothing_is_left_of_what_only_that_needs() -> None:
    catalog, rest = load_llvm_tools(), load_llvm_tools().without_layout()
    assert set(catalog.programs) - set(rest.programs) == set(catalog.layout.programs)
    assert set(catalog.packages.files) - set(rest.packages.files) == set(catalog.layout.files)
    pins = {**catalog.packages.sources, **catalog.source.sources}
    assert set(pins) - {*rest.packages.sources, *rest.source.sources} == set(catalog.layout.sources)
    assert set(rest.programs) == {"llvm-profdata"}


def test_sources_are_told_from_packages() -> None:
    assert llvm_tools.is_source(load_llvm_tools(), load_llvm_tools().source.sources)
    assert not llvm_tools.is_source(load_llvm_tools(), load_llvm_tools().packages.sources)


class Bench:
    """Unpacked packages whose programs are scripts, and a runner that writes what a linker would."""

    def __init__(self, top: Path) -> None:
        catalog = load_llvm_tools()
        self.tree, self.out = top / "tree", top / "out"
        self.out.mkdir()
        for name, text in {
            catalog.packages.loader: '#!/bin/sh\nshift 3\nexec "$@"\n',
            **dict.fromkeys(catalog.programs.values(), '#!/bin/sh\necho "$0: $@"\n'),
            **dict.fromkeys(catalog.packages.files.values(), "a file"),
        }.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)

    def run(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        if argv[0] == "ld.lld":
            Path(argv[-1]).write_text("a library")
        elif argv[0] != "clang":
            subprocess.run(argv, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL)

    def build(self) -> None:
        trees = dict.fromkeys(load_llvm_tools().packages.sources, self.tree)
        llvm_tools.build_llvm_tools(load_llvm_tools(), trees, self.out, self.run, {})


def test_a_wrapper_starts_the_program_through_the_packages_own_loader(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.build()
    moved = (tmp_path / "out").rename(tmp_path / "moved there")
    said = subprocess.run([moved / "bin" / "llvm-profdata", "merge", "a b"], capture_output=True, text=True, check=True)
    assert said.stdout.endswith("libexec/llvm/llvm-22/bin/llvm-profdata: merge a b\n")
    assert (moved / "libexec/llvm/x86_64-linux-gnu/libcurl.so.4").is_file()


def test_the_linker_for_link_time_optimization_is_made_from_packages_in_the_same_way(tmp_path: Path) -> None:
    bench, linker = Bench(tmp_path), load_lto_linker()
    recipe = linker.as_tools(load_llvm_tools())
    for file in linker.programs.values():
        (bench.tree / file).write_text('#!/bin/sh\necho "$0: $@"\n')
        (bench.tree / file).chmod(0o755)
    llvm_tools.build_llvm_tools(recipe, dict.fromkeys(linker.packages.sources, bench.tree), bench.out, bench.run, {})
    assert [path.name for path in (bench.out / "bin").iterdir()] == list(linker.programs) == ["ld64.lld"]
    said = subprocess.run([bench.out / "bin" / "ld64.lld", "x"], capture_output=True, text=True, check=True)
    assert said.stdout.endswith("/ld64.lld: x\n")


def test_packages_that_lack_a_program_are_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.tree / load_llvm_tools().programs["llvm-profdata"]).unlink()
    with pytest.raises(ToolchainError, match=r"llvm-22/bin/llvm-profdata: .*this is missing"):
        bench.build()


class SourceBench:
    """Sources whose programs are scripts: CMake records its arguments, make creates the programs."""

    def __init__(self, top: Path) -> None:
        self.out, self.calls = top / "out", list[list[str]]()
        self.out.mkdir()
        self.trees = {name: top / name for name in load_llvm_tools().source.sources}
        for name, mark in (
            ("llvm", "llvm/CMakeLists.txt"),
            ("bolt", "CMakeLists.txt"),
            ("ziglang", "zig"),
            ("cmake", "bin/cmake"),
            ("zlib", "zlib.h"),
            ("zlib", "zconf.h"),
        ):
            path = self.trees[name] / mark
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('#!/bin/sh\necho "zig $@"\n')

    def run(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        words = [str(word) for word in argv]
        self.calls.append(words)
        assert env is not None
        if words[0].endswith("cmake"):
            assert "MAKEFLAGS" in env
            compiler = next(word for word in words if word.startswith("-DCMAKE_CXX_COMPILER="))
            said = subprocess.run([compiler.partition("=")[2], "-c", "a b"], capture_output=True, text=True, check=True)
            assert said.stdout == f"zig c++ -target {load_llvm_tools().source.target} -c a b\n"
            (self.out / ".scratch" / "build" / "bin").mkdir(parents=True)
        elif words[0] == "make":
            (cwd / "lib").mkdir()
            for name in words[1:]:
                (cwd / "bin" / name).write_text("#!/bin/sh\n")
                (cwd / "bin" / name).chmod(0o755)
                (cwd / "lib" / f"lib{name}_instr.a").write_text("a library")

    def build(self) -> None:
        llvm_tools.build_llvm_tools(load_llvm_tools(), self.trees, self.out, self.run, {"MAKEFLAGS": "-j2"})

    def compiled(self, argument: str) -> str:
        """Return the arguments of the wheel's compiler when one of LLVM's files is compiled."""
        recipe, zig, scratch = load_llvm_tools().source, self.trees["ziglang"] / "zig", self.out / "wrappers"
        llvm_source.write_wrappers(recipe, zig, scratch)
        said = subprocess.run([scratch / "c++", "-c", argument], capture_output=True, text=True, check=True)
        return said.stdout


def test_the_source_is_configured_as_the_catalog_says_and_made_with_the_wheels_compiler(tmp_path: Path) -> None:
    bench = SourceBench(tmp_path)
    bench.build()
    recipe = load_llvm_tools().source
    cmake = next(words for words in bench.calls if words[0].endswith("cmake"))
    assert {f"-D{name}={value}" for name, value in recipe.settings.items()} <= set(cmake)
    assert f"-DZLIB_LIBRARY={bench.out}/.scratch/zlib/libz.a" in cmake
    assert f"-DLLVM_EXTERNAL_BOLT_SOURCE_DIR={bench.trees['bolt']}" in cmake
    assert ["make", *recipe.programs, "bolt_rt"] in bench.calls
    assert [str(path.relative_to(bench.out)) for path in sorted(bench.out.rglob("*")) if path.is_file()] == [
        *(f"bin/{name}" for name in sorted(recipe.programs)),
        "lib/libbolt_rt_instr.a",
    ]
    assert [f"{bench.out}/bin/llvm-profdata", "--version"] in bench.calls


def test_without_layout_only_the_merger_of_profiles_is_compiled(tmp_path: Path) -> None:
    bench = SourceBench(tmp_path)
    del bench.trees["bolt"]
    bench.build()
    assert ["make", "llvm-profdata"] in bench.calls
    assert not [word for words in bench.calls for word in words if "BOLT" in word]


def test_what_the_tools_spend_their_time_in_is_optimized_and_nothing_else(tmp_path: Path) -> None:
    bench, recipe = SourceBench(tmp_path), load_llvm_tools().source
    plain = f"zig c++ -target {recipe.target} -c /x/llvm/lib/CodeGen/Passes.cpp\n"
    assert bench.compiled("/x/llvm/lib/CodeGen/Passes.cpp") == plain
    shutil.rmtree(bench.out / "wrappers")
    often = bench.compiled("/a b/llvm/lib/MC/MCInst.cpp")
    assert often == f"zig c++ -target {recipe.target} -c /a b/llvm/lib/MC/MCInst.cpp {' '.join(recipe.optimizing)}\n"


def test_a_source_that_is_not_what_was_expected_is_refused(tmp_path: Path) -> None:
    bench = SourceBench(tmp_path)
    (bench.trees["zlib"] / "zlib.h").unlink()
    with pytest.raises(ToolchainError, match=r"the source zlib has unexpected contents: zlib\.h is missing"):
        bench.build()
