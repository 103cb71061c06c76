"""Builds a toolchain: Clang, LLD and archiver under their own names, with compiler-rt's builtins and profile runtime.

The result is relocatable: `bin/` (thin wrappers), `etc/clang.cfg`, `lib/clang/<version>/` (the resource
directory), `libexec/ziglang/` (the kept parts of the wheel), `licenses/`. It works with any sysroot: the wrappers
read its path from `SETUP_LOCAL_SYSROOT`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup_local import fetch, paths
from setup_local.build.headers import INCLUDE, OWN_HEADERS, place_headers
from setup_local.build.steps import Runner
from setup_local.catalog.architectures import Architecture
from setup_local.catalog.targets import Target
from setup_local.catalog.toolchains import (
    Builtins,
    ProfileRuntime,
    SysrootCatalog,
    ToolchainCatalog,
)
from setup_local.catalog.toolkit import ToolkitRecipes
from setup_local.errors import ToolchainError
from setup_local.fetch import Obtained
from setup_local.render import render
from setup_local.values import OperatingSystem

SYSROOT_VARIABLE = "SETUP_LOCAL_SYSROOT"
ZIG = "ziglang"
WHEEL = Path("libexec", ZIG)
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"

# Data files that the toolchain step reads.
DATA = (
    OWN_HEADERS,
    *(paths.TEMPLATES / name for name in ("compiler.sh.j2", "tool.sh.j2", "clang.cfg.j2", "sysroot.cfg.j2")),
)

_ZIG = f'"$here/../{WHEEL}/zig"'
_COMPILERS = {"clang": "", "clang++": "--driver-mode=g++"}
_ALIASES = {"llvm-ar": "ar", "llvm-ranlib": "ranlib"}
_TOOLS = ("ld.lld", "ar", "ranlib")


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The words, quoted for the shell, that start each program of a toolchain, and libraries that these look for."""

    compiler: str
    tools: Mapping[str, str]
    headers: Path
    libraries: tuple[Path, ...] = ()


def unpack_source(catalog: ToolchainCatalog, obtained: Obtained, into: Path, arch: Architecture) -> Path:
    """Unpack what a toolchain for an architecture needs from one of its sources; return the tree.

    Raises `SourceError`.
    """
    return fetch.unpack(obtained, into, only=_kept(catalog, obtained.source.name, arch))


def _kept(catalog: ToolchainCatalog, source: str, arch: Architecture) -> tuple[str, ...]:
    """Return the parts of a source that are needed for an architecture."""
    kept = catalog.keep.get(source, ())
    if source != ZIG:
        return kept
    layers = (*arch.kernel_headers, *(arch.glibc.headers if arch.glibc else ()))
    return (*kept, *(str(INCLUDE / layer) for layer in layers))


def compile_environment(toolchain: Path, sysroot: Path, target: Target, floor: str) -> dict[str, str]:
    """Return the environment in which plain `clang` compiles for a target against a sysroot.

    `floor` is the one that the sysroot was built for; it is checked against the target's. Raises `ToolchainError`.
    """
    if floor not in target.floors and target.floors:
        raise ToolchainError(
            f"no sysroot of {target.libc.floor} {floor} for {target.triple}", hint=f"one of {target.floors}"
        )
    is_darwin = target.os is OperatingSystem.DARWIN
    return {
        **({"MACOSX_DEPLOYMENT_TARGET": floor} if is_darwin else {}),
        "PATH": f"{toolchain / 'bin'}:{SYSTEM_PATH}",
        SYSROOT_VARIABLE: str(sysroot),
        "CC": "clang",
        "CXX": "clang++",
        "AR": "ar",
        "RANLIB": "ranlib",
        "LD": "ld64.lld" if is_darwin else "ld.lld",
    }


