"""Finds Xcode, or its command line tools, for `--toolchain xcode`: programs and SDK as xcrun(1) names them.

Nothing here asks for the operating system: whatever has an `xcrun` is used.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from setup_local.catalog.hosts import BuildHost
from setup_local.catalog.xcode import XcodeCatalog, load_xcode
from setup_local.errors import ToolchainError
from setup_local.own_sdk import read_sdk
from setup_local.plan.darwin import on_host
from setup_local.run import CommandFailed, run
from setup_local.values import OperatingSystem, OwnSdk, Request, ToolchainChoice, system_of

XCRUN = "xcrun"
COMPILER = "clang"
LINKER = "ld"
MAKE = "make"

_PLATFORM = ("--sdk", "macosx")
_KEPT = ("PATH", "HOME", "TMPDIR", "DEVELOPER_DIR")
_VERSION = re.compile(r"clang version (\d+(?:\.\d+)+)(?: \(clang-([\d.]+)\))?")
_MAKE_VERSION = re.compile(r"^GNU Make (\d+(?:\.\d+)+)", re.MULTILINE)
_INSTALL = "install Xcode, or its command line tools with `xcode-select --install`"


@dataclass(frozen=True, kw_only=True)
class Xcode:
    """An Xcode: the version of its Clang as Apple counts, the builds of Clang and linker, and its programs.

    `programs` are by the names that steps use, `dsym` the one that collects debug information; `make` is GNU make, which
    Xcode does not have, and `headers` are Clang's own.
    """

    version: str
    builds: tuple[str, ...]
    programs: Mapping[str, Path]
    dsym: Mapping[str, Path]
    make: Path
    headers: Path

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the properties that affect everything that it compiles."""
        programs = (f"{name}={path}" for name, path in sorted({**self.programs, **self.dsym}.items()))
        return (self.version, *self.builds, *programs, f"{MAKE}={self.make}")


def completed(request: Request, host: BuildHost, environ: Mapping[str, str]) -> Request:
    """Return a request for macOS with the toolchain that is the host's default, and with Xcode's SDK if it uses Xcode.

    Raises `ToolchainError` if there is no Xcode, `RequestError` for an SDK that is incomplete.
    """
    here = on_host(request, host)
    if system_of(here.target_triple) is not OperatingSystem.DARWIN or here.toolchain is not ToolchainChoice.XCODE:
        return request
    return here if here.sdk else dataclasses.replace(here, sdk=find_sdk(environ))


def find_sdk(environ: Mapping[str, str]) -> OwnSdk:
    """Return Xcode's SDK for macOS. Raises `ToolchainError` if there is none, `RequestError` if it is incomplete."""
    return read_sdk(Path(_xcrun("--show-sdk-path", environ=environ)).resolve())


def host_xcode(request: Request, environ: Mapping[str, str]) -> Xcode | None:
    """Return the Xcode that a request uses, None if it uses another toolchain. Raises `ToolchainError`."""
    return find_xcode(load_xcode(), environ) if request.toolchain is ToolchainChoice.XCODE else None


def find_xcode(catalog: XcodeCatalog, environ: Mapping[str, str]) -> Xcode:
    """Return the selected Xcode (xcode-select(1)). Raises `ToolchainError` for one that is incomplete or too old."""
    programs = {name: _program(program, environ) for name, program in catalog.programs.items()}
    dsym = {name: _program(program, environ) for name, program in catalog.dsym.items()}
    clang = programs[COMPILER]
    text = _printed([clang, "--version"], environ)
    found = _VERSION.search(text)
    if found is None:
        raise ToolchainError("is not a Clang that runs", where=clang, hint=_INSTALL)
    if int(found[1].partition(".")[0]) < catalog.minimum:
        what = f"Clang {found[1]} is older than that of Xcode {catalog.minimum}"
        raise ToolchainError(what, where=clang, hint="install a newer Xcode")
    _refuse_without_settings(clang, environ)
    return Xcode(
        version=found[1],
        builds=(found[2] or "", _printed([programs[LINKER], "-v"], environ).partition("\n")[0]),
        programs=programs,
        dsym=dsym,
        make=_find_make(catalog, environ),
        headers=_headers(clang, environ),
    )


