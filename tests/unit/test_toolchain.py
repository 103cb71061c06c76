import dataclasses
import re
import stat
from collections.abc import Iterable
from pathlib import Path

import pytest
from sample_target import RECIPES, TARGET

from setup_local import paths
from setup_local.build import headers, polyfill, sysroot, toolchain
from setup_local.catalog import architectures, toolchains
from setup_local.catalog.architectures import load_architecture
from setup_local.catalog.targets import Target, load_targets
from setup_local.catalog.toolchains import Edit, load_sysroot, load_toolchain
from setup_local.errors import CatalogError, ToolchainError
from setup_local.values import Libc

X86_64 = load_architecture("x86_64")


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    text = (paths.DATA / "sysroot.toml").read_text(encoding="utf-8")
    (tmp_path / "sysroot.toml").write_text(f"surprise = 1\n{text}", encoding="utf-8")
    with pytest.raises(CatalogError, match="surprise"):
        load_sysroot(tmp_path / "sysroot.toml")


@pytest.mark.parametrize(
    ("floor", "version", "expected"),
    [
        ("2.12", "2.17", True),
        ("2.9", "2.12", True),
        ("2.17", "2.17", False),
        ("2.34", "2.4", False),
        ("2.43", "", True),
    ],
)
def test_versions_are_compared_as_numbers(floor: str, version: str, expected: bool) -> None:  # noqa: FBT001
    assert toolchains.is_older(floor, version) is expected


@pytest.mark.parametrize("arch", architectures.names())
def test_builtins_are_named_apart(arch: str) -> None:
    own = load_architecture(arch)
    sources = load_toolchain().builtins.sources_for(own)
    stems = [Path(name).stem for name in sources]
    assert len(stems) == len(set(stems)), "two sources would become the same object"
    assert set(own.builtins) <= set(sources)


def test_files_of_an_architecture_replace_general_ones() -> None:
    builtins = load_toolchain().builtins
    sources = builtins.sources_for(X86_64)
    assert "floatdidf.c" in builtins.sources
    assert "floatdidf.c" not in sources
    assert {"x86_64/floatdidf.c", "addtf3.c", "addsf3.c"} <= set(sources)
    plain = dataclasses.replace(X86_64, quad=False, float16=False)
    assert "addtf3.c" not in builtins.sources_for(plain)
    assert set(builtins.cflags_for(X86_64)) - set(builtins.cflags_for(plain)) == set(builtins.float16_cflags)


def in_sources(pattern: str) -> Iterable[tuple[str, str]]:
    for path in sorted(polyfill.SOURCES.glob("*.c")):
        for name in re.findall(pattern, path.read_text(encoding="utf-8")):
            yield name, path.name


def test_catalog_and_sources_of_the_polyfill_name_the_same_functions() -> None:
    listed = {(name, item.source) for item in load_sysroot().polyfills for name in item.functions}
    assert set(in_sources(r"(?:ifdef|defined) POLYFILL_(\w+)")) == listed


def test_only_floors_with_two_kinds_of_memcpy_replace_it() -> None:
    arch = load_architecture("x86_64")
    assert load_sysroot().wrapped_for("2.12", arch) == ("memcpy",)
    assert not load_sysroot().wrapped_for("2.17", arch)
    assert not load_sysroot().wrapped_for("2.12", load_architecture("i686"))


def test_no_function_is_polyfilled_twice() -> None:
    names = [name for item in load_sysroot().polyfills for name in item.functions]
    assert len(names) == len(set(names))


def test_a_floor_gets_exactly_what_it_lacks() -> None:
    catalog = load_sysroot()
    arch = load_architecture("x86_64")
    old, newer = dict(catalog.polyfills_for("2.12", arch)), dict(catalog.polyfills_for("2.28", arch))
    assert {"getauxval", "secure_getenv", "getrandom", "close_range", "strlcpy"} <= set(old)
    assert "getrandom" not in newer
    assert {"gettid", "close_range", "strlcpy"} <= set(newer)
    assert "close_range" not in dict(catalog.polyfills_for("2.34", arch))


