"""Lists the toolchains that a build can use on this host, the wheel's, every LLVM and Xcode, with the reasons."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.bootstrapped import Bootstrapped, bootstrapped
from setup_local.build.llvm import FoundLlvm, survey
from setup_local.build.xcode import COMPILER, XCRUN, find_xcode
from setup_local.catalog.llvm_tools import load_llvm_tools
from setup_local.catalog.sources import exactly, load_sources
from setup_local.catalog.toolchains import LlvmSearch, ToolchainCatalog, load_toolchain
from setup_local.catalog.xcode import load_xcode
from setup_local.errors import ToolchainError
from setup_local.fetch.cache import SourceCache
from setup_local.values import ToolchainChoice

WHEEL = "ziglang"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One toolchain: the release of its Clang, its location, its tools, whether and why it is used.

    `tools` maps the name of each tool to its file, or to its origin.
    """

    toolchain: str
    version: str
    place: str
    tools: dict[str, str]
    taken: bool
    reason: str


def list_toolchains(cache: Path, *, path: str, directory: Path | None = None) -> tuple[Listed, ...]:
    """Return all toolchains; with `directory`, only the LLVMs there besides the wheel's. `path` is the search path."""
    catalog = load_toolchain()
    found = survey(catalog.llvm, path=path, directory=directory)
    made = (_bootstrapped(item, catalog.llvm) for item in bootstrapped(cache))
    return (_wheel(catalog, SourceCache(cache)), *made, *_hosts(catalog.llvm, found, directory), *_xcode(path))


def _xcode(path: str) -> Iterator[Listed]:
    """Yield the selected Xcode where there is an xcrun."""
    program = shutil.which(XCRUN, path=path)
    if program is None:
        return
    version, place, tools, reason = "", program, dict[str, str](), "for macOS, with --toolchain xcode"
    try:
        found = find_xcode(load_xcode(), {**os.environ, "PATH": path})
        tools = {name: str(program) for name, program in found.programs.items()}
        version, place = found.version, str(found.programs[COMPILER].parent)
    except ToolchainError as error:
        reason = str(error)
    yield Listed(
        toolchain=ToolchainChoice.XCODE.value,
        version=version,
        place=place,
        tools=tools,
        taken=bool(tools),
        reason=reason,
    )


def _bootstrapped(item: Bootstrapped, search: LlvmSearch) -> Listed:
    found = next(iter(survey(search, path="", directory=item.directory)), None)
    problem = found.problem if found else "there is no clang"
    tools = {search.programs[name]: str(program) for name, program in found.programs.items()} if found else {}
    layout = {name: item.directory / "bin" / name for name in load_llvm_tools().layout.programs}
    return Listed(
        toolchain=ToolchainChoice.BOOTSTRAP.value,
        version=found.version if found else "",
        place=str(item.directory),
        tools=tools | {name: str(program) for name, program in layout.items() if program.is_file()},
        taken=not problem,
        reason=problem or f"with --toolchain bootstrap --environment {item.environment}",
    )


def _wheel(catalog: ToolchainCatalog, cache: SourceCache) -> Listed:
    source = load_sources().best(exactly(WHEEL, catalog.sources[WHEEL]))
    there = any(cache.holds(form) for form in source.forms)
    made = dict.fromkeys(load_llvm_tools().programs, "packages, else LLVM's source")
    return Listed(
        toolchain=ToolchainChoice.ZIG.value,
        version=catalog.llvm_release,
        place=f"{source.identity} ({'in the cache' if there else 'fetched when needed'})",
        tools={name: source.identity for name in catalog.llvm.programs if name not in made} | made,
        taken=True,
        reason="by default, or with --toolchain zig",
    )


def _hosts(search: LlvmSearch, found: tuple[FoundLlvm, ...], directory: Path | None) -> Iterator[Listed]:
    option = "--toolchain llvm" if directory is None else f"--llvm {directory}"
    for number, item in enumerate(found):
        first = number == 0 and not item.problem
        yield Listed(
            toolchain=ToolchainChoice.LLVM.value,
            version=item.version,
            place=str(item.place),
            tools={search.programs[name]: str(program) for name, program in item.programs.items()},
            taken=first,
            reason=f"with {option}"
            if first
            else item.problem or f"Clang {found[0].version} is newer; --llvm {item.place.parent} selects this one",
        )