def build_toolchain(
    recipes: ToolkitRecipes,
    zig_root: Path,
    compiler_rt: Path,
    arch: Architecture,
    out: Path,
    run: Runner,
    *,
    host: Programs | None = None,
) -> None:
    """Fill `out` with a toolchain for one architecture.

    `zig_root` is the unpacked `ziglang` wheel (the directory of `zig`), `compiler_rt` the tree that contains
    `lib/builtins`. With `host`, the compiler is the host's own and only the rest is built here.
    Raises `ToolchainError` for unexpected sources.
    """
    catalog = recipes.toolchain
    check_sources(zig_root, compiler_rt)
    place_wheel(zig_root, out / WHEEL, _kept(catalog, ZIG, arch))
    programs = host or wheel_programs(zig_root)
    write_wrappers(programs, render("clang.cfg.j2", {"resource_version": catalog.resource_version}), out)
    resource = out / "lib" / "clang" / catalog.resource_version
    shutil.copytree(programs.headers, resource / "include")
    for path in programs.libraries:
        shutil.copyfile(path, out / "lib" / path.name)
    _build_runtimes(recipes, compiler_rt, resource / "lib" / "linux", out, run, arch)
    (out / "licenses").mkdir()
    shutil.copyfile(compiler_rt / "LICENSE.TXT", out / "licenses" / "LICENSE.compiler-rt.txt")
    shutil.copyfile(zig_root / "LICENSE", out / "licenses" / "LICENSE.ziglang.txt")


def wheel_programs(zig_root: Path) -> Programs:
    """Return the programs in the wheel: one file that acts as each of them depending on its first argument."""
    tools = {name: f"{_ZIG} {name}" for name in _TOOLS}
    return Programs(compiler=f"{_ZIG} clang", tools=tools, headers=zig_root / "lib" / "include")


def check_sources(zig_root: Path, compiler_rt: Path) -> None:
    """Raise `ToolchainError` for unexpected unpacked sources."""
    for path in (zig_root / "zig", zig_root / "lib" / "include" / "stddef.h", compiler_rt / "lib" / "builtins"):
        if not path.exists():
            raise ToolchainError("the toolchain's source has unexpected contents: this is missing", where=path)


def place_wheel(zig_root: Path, place: Path, kept: Iterable[str]) -> None:
    """Put the kept parts of the wheel into the result, as hard links if the file system allows it."""
    place.mkdir(parents=True)
    for name in kept:
        source = zig_root / name
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place / name, copy_function=_link)
        else:
            _link(source, place / name)
    (place / "zig").chmod(0o755)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write_wrappers(programs: Programs, config: str, out: Path) -> None:
    """Write the programs, and the settings for every call of the compiler."""
    texts = {
        name: render("compiler.sh.j2", {"program": programs.compiler, "mode": mode})
        for name, mode in _COMPILERS.items()
    }
    texts |= {name: render("tool.sh.j2", {"program": words}) for name, words in programs.tools.items()}
    texts |= {alias: texts[name] for alias, name in _ALIASES.items()}
    (out / "bin").mkdir()
    for name, text in texts.items():
        (out / "bin" / name).write_text(text, encoding="utf-8")
        (out / "bin" / name).chmod(0o755)
    (out / "etc").mkdir()
    (out / "etc" / "clang.cfg").write_text(config, encoding="utf-8")


def _build_runtimes(
    recipes: ToolkitRecipes, source: Path, place: Path, out: Path, run: Runner, arch: Architecture
) -> None:
    """Compile the libraries that Clang's own code calls, with the new toolchain itself.

    They are compiled against the headers of the oldest floor: the parts they use are the same in all.
    """
    scratch = out / ".scratch"
    place.mkdir(parents=True)
    env = _bare_sysroot(recipes.sysroot, out, scratch / "sysroot", arch)
    _build_builtins(recipes.toolchain.builtins, source / "lib" / "builtins", place, scratch, env, run, arch)
    _build_profile_runtime(recipes.toolchain.profile, source, place, scratch, env, run, arch)
    shutil.rmtree(scratch)


