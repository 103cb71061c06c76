"""Builds LLVM's tools for optimized builds (`llvm-profdata`, `llvm-bolt`) from distribution packages or from source.

The result is relocatable and independent of the host's C library. From packages, `bin/` gets wrappers that start each
program with the loader and the libraries of the same packages; `llvm_source` compiles static programs.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from setup_local import fetch, paths
from setup_local.build import llvm_source
from setup_local.build.steps import Runner
from setup_local.catalog.llvm_tools import LlvmTools, ToolPackages, ToolStub
from setup_local.errors import ToolchainError
from setup_local.fetch import Obtained
from setup_local.render import render

PACKAGES = Path("libexec", "llvm")

# Data files that this step reads.
DATA = tuple(
    paths.TEMPLATES / name
    for name in ("loaded-tool.sh.j2", "optimizing-tool.sh.j2", "stub.S.j2", "stub.map.j2", "tool.sh.j2")
)


def is_source(catalog: LlvmTools, names: Collection[str]) -> bool:
    """Return whether these sources are LLVM's own, not packages."""
    return not set(names).isdisjoint(catalog.source.sources)


def _needed(catalog: LlvmTools, names: Collection[str]) -> LlvmTools:
    """Return the catalog, without the tools for the layout if none of the sources that only they need is present."""
    return catalog.without_layout() if set(names).isdisjoint(catalog.layout.sources) else catalog


def unpack_package(catalog: LlvmTools, obtained: Obtained, into: Path) -> Path:
    """Unpack the required parts of one package, or of LLVM's source; return the tree. Raises `SourceError`."""
    if obtained.source.name in catalog.source.keep:
        return fetch.unpack(obtained, into, only=catalog.source.keep[obtained.source.name])
    own = catalog.packages.keep.get(obtained.source.name, (catalog.packages.libraries,))
    return fetch.unpack(obtained, into, only=own)


def build_llvm_tools(
    recipe: LlvmTools, trees: Mapping[str, Path], out: Path, run: Runner, env: Mapping[str, str]
) -> None:
    """Fill `out` with the tools built from these sources, and start each of them once.

    `trees` are unpacked packages, or LLVM's source with everything that compiles it, by the names of the sources.
    `env` is the environment of a toolchain that can assemble and link. Raises `ToolchainError` for unexpected
    sources, `StepError` for a program that does not run.
    """
    catalog = _needed(recipe, trees)
    if is_source(catalog, trees):
        found = llvm_source.source_trees(catalog.source, trees)
        llvm_source.build_from_source(catalog.source, found, out, run, env)
    else:
        _unite_packages(catalog, trees.values(), out, run, env)


def _unite_packages(catalog: LlvmTools, trees: Iterable[Path], out: Path, run: Runner, env: Mapping[str, str]) -> None:
    place = out / PACKAGES
    for tree in trees:
        shutil.copytree(tree, place, symlinks=True, dirs_exist_ok=True)
    _check(catalog.packages, place, catalog.programs)
    scratch = out / ".scratch"
    scratch.mkdir()
    for stub in catalog.packages.stubs:
        _build_stub(stub, place / catalog.packages.libraries, scratch, run, env)
    shutil.rmtree(scratch)
    (out / "bin").mkdir()
    (out / "lib").mkdir()
    for name, file in catalog.packages.files.items():
        (out / "lib" / name).symlink_to(Path("..", PACKAGES, file))
    for name, file in catalog.programs.items():
        _write_wrapper(out, name, file, catalog.packages)
        run([out / "bin" / name, "--version"], cwd=out, env=llvm_source.TRIAL)


def _check(packages: ToolPackages, place: Path, programs: Mapping[str, str]) -> None:
    for name in (packages.loader, packages.libraries, *packages.files.values(), *programs.values()):
        if not (place / name).exists():
            raise ToolchainError("the packages of LLVM's tools have unexpected contents: this is missing", where=name)


def _build_stub(stub: ToolStub, place: Path, scratch: Path, run: Runner, env: Mapping[str, str]) -> None:
    """Link a shared library that defines only names."""
    values: dict[str, object] = {"functions": sorted(stub.functions), "version": stub.version}
    for name in ("stub.S", "stub.map"):
        (scratch / name).write_text(render(f"{name}.j2", values), encoding="utf-8")
    run(["clang", "-c", "stub.S", "-o", "stub.o"], cwd=scratch, env=env)
    words = ["ld.lld", "-shared", "-soname", stub.file, "--version-script", "stub.map", "stub.o"]
    run([*words, "-o", place / stub.file], cwd=scratch, env=env)


def _write_wrapper(out: Path, name: str, file: str, packages: ToolPackages) -> None:
    values = {"packages": PACKAGES, "loader": packages.loader, "libraries": packages.libraries, "program": file}
    path = out / "bin" / name
    path.write_text(render("loaded-tool.sh.j2", {key: str(value) for key, value in values.items()}), encoding="utf-8")
    path.chmod(0o755)