def test_every_header_of_ours_is_listed_and_there() -> None:
    there = {str(path.relative_to(headers.OWN_HEADERS)) for path in headers.OWN_HEADERS.rglob("*.h")}
    assert there == {item.path for item in load_sysroot().headers}


def test_every_data_file_of_the_keys_exists() -> None:
    for path in (*toolchain.DATA, *sysroot.DATA):
        assert path.exists(), path


EDIT = Edit(path="a.h", find="OLD", replace="NEW {minor}", times=2)


def test_an_edit_replaces_its_text(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text("OLD OLD", encoding="utf-8")
    headers.apply_edit(EDIT, tmp_path, "2.17")
    assert (tmp_path / "a.h").read_text(encoding="utf-8") == "NEW 17 NEW 17"


@pytest.mark.parametrize("text", ["OLD", "OLD OLD OLD", ""])
def test_an_edit_that_does_not_fit_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.h").write_text(text, encoding="utf-8")
    with pytest.raises(ToolchainError, match="occurs"):
        headers.apply_edit(EDIT, tmp_path, "2.17")
    assert (tmp_path / "a.h").read_text(encoding="utf-8") == text


def test_an_edit_of_a_missing_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="cannot be read"):
        headers.apply_edit(EDIT, tmp_path, "2.17")


@pytest.mark.parametrize(
    "target", [item for item in load_targets() if item.libc is Libc.GLIBC], ids=lambda target: target.triple
)
def test_no_floor_is_older_than_the_port(target: Target) -> None:
    assert not any(toolchains.is_older(floor, target.glibc.oldest) for floor in target.floors)


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(CatalogError, match="unknown architecture pdp11"):
        load_architecture("pdp11")


def test_the_environment_is_complete() -> None:
    env = toolchain.compile_environment(Path("/tc"), Path("/root"), TARGET, "2.12")
    assert env["CC"] == "clang"
    assert env["PATH"].split(":")[0] == "/tc/bin"
    assert env[toolchain.SYSROOT_VARIABLE] == "/root"


def test_settings_add_a_directory_of_libraries(tmp_path: Path) -> None:
    env = toolchain.searching(Path("/root"), Path("/deps/lib"), tmp_path / "settings")
    text = Path(*env.values(), "clang.cfg").read_text(encoding="utf-8")
    assert text.splitlines() == ["@/root/clang.cfg", "-L/deps/lib"]


def test_a_floor_that_the_target_lacks_is_refused() -> None:
    with pytest.raises(ToolchainError, match=r"2\.3"):
        toolchain.compile_environment(Path("/tc"), Path("/root"), TARGET, "2.3")


def test_a_source_that_is_something_else_is_refused(tmp_path: Path) -> None:
    def run(*_: object, **__: object) -> None:
        pytest.fail("nothing may run")

    with pytest.raises(ToolchainError, match="missing"):
        toolchain.build_toolchain(RECIPES, tmp_path, tmp_path, X86_64, tmp_path / "out", run)


def test_wrappers_are_programs_that_find_their_place_and_sysroot(tmp_path: Path) -> None:
    toolchain.write_wrappers(toolchain.wheel_programs(Path("/wheel")), "-some-setting\n", tmp_path)
    for name in ("clang", "clang++", "ld.lld", "ar", "llvm-ar", "ranlib", "llvm-ranlib"):
        assert (tmp_path / "bin" / name).stat().st_mode & stat.S_IXUSR, name
    text = (tmp_path / "bin" / "clang").read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n")
    assert "/wheel" not in text
    assert "SETUP_LOCAL_SYSROOT:?" in text
    assert "--driver-mode" not in text
    assert "--driver-mode=g++" in (tmp_path / "bin" / "clang++").read_text(encoding="utf-8")
    assert (tmp_path / "etc" / "clang.cfg").read_text(encoding="utf-8") == "-some-setting\n"