def _build_builtins(
    builtins: Builtins,
    source: Path,
    place: Path,
    scratch: Path,
    env: Mapping[str, str],
    run: Runner,
    arch: Architecture,
) -> None:
    """Compile compiler-rt's builtins and start files."""
    sources = [source / name for name in builtins.sources_for(arch)]
    compile_all(sources, (*arch.cflags, *builtins.cflags_for(arch)), scratch / "builtins", env, run)
    archive(scratch / "builtins", place / f"libclang_rt.builtins-{arch.runtime}.a", env, run)
    for name, file in builtins.crt_sources.items():
        target = place / f"clang_rt.{name}-{arch.runtime}.o"
        run(
            ["clang", *arch.cflags, *builtins.crt_cflags, "-c", str(source / file), "-o", str(target)],
            cwd=scratch,
            env=env,
        )


def _build_profile_runtime(
    profile: ProfileRuntime,
    source: Path,
    place: Path,
    scratch: Path,
    env: Mapping[str, str],
    run: Runner,
    arch: Architecture,
) -> None:
    """Compile the runtime with which instrumented programs count."""
    sources = [source / "lib" / "profile" / name for name in profile.sources]
    cflags = [*arch.cflags, *profile.cflags, f"-I{source / profile.includes}", f"-ffile-prefix-map={source}=."]
    compile_all(sources, cflags, scratch / "profile", env, run)
    archive(scratch / "profile", place / f"libclang_rt.profile-{arch.runtime}.a", env, run)


def _bare_sysroot(catalog: SysrootCatalog, toolchain: Path, place: Path, arch: Architecture) -> dict[str, str]:
    """Make a sysroot with headers only, and return the environment for it."""
    glibc = arch.glibc
    if glibc is None:
        raise ToolchainError(f"glibc is not defined for {arch.name}, but compiler-rt needs its headers")
    place_headers(catalog, toolchain / WHEEL, place / "usr" / "include", glibc.oldest, arch, glibc)
    write_config(place, glibc.triple)
    return tool_environment(toolchain, place)


def write_config(sysroot: Path, triple: str, wrapped: Iterable[str] = ()) -> None:
    """Write the file that sets Clang's target; every link replaces the `wrapped` functions with the polyfill's."""
    values = {"target": triple, "wrapped": tuple(wrapped)}
    (sysroot / "clang.cfg").write_text(render("sysroot.cfg.j2", values), encoding="utf-8")


def searching(sysroot: Path, libraries: Path, place: Path) -> dict[str, str]:
    """Return the environment in which Clang also searches `libraries`; `place` is a new directory for settings.

    For programs of another processor than its own, Clang ignores LIBRARY_PATH.
    """
    place.mkdir()
    (place / "clang.cfg").write_text(f"@{sysroot / 'clang.cfg'}\n-L{libraries}\n", encoding="utf-8")
    return {SYSROOT_VARIABLE: str(place)}


def tool_environment(toolchain: Path, sysroot: Path) -> dict[str, str]:
    """Return the complete environment in which this package's own C files are compiled."""
    return {
        "PATH": f"{toolchain / 'bin'}:{SYSTEM_PATH}",
        "LC_ALL": "C",
        "HOME": "/nonexistent",
        SYSROOT_VARIABLE: str(sysroot),
    }


def compile_all(
    sources: Sequence[Path], cflags: Sequence[str], objects: Path, env: Mapping[str, str], run: Runner
) -> None:
    """Compile files into a new directory, one object each, without the path of the sources in it."""
    objects.mkdir()
    roots = sorted({str(path.parent) for path in sources})
    mapping = [f"-ffile-prefix-map={root}=." for root in roots]
    run(["clang", *mapping, "-w", *cflags, "-c", *sources], cwd=objects, env=env)


def archive(objects: Path, target: Path, env: Mapping[str, str], run: Runner) -> None:
    """Make a static library from all objects in a directory: sorted, without times and owners."""
    names = sorted(path.name for path in objects.glob("*.o"))
    if names:
        run(["ar", "rcsD", target, *names], cwd=objects, env=env)
    else:
        target.write_bytes(b"!<arch>\n")
