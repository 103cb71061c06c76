"""Microsoft's SDK for `build-windows.py --sdk`: what is read from it, what is copied, and how it changes a build."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from sample_steps import sources_of
from test_windows_core import COMPILER

from setup_local.build.graph import build_steps
from setup_local.build.step_parts import GraphInputs
from setup_local.build.steps import Step, files_digest
from setup_local.build.windows.link import Link, link_command
from setup_local.build.windows.sdk import place_sdk, sdk_libraries, write_aliases
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.windows import load_windows
from setup_local.catalog.windows_sdk import load_windows_sdk
from setup_local.errors import CatalogError, RequestError, ToolchainError
from setup_local.own_sdk import CRT_VERSION, read_sdk
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import OperatingSystem, OwnSdk, Request

TRIPLE = "x86_64-pc-windows-msvc"
VERSION = "14.40.33807"
RECIPE = load_windows_sdk()
CATALOG = RECIPE.applied(load_windows(), VERSION)
PORT = CATALOG.ports["x86_64"]


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    """Return a directory as xwin fills it, with the parts that are used, and one that is not."""
    root = tmp_path / "xwin"
    for place in (*RECIPE.headers.values(), *(path.format(machine="x86_64") for path in RECIPE.libraries)):
        (root / place).mkdir(parents=True)
    numbers = zip(("MAJOR", "MINOR", "BUILD"), VERSION.split("."), strict=True)
    text = "".join(f"#define _VC_CRT_{name}_VERSION {number}\r\n" for name, number in numbers)
    (root / CRT_VERSION).write_text(f"#pragma once\r\n{text}#define _VC_CRT_RBUILD_VERSION 0\r\n")
    for name in ("crt/include/vcruntime.h", "sdk/include/ucrt/stdio.h", "sdk/include/um/WinSock2.h"):
        (root / name).write_text(f"/* {name} */\n")
    for name in CATALOG.aliases.values():
        (root / "sdk/include/um" / name).write_text("/* */\n")
    for name in RECIPE.imports.names:
        (root / "sdk/lib/um/x86_64" / f"{name.title()}.Lib").write_text(name)
    (root / "sdk/lib/um/x86_64/d3d12.lib").write_text("unused")
    return root


def _plan(sdk: Path | None, **wishes: object) -> Plan:
    request = Request(python="3.13.5", target_triple=TRIPLE, sdk=read_sdk(sdk) if sdk else None)
    return resolve(dataclasses.replace(request, **wishes), load_catalogs())  # type: ignore[arg-type]


def _steps(plan: Plan) -> dict[str, Step]:
    return {step.name: step for step in build_steps(plan, GraphInputs(sources=sources_of(plan), setup_local=""))[1]}


def test_the_version_is_that_of_the_c_runtime(sdk: Path) -> None:
    assert read_sdk(sdk) == OwnSdk(path=sdk, version=VERSION, os=OperatingSystem.WINDOWS)


@pytest.mark.parametrize("name", [CRT_VERSION, "crt/include/vcruntime.h", "sdk/include/ucrt/stdio.h", "sdk/include/um"])
def test_half_an_sdk_is_refused(name: str, sdk: Path) -> None:
    path = sdk / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(RequestError, match=f"is incomplete: {name} is missing") as caught:
        read_sdk(sdk)
    assert "xwin splat" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "#define _VC_CRT_MAJOR_VERSION 14\n", "#define _VC_CRT_MAJOR_VERSION x\n\0", None]
)
def test_a_runtime_of_an_unknown_version_is_refused(text: str | None, sdk: Path) -> None:
    old = (sdk / CRT_VERSION).read_text().replace("MAJOR_VERSION 14", "MAJOR_VERSION 12")
    (sdk / CRT_VERSION).write_text(old if text is None else text)
    with pytest.raises(RequestError, match=r"crtversion\.h does not name a version 14"):
        read_sdk(sdk)


@pytest.mark.parametrize("triple", ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"])
def test_it_is_for_windows_only(triple: str, sdk: Path) -> None:
    with pytest.raises(RequestError, match="the SDK is for Windows only"):
        _plan(sdk, target_triple=triple)


def test_an_archive_names_the_sdk(sdk: Path) -> None:
    assert f"sdk{VERSION}" in _plan(sdk).archive_name
    assert _plan(sdk).archive_name != _plan(None).archive_name


def test_libraries_are_found_in_any_case(sdk: Path) -> None:
    found = sdk_libraries(RECIPE, sdk, "x86_64")
    assert found["kernel32.lib"] == sdk / "sdk/lib/um/x86_64/Kernel32.Lib"
    assert "d3d12.lib" not in found


def test_microsofts_names_of_processors_are_known(sdk: Path) -> None:
    for place in RECIPE.libraries:
        (sdk / place.format(machine="x86_64")).rename(sdk / place.format(machine="x64"))
    assert sdk_libraries(RECIPE, sdk, "x86_64").keys() == {f"{name}.lib" for name in RECIPE.imports.names}


def test_a_missing_library_is_named(sdk: Path) -> None:
    (sdk / "sdk/lib/um/x86_64/Bcrypt.Lib").unlink()
    with pytest.raises(RequestError, match=r"has no bcrypt\.lib for x86_64"):
        sdk_libraries(RECIPE, sdk, "x86_64")
    with pytest.raises(RequestError, match=r"has no libcmt\.lib for aarch64") as caught:
        sdk_libraries(RECIPE, sdk, "aarch64")
    assert "--arch aarch64" in caught.value.hint


def test_a_sysroot_has_headers_in_lower_case_and_in_that_of_cpython(sdk: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    place_sdk(RECIPE, sdk, sdk_libraries(RECIPE, sdk, "x86_64"), out)
    write_aliases(out / "include", CATALOG.aliases)
    assert (out / "include/um/winsock2.h").read_text() == "/* sdk/include/um/WinSock2.h */\n"
    for alias, name in CATALOG.aliases.items():
        assert (out / "include/um" / alias).read_text() == f"#include <{name}>\n"
    assert (out / "lib/advapi32.lib").read_text() == "advapi32"
    assert not (out / "lib/d3d12.lib").exists()
    with pytest.raises(ToolchainError, match=r"there is no header other\.h"):
        write_aliases(out / "include", {"Other.h": "other.h"})


@pytest.mark.parametrize("place", RECIPE.headers.values())
def test_an_sdk_without_a_directory_of_headers_is_refused(place: str, sdk: Path) -> None:
    shutil.rmtree(sdk / place)
    with pytest.raises(RequestError, match=f"is incomplete: {place}.* is missing"):
        read_sdk(sdk)


def test_code_is_for_microsofts_abi() -> None:
    assert PORT.target == TRIPLE
    assert "-fms-compatibility-version=19.40" in CATALOG.compiler.cflags
    assert not {"-DDONT_USE_SEH", "/lldmingw"} & {*CATALOG.code.cflags, *CATALOG.code.ldflags}
    assert {"-DDONT_USE_SEH", "/lldmingw"} < {*load_windows().code.cflags, *load_windows().code.ldflags}


def test_a_flag_that_is_not_there_cannot_be_left_out() -> None:
    recipe = dataclasses.replace(RECIPE, without_flags=("-fnone",))
    with pytest.raises(CatalogError, match="leaves out -fnone"):
        recipe.applied(load_windows(), VERSION)


def test_a_library_has_its_own_flags() -> None:
    flags = {library.name: library.cflags for library in CATALOG.libraries}
    assert flags["mpdecimal"][-1] == "-D__forceinline="
    assert flags["zlib"] == next(item for item in load_windows().libraries if item.name == "zlib").cflags
    recipe = dataclasses.replace(RECIPE, library_cflags={"none": ("-O1",)})
    with pytest.raises(CatalogError, match="has flags of none"):
        recipe.applied(load_windows(), VERSION)


def test_the_linker_finds_the_start_function_in_microsofts_libraries() -> None:
    compiler = dataclasses.replace(COMPILER, headers=CATALOG.compiler.headers, search=CATALOG.compiler.search)
    command = link_command(compiler, CATALOG, PORT, Link(target="a.exe", start="crt2u.o", objects=["a.o"]))
    assert not [word for word in command.answers if word.startswith("/entry") or word.endswith("crt2u.o")]
    assert command.answers[-1] == "/sysroot/lib/uuid.lib"
    assert {"/nodefaultlib", "/noimplib"} <= {*command.answers}
    words = compiler.words()
    assert words[words.index("/sysroot/include/ucrt") - 1] == "-idirafter"
    assert "/i/sysroot/include/um" in compiler.resource("a.rc", "a.res").words


def test_every_used_byte_counts(sdk: Path) -> None:
    name = f"sysroot:x86_64-windows-sdk{VERSION}"

    def used() -> str:
        return files_digest(_steps(_plan(sdk))[name].data)

    first = used()
    (sdk / "sdk/lib/um/x86_64/d3d12.lib").write_text("changed")
    assert used() == first
    (sdk / "sdk/lib/um/x86_64/Bcrypt.Lib").write_text("changed")
    second = used()
    (sdk / "sdk/include/um/WinSock2.h").write_text("changed")
    assert len({first, second, used()}) == 3
