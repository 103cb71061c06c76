"""Builds an SDK of macOS: headers and the link-time library from the compiler's wheel, and frameworks from our data.

It is a sysroot like those of the C libraries of Linux: its `clang.cfg` sets the target for any Clang.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from setup_local import paths
from setup_local.build.toolchain import WHEEL
from setup_local.catalog.darwin import DarwinCatalog, Framework, Sdk
from setup_local.catalog.targets import Target
from setup_local.errors import ToolchainError
from setup_local.own_sdk import SETTINGS
from setup_local.render import render

OWN = paths.DATA / "darwin"
FRAMEWORKS = Path("System", "Library", "Frameworks")
_LIBRARY = "libSystem.tbd"
# The parts used of an Apple SDK: headers and text stubs of libraries.
OF_OWN = ("usr/include", "usr/lib", "System/Library/Frameworks")

# Data files that the SDK step reads.
DATA = (OWN, *(paths.TEMPLATES / name for name in ("framework.tbd.j2", "sysroot-darwin.cfg.j2")))


def build_sdk(catalog: DarwinCatalog, toolchain: Path, target: Target, floor: str, out: Path) -> None:
    """Fill `out` with the SDK of a target and its oldest macOS (`11.0`), from the wheel in a toolchain's result.

    Raises `ToolchainError` if the wheel lacks an expected part.
    """
    place_headers(catalog.sdk, toolchain / WHEEL, out / "usr" / "include")
    _place_library(catalog.sdk, toolchain / WHEEL, out / "usr" / "lib")
    for framework in catalog.frameworks:
        _write_framework(framework, out / FRAMEWORKS)
    _write_settings(catalog.sdk_version, out)
    write_config(target, floor, out)


def build_from_own(catalog: DarwinCatalog, own: Path, target: Target, floor: str, out: Path) -> None:
    """Fill `out` with the parts of an Apple SDK that compiling and linking need, as `build_sdk` does without one."""
    for name in OF_OWN:
        shutil.copytree(own / name, out / name, symlinks=True)
    for library in sorted(out.rglob("*.tbd")):
        if not library.is_symlink():
            text = library.read_text(encoding="utf-8")
            library.write_text(_known_targets(text, catalog.sdk.unknown_targets), encoding="utf-8")
    shutil.copyfile(own / SETTINGS, out / SETTINGS)
    write_config(target, floor, out)


def _known_targets(text: str, unknown: tuple[str, ...]) -> str:
    """Return a library's text stub without these targets, which not every SDK has."""
    for name in unknown:
        text = re.sub(rf",\s+{re.escape(name)}(?=\s*[,\]])", "", text)
    return text


def place_headers(sdk: Sdk, wheel: Path, include: Path) -> None:
    """Fill `include` with the wheel's headers, except those of libraries that are built here, and with ours."""
    if not (wheel / sdk.headers).is_dir():
        raise ToolchainError("the wheel contains no macOS headers", where=wheel / sdk.headers)
    shutil.copytree(wheel / sdk.headers, include)
    for name in sdk.without_headers:
        (include / name).unlink()
    for name in sdk.own_headers:
        (include / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(OWN / "include" / name, include / name)


def write_config(target: Target, floor: str, out: Path) -> None:
    """Write the file that sets the target for Clang."""
    values: dict[str, object] = {"target": f"{target.darwin.triple}{floor}"}
    (out / "clang.cfg").write_text(render("sysroot-darwin.cfg.j2", values), encoding="utf-8")


def _place_library(sdk: Sdk, wheel: Path, lib: Path) -> None:
    """Write the text stub that stands for libSystem when linking, under all its names."""
    lib.mkdir(parents=True)
    text = (wheel / sdk.library).read_text(encoding="utf-8")
    (lib / _LIBRARY).write_text(without_targets(text, sdk.unknown_targets), encoding="utf-8")
    for name in sdk.aliases:
        (lib / f"{name}.tbd").symlink_to(_LIBRARY)


def without_targets(text: str, unknown: tuple[str, ...]) -> str:
    """Return a library's text stub (TAPI's format, version 4) without some of the targets that it lists.

    Raises `ToolchainError` if no target would be left, and for a target that is not listed.
    """
    for name in unknown:
        text, times = re.subn(rf",\s+{re.escape(name)}(?=\s*[,\]])", "", text)
        if not times or re.search(rf"\[\s*{re.escape(name)}\b", text):
            raise ToolchainError(f"the library does not list the target {name} as expected", where=_LIBRARY)
    return text


def _write_framework(framework: Framework, frameworks: Path) -> None:
    place = frameworks / f"{framework.name}.framework"
    (place / "Headers").mkdir(parents=True)
    shutil.copyfile(OWN / f"{framework.name}.h", place / "Headers" / f"{framework.name}.h")
    values: dict[str, object] = {"name": framework.name, "symbols": sorted(framework.symbols)}
    (place / f"{framework.name}.tbd").write_text(render("framework.tbd.j2", values), encoding="utf-8")


def _write_settings(version: str, out: Path) -> None:
    """Write the file from which Clang reads the SDK's platform and version."""
    settings = {"CanonicalName": f"macosx{version}", "Version": version, "MaximumDeploymentTarget": f"{version}.99"}
    (out / SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
