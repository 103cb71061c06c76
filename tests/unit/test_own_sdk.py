"""An SDK by Apple that the user names, with a small stand-in: refusals, the data read from it, and its effect."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from sample_steps import sources_of
from sample_target import RECIPES

from setup_local.build import darwin_sdk, darwin_steps
from setup_local.build.graph import build_steps
from setup_local.build.step_parts import GraphInputs
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.targets import load_targets
from setup_local.commands.build import build
from setup_local.errors import RequestError
from setup_local.own_sdk import read_sdk
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.render import render_setup_local
from setup_local.values import LinkMode, OperatingSystem, OwnSdk, Request, ToolchainChoice

TRIPLE = "aarch64-apple-darwin"
TARGET = next(item for item in load_targets() if item.triple == TRIPLE)
LIBRARY = "--- !tapi-tbd\ntargets:         [ arm64e-macos, arm64-macos, arm64e.x1-macos ]\n"


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    """Return a directory with the layout of an SDK by Apple."""
    root = tmp_path / "MacOSX15.5.sdk"
    for name in ("usr/include", "usr/lib/system", "System/Library/Frameworks/Cocoa.framework/Headers"):
        (root / name).mkdir(parents=True)
    (root / "usr/include/stdio.h").write_text("/* */\n")
    (root / "usr/lib/libSystem.tbd").write_text(LIBRARY)
    (root / "usr/lib/libm.tbd").symlink_to("libSystem.tbd")
    (root / "System/Library/Frameworks/Cocoa.framework/Headers/Cocoa.h").write_text("/* */\n")
    _settings(root, CanonicalName="macosx15.5", Version="15.5")
    return root


def _settings(root: Path, **values: object) -> None:
    (root / "SDKSettings.json").write_text(json.dumps(values))


def _plan(directory: Path | None, **wishes: object) -> Plan:
    request = Request(python="3.13.5", target_triple=TRIPLE, sdk=read_sdk(directory) if directory else None)
    return resolve(dataclasses.replace(request, **wishes), load_catalogs())  # type: ignore[arg-type]


def test_an_sdk_says_what_it_is(sdk: Path) -> None:
    assert read_sdk(sdk) == OwnSdk(path=sdk, version="15.5", os=OperatingSystem.DARWIN)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"CanonicalName": "iphoneos18.0", "Version": "18.0"}, "is the SDK iphoneos18.0, not one for macOS"),
        ({"CanonicalName": "macosx15.5"}, "does not name an SDK and its version"),
        ({"CanonicalName": "macosx15.5", "Version": "new"}, "does not name an SDK and its version"),
        ({"CanonicalName": 1, "Version": "15.5"}, "does not name an SDK and its version"),
    ],
)
def test_an_sdk_of_something_else_is_refused(settings: dict[str, object], problem: str, sdk: Path) -> None:
    _settings(sdk, **settings)
    with pytest.raises(RequestError, match=problem):
        read_sdk(sdk)


@pytest.mark.parametrize("text", ["{", "\0", "[]", '"x"', "[" * 100_000])
def test_settings_that_are_none_are_refused(text: str, sdk: Path) -> None:
    (sdk / "SDKSettings.json").write_text(text)
    with pytest.raises(RequestError, match=r"SDKSettings\.json (cannot be read|does not name an SDK)"):
        read_sdk(sdk)


@pytest.mark.parametrize("name", ["usr/include/stdio.h", "usr/lib/libSystem.tbd", "System/Library/Frameworks"])
def test_half_an_sdk_is_refused(name: str, sdk: Path) -> None:
    path = sdk / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(RequestError, match=f"is incomplete: {name} is missing"):
        read_sdk(sdk)


def test_a_directory_that_is_no_sdk_is_one_line(tmp_path: Path) -> None:
    words = ["--target-triple", TRIPLE, "--sdk", str(tmp_path), "--dry-run"]
    refusal = CliRunner().invoke(build, words).exception
    assert isinstance(refusal, RequestError)
    assert "is no SDK: it has neither SDKSettings.json" in refusal.what
    assert "xcrun" in refusal.hint


def test_tkinter_is_there_with_an_sdk_alone(sdk: Path) -> None:
    tkinter = next(item for item in _plan(sdk).extensions if item.name == "_tkinter")
    assert tkinter.link is LinkMode.SHARED
    assert tkinter.archives == ("libtk8.6.a", "libtcl8.6.a", "libz.a")
    assert "Cocoa" in tkinter.frameworks
    assert not tkinter.ldflags
    libraries = {item.name: item.library for item in _plan(sdk).libraries}
    assert "--enable-aqua" in libraries["tk"].commands[1].argv
    assert not {"libx11", "libxft", "fontconfig"} & libraries.keys()
    assert "tk" not in {item.name for item in _plan(None).libraries}
    assert _plan(sdk, with_features=("tkinter",)).archive_name == _plan(sdk).archive_name
    (line,) = (line for line in render_setup_local(_plan(sdk)).splitlines() if line.startswith("_tkinter "))
    assert "-framework Cocoa" in line
    linux = {item.name: item.library for item in resolve(Request(python="3.13.5"), load_catalogs()).libraries}
    assert "--enable-xft" in linux["tk"].commands[1].argv


def test_an_sdk_is_in_the_name_and_not_its_place(sdk: Path) -> None:
    plan = _plan(sdk)
    assert plan.archive_stem.endswith("-noopt+sdk15.5")
    assert str(sdk) not in repr(plan.for_describing)
    assert str(sdk) not in repr(plan.for_staging)


def test_the_steps_compile_with_the_sdk(sdk: Path) -> None:
    plan = _plan(sdk)
    toolkit, steps = build_steps(plan, GraphInputs(sources=sources_of(plan), setup_local=""))
    assert toolkit.libc == "sysroot:aarch64-libSystem-11.0-sdk15.5"
    (step,) = (item for item in steps if item.name == toolkit.libc)
    assert sdk / "usr/include" in step.data
    assert darwin_steps.sdk_step(_plan(None), TARGET, "11.0", "toolchain").name == "sysroot:aarch64-libSystem-11.0"


def test_what_is_taken_of_an_sdk(sdk: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    darwin_sdk.build_from_own(RECIPES.darwin, sdk, TARGET, "12.0", out)
    assert "x1" not in (out / "usr/lib/libSystem.tbd").read_text()
    assert (out / "usr/lib/libm.tbd").is_symlink()
    assert (out / "System/Library/Frameworks/Cocoa.framework/Headers/Cocoa.h").is_file()
    assert "--target=arm64-apple-macos12.0\n" in (out / "clang.cfg").read_text()
    assert json.loads((out / "SDKSettings.json").read_text())["Version"] == "15.5"
    assert "x1" in (sdk / "usr/lib/libSystem.tbd").read_text()


@pytest.mark.parametrize(
    ("wishes", "problem"),
    [
        ({"target_triple": "x86_64-unknown-linux-gnu"}, "the SDK is for macOS only"),
        ({"target_triple": "x86_64-pc-windows-msvc"}, "the SDK is for macOS only"),
        ({"macos_minimum": "99.0"}, r"the SDK is for macOS 15\.5, which is older than the oldest system 99\.0"),
        ({"toolchain": ToolchainChoice.XCODE, "options": "pgo"}, "does not build with a profile yet"),
        ({"toolchain": ToolchainChoice.XCODE, "sdk": None}, "needs Xcode's SDK"),
        (
            {"sdk": None, "toolchain": ToolchainChoice.XCODE, "target_triple": "x86_64-unknown-linux-gnu"},
            "uses the compiler of Xcode",
        ),
    ],
)
def test_impossible_requests_are_refused_with_one_line(wishes: dict[str, object], problem: str, sdk: Path) -> None:
    with pytest.raises(RequestError, match=problem) as refusal:
        _plan(sdk, **wishes)
    assert refusal.value.hint