def _program(name: str, environ: Mapping[str, str]) -> Path:
    path = Path(_xcrun("--find", name, environ=environ))
    if not path.is_file():
        raise ToolchainError(f"{XCRUN} names a program that does not exist", where=path, hint=_INSTALL)
    return path


def _xcrun(*words: str, environ: Mapping[str, str]) -> str:
    """Return the line that xcrun(1) prints. Raises `ToolchainError` if there is no xcrun, or if it finds nothing."""
    program = shutil.which(XCRUN, path=environ.get("PATH", ""))
    if program is None:
        hint = f"on a Mac, {_INSTALL}; on other systems, leave --toolchain out"
        raise ToolchainError(f"there is no {XCRUN}, with which --toolchain xcode finds Xcode", hint=hint)
    try:
        printed = run([program, *_PLATFORM, *words], env=_environment(environ)).stdout.strip()
    except CommandFailed as error:
        lines = error.output.strip().splitlines() or [str(error)]
        raise ToolchainError(f"{XCRUN} {' '.join(words)} failed: {lines[-1]}", hint=_INSTALL) from error
    if not printed:
        raise ToolchainError(f"{XCRUN} {' '.join(words)} printed nothing", hint=_INSTALL)
    return printed


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {"LC_ALL": "C", **{name: environ[name] for name in _KEPT if name in environ}}


def _printed(words: list[str | Path], environ: Mapping[str, str]) -> str:
    """Return what a program prints on both outputs, even if it fails: Apple's linker prints its version as an error."""
    try:
        return run(["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", *words], env=_environment(environ)).stdout
    except CommandFailed as error:
        return error.output


def _headers(clang: Path, environ: Mapping[str, str]) -> Path:
    """Return the directory of Clang's own headers. Raises `ToolchainError` if there is none."""
    place = Path(_printed([clang, "-print-resource-dir"], environ).strip() or "/nonexistent", "include")
    if not (place / "stddef.h").is_file():
        raise ToolchainError("this Clang lacks its own headers", where=place, hint=_INSTALL)
    return place


def _refuse_without_settings(clang: Path, environ: Mapping[str, str]) -> None:
    """Raise `ToolchainError` for a Clang that does not read settings as the steps' compilers pass them."""
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place, f"{name}.cfg") for name in ("first", "second")]
        for file in files:
            file.write_text(f"-D{file.stem}=<CFGDIR>/{file.stem}\n", encoding="utf-8")
        words: list[str | Path] = [clang, "--no-default-config", *(f"--config={file}" for file in files)]
        macros = _printed([*words, "-x", "c", "-E", "-dM", "/dev/null"], environ).splitlines()
        if any(f"#define {file.stem} {place}/{file.stem}" not in macros for file in files):
            raise ToolchainError(
                "this Clang does not read configuration files as LLVM's does", where=clang, hint="install a newer Xcode"
            )


def _find_make(catalog: XcodeCatalog, environ: Mapping[str, str]) -> Path:
    """Return GNU make. Raises `ToolchainError` if there is none that is new enough."""
    found = dict(_makes(environ))
    for program, version in found.items():
        if version and Version(version) >= Version(catalog.make_minimum):
            return program
    said = (
        ", ".join(f"{program} is {version or 'another make'}" for program, version in found.items()) or "none is here"
    )
    what = f"GNU make {catalog.make_minimum} or newer is needed: {said}"
    raise ToolchainError(what, hint="on a Mac: `brew install make`, which installs gmake")


def _makes(environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for name in (f"g{MAKE}", MAKE):
        if program := shutil.which(name, path=environ.get("PATH", "")):
            version = _MAKE_VERSION.search(_printed([program, "--version"], environ))
            yield Path(program), version[1] if version else ""
