"""Builds the sysroot of musl: headers, start files, the whole C library as an archive, and the library to link with.

That library is also the loader, so programs linked against it run on the build host whatever its C library:
`clang.cfg` names it. What is shipped names the target's own loader (`build/loader.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.build import polyfill
from setup_local.build.headers import OWN_HEADERS, lay_over
from setup_local.build.steps import Runner
from setup_local.build.toolchain import WHEEL, archive, tool_environment
from setup_local.catalog.architectures import MuslPort
from setup_local.catalog.musl import MuslCatalog
from setup_local.catalog.targets import Target
from setup_local.catalog.toolkit import ToolkitRecipes
from setup_local.render import render

ARCHIVE = "libc.a"
LICENSE = "LICENSE.musl.txt"
SONAME = "libc.so"  # musl's own soname; its loader treats every name that begins with `libc.` as itself

# Data files that the sysroot step reads.
DATA = (
    polyfill.SOURCES,
    OWN_HEADERS,
    *(paths.TEMPLATES / name for name in ("sysroot-musl.cfg.j2", "libc-musl.so.j2", "libc-musl.map.j2")),
)


@dataclass(frozen=True, kw_only=True)
class _Making:
    """A sysroot under construction: its sources, its destination, and how commands are run."""

    catalog: MuslCatalog
    port: MuslPort
    source: Path
    out: Path
    env: Mapping[str, str]
    run: Runner

    @property
    def library(self) -> Path:
        """Return the directory of the libraries that programs are linked with."""
        return self.out / "usr" / "lib"


def build_musl(recipes: ToolkitRecipes, source: Path, toolchain: Path, target: Target, out: Path, run: Runner) -> None:
    """Fill `out` with the sysroot of musl for a target, from its unpacked source and the kernel headers of a toolchain.

    Raises `CatalogError` for an architecture without musl, `StepError` if it cannot be compiled.
    """
    catalog = recipes.musl
    env = tool_environment(toolchain, out)
    making = _Making(catalog=catalog, port=target.musl, source=source, out=out, env=env, run=run)
    lay_over(toolchain / WHEEL, target.arch.kernel_headers, out / "usr" / "include")
    _write_config(making)
    _compile(making, catalog.cflags_for(target.arch.name))
    _write_link_library(making)
    for name in catalog.headers:
        (out / "usr" / "include" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(OWN_HEADERS / name, out / "usr" / "include" / name)
    _build_polyfill(making, recipes.sysroot.polyfill.cflags)
    (out / "licenses").mkdir()
    shutil.copyfile(source / "COPYRIGHT", out / "licenses" / LICENSE)


def _write_config(making: _Making) -> None:
    values: dict[str, object] = {
        "target": making.port.triple,
        "sysroot": "<CFGDIR>",
        "loader": f"<CFGDIR>/lib/{making.port.loader}",
    }
    (making.out / "clang.cfg").write_text(render("sysroot-musl.cfg.j2", values), encoding="utf-8")


def _compile(making: _Making, cflags: Iterable[str]) -> None:
    """Configure, compile and install musl; its shared library exports only what the oldest musl has."""
    names: dict[str, object] = {"functions": making.catalog.too_new}
    (making.source / "oldest.map").write_text(render("libc-musl.map.j2", names), encoding="utf-8")
    flags = {
        "CC": "clang",
        "AR": "ar",
        "RANLIB": "ranlib",
        "CFLAGS": " ".join([*cflags, f"-ffile-prefix-map={making.source}=."]),
        "LDFLAGS": f"-Wl,-soname,{SONAME} -Wl,--version-script=oldest.map",
    }
    env = {**making.env, **flags}
    target = f"--host={making.port.triple}"
    making.run(
        ["./configure", target, "--prefix=/usr", "--syslibdir=/lib", "--disable-wrapper"], cwd=making.source, env=env
    )
    making.run(["make"], cwd=making.source, env=env)
    making.run(["make", "install", f"DESTDIR={making.out}"], cwd=making.source, env=env)


def _write_link_library(making: _Making) -> None:
    """Move the shared library to the loader's path, and replace it with the script that adds the polyfill."""
    loader = making.out / "lib" / making.port.loader
    loader.unlink()  # a link to the installed library
    (making.library / SONAME).rename(loader)
    values: dict[str, object] = {
        "oldest": making.port.oldest or making.catalog.oldest,
        "loader": making.port.loader,
        "polyfill": polyfill.ARCHIVE,
    }
    (making.library / SONAME).write_text(render("libc-musl.so.j2", values), encoding="utf-8")


def _build_polyfill(making: _Making, cflags: Iterable[str]) -> None:
    """Compile the polyfills for functions newer than the floor, one object each."""
    objects = making.source / "polyfill"
    objects.mkdir()
    for name, source in making.catalog.polyfills:
        words = ["clang", *cflags, f"-DPOLYFILL_{name}", "-c", str(polyfill.SOURCES / source), "-o", f"{name}.o"]
        making.run(words, cwd=objects, env=making.env)
    archive(objects, making.library / polyfill.ARCHIVE, making.env, making.run)
