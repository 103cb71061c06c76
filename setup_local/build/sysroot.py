"""Builds a sysroot: the headers, start files and link-time libraries of glibc at one version, the floor.

Everything comes from the `ziglang` wheel, except the stubs of libcrypt and libnsl, a few headers and the
polyfill, which are ours. Its `clang.cfg` sets the target for any Clang.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.build import polyfill
from setup_local.build.headers import OWN_HEADERS, place_headers
from setup_local.build.libc_stub import with_joined_names
from setup_local.build.steps import Runner
from setup_local.build.toolchain import WHEEL, archive, tool_environment, write_config
from setup_local.catalog.architectures import GlibcPort
from setup_local.catalog.targets import Target
from setup_local.catalog.toolchains import StubLibrary, SysrootCatalog, is_older
from setup_local.errors import ToolchainError
from setup_local.render import render

_TEMPLATES = ("sysroot.cfg.j2", "libc.so.j2", "stub.S.j2", "stub.map.j2", "crti.S.j2", "crtn.S.j2")

# Data files that the sysroot step reads.
DATA = (
    polyfill.SOURCES,
    OWN_HEADERS,
    *(paths.TEMPLATES / name for name in _TEMPLATES),
)

LIBC = "libc.so.6"
_PROBE = "int main(void) { return 0; }\n"


@dataclass(frozen=True, kw_only=True)
class _Making:
    """A sysroot under construction: the directories for libraries and scratch files, and how commands are run."""

    glibc: GlibcPort
    library: Path
    scratch: Path
    env: Mapping[str, str]
    run: Runner


def build_sysroot(catalog: SysrootCatalog, toolchain: Path, target: Target, floor: str, out: Path, run: Runner) -> None:
    """Fill `out` with the sysroot of a target and a floor (`2.12`), from the wheel in a toolchain's result.

    Raises `ToolchainError` if the wheel lacks an expected part.
    """
    wheel = toolchain / WHEEL
    glibc = target.glibc
    env = tool_environment(toolchain, out)
    making = _Making(glibc=glibc, library=out / "usr" / "lib", scratch=out / ".scratch", env=env, run=run)
    making.library.mkdir(parents=True)
    making.scratch.mkdir()
    place_headers(catalog, wheel, out / "usr" / "include", floor, target.arch, glibc)
    write_config(out, glibc.triple, catalog.wrapped_for(floor, target.arch))
    _take_from_wheel(making, _let_wheel_link(making, wheel, floor), catalog, floor)
    _write_start_files(making)
    for stub in catalog.stubs:
        _build_stub(making, stub)
    polyfill.build_polyfill(catalog, floor, target.arch, making.library, making.scratch / "polyfill", env, run)
    script: dict[str, object] = {"floor": floor, "polyfill": polyfill.ARCHIVE, "loader": glibc.loader}
    (making.library / "libc.so").write_text(render("libc.so.j2", script), encoding="utf-8")
    shutil.rmtree(making.scratch)
    (out / "licenses").mkdir()
    shutil.copyfile(wheel / "lib" / "libc" / "glibc" / "LICENSES", out / "licenses" / "LICENSE.glibc.txt")


def _let_wheel_link(making: _Making, wheel: Path, floor: str) -> Path:
    """Make the wheel link a program for the floor; return its cache, with everything it built for that.

    The cache is new; otherwise it could contain parts for another target.
    """
    cache = making.scratch / "cache"
    (making.scratch / "probe.c").write_text(_PROBE, encoding="utf-8")
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    target = f"{making.glibc.wheel_triple or making.glibc.triple}.{floor}"
    words = [str(wheel / "zig"), "cc", "-target", target, "-O2", "-s", "probe.c", "-o", "probe"]
    making.run(words, cwd=making.scratch, env={**making.env, **caches})
    return cache


def _take_from_wheel(making: _Making, cache: Path, catalog: SysrootCatalog, floor: str) -> None:
    """Collect start file, link-time libraries and libc_nonshared.a of the floor."""
    library = making.library
    shutil.copyfile(_made(cache, "crt1.o"), library / "crt1.o")
    shutil.copyfile(library / "crt1.o", library / "Scrt1.o")
    _link_libc(making, cache, catalog)
    shutil.copyfile(_made(cache, "libld.so.2"), library / making.glibc.loader)
    for item in catalog.libraries:
        if is_older(floor, item.until):
            shutil.copyfile(_made(cache, item.file), library / item.file)
            (library / item.link).symlink_to(item.file)
        else:  # now part of libc.so.6: an empty archive satisfies -l, as in the C library itself
            (library / item.link).with_suffix(".a").write_bytes(b"!<arch>\n")
    members = making.scratch / "nonshared"
    members.mkdir()
    making.run(["ar", "x", _made(cache, "libc_nonshared.a")], cwd=members, env=making.env)
    archive(members, library / "libc_nonshared.a", making.env, making.run)


def _link_libc(making: _Making, cache: Path, catalog: SysrootCatalog) -> None:
    """Link the C library again from the corrected source. `-z notext`: it refers to a variable of each program."""
    source = with_joined_names(_made(cache, "c.s"), catalog.one_variable)
    (making.scratch / "libc.s").write_text(source, encoding="ascii")
    _link_library(making, "libc.s", _made(cache, "all.map"), LIBC, "-z", "notext")


def _made(cache: Path, name: str) -> Path:
    found = sorted(cache.glob(f"o/*/{name}"))
    if len(found) != 1:
        raise ToolchainError(f"the wheel made {len(found)} files named {name}, expected one", where=cache)
    return found[0]


def _write_start_files(making: _Making) -> None:
    values: dict[str, object] = {"prologue": making.glibc.prologue, "epilogue": making.glibc.epilogue}
    for name in ("crti", "crtn"):
        (making.scratch / f"{name}.S").write_text(render(f"{name}.S.j2", values), encoding="utf-8")
        words: list[str | Path] = ["clang", "-c", f"{name}.S", "-o", making.library / f"{name}.o"]
        making.run(words, cwd=making.scratch, env=making.env)


def _build_stub(making: _Making, stub: StubLibrary) -> None:
    """Link a shared library that defines only names."""
    values: dict[str, object] = {"functions": sorted(stub.functions), "version": making.glibc.base_version}
    for name in ("stub.S", "stub.map"):
        (making.scratch / name).write_text(render(f"{name}.j2", values), encoding="utf-8")
    _link_library(making, "stub.S", "stub.map", stub.file)
    (making.library / stub.link).symlink_to(stub.file)


def _link_library(making: _Making, source: str, versions: str | Path, file: str, *flags: str) -> None:
    """Link a shared library, with the symbol versions of a version script, from an assembly source in the scratch directory."""
    compiled = Path(source).with_suffix(".o")
    making.run(["clang", "-c", source, "-o", compiled], cwd=making.scratch, env=making.env)
    words: list[str | Path] = ["ld.lld", "-shared", *flags, "-soname", file, "--version-script", versions, compiled]
    making.run([*words, "-o", making.library / file], cwd=making.scratch, env=making.env)
