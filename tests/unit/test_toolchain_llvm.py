"""The LLVMs of a host: directories with small programs that print versions, as the real ones do."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import pytest

from setup_local.build.bootstrap_chain import RECORD
from setup_local.build.bootstrapped import register
from setup_local.build.llvm import (
    check_code_generator,
    find_llvm,
    host_programs,
    parse_version,
    survey,
    with_layout_tools,
)
from setup_local.build.toolchains import list_toolchains
from setup_local.catalog.llvm_tools import load_llvm_tools
from setup_local.catalog.toolchains import LlvmSearch, load_toolchain
from setup_local.errors import ToolchainError

CATALOG = load_toolchain().llvm
NAMES = {
    "clang": "clang",
    "clang++": "clang++",
    "ld.lld": "ld.lld",
    "ar": "llvm-ar",
    "ranlib": "llvm-ranlib",
    "llvm-profdata": "llvm-profdata",
}
SAYS = {"clang": "Debian clang version", "clang++": "Debian clang version", "ld.lld": "Debian LLD"}


class Host:
    """A host below one directory: `/usr/lib/llvm-N/bin` as on Debian, and one directory on PATH."""

    def __init__(self, top: Path) -> None:
        self.top, self.on_path = top, top / "usr" / "bin"
        self.search: LlvmSearch = dataclasses.replace(
            CATALOG, directories=tuple(f"{top}{pattern}" for pattern in CATALOG.directories)
        )

    def add(
        self,
        version: str,
        place: Path | None = None,
        *,
        suffix: str = "",
        without: Iterable[str] = (),
        other: tuple[str, str] = ("", ""),
        headers: bool = True,
    ) -> Path:
        """Install an LLVM; `other` is a program with a different version."""
        place = place or self.top / "usr" / "lib" / f"llvm-{version.split('.', maxsplit=1)[0]}" / "bin"
        place.mkdir(parents=True, exist_ok=True)
        resource = self.top / f"resource-{version}"
        if headers:
            (resource / "include").mkdir(parents=True, exist_ok=True)
        for name in set(NAMES.values()) - set(without):
            told = other[1] if name == other[0] else version
            says = f"{SAYS.get(name, 'Debian LLVM version')} {told} (something)"
            script = f'#!/bin/sh\ntest "$1" = --version && echo "{says}" || echo "{resource}"\n'
            (place / f"{name}{suffix}").write_text(script)
            (place / f"{name}{suffix}").chmod(0o755)
        return place

    def find(self, directory: Path | None = None) -> tuple[str, Path]:
        found = find_llvm(self.search, path=str(self.on_path), directory=directory)
        return found.version, found.programs["ar"]

    def refusal(self, directory: Path | None = None) -> str:
        with pytest.raises(ToolchainError) as caught:
            find_llvm(self.search, path=str(self.on_path), directory=directory)
        assert "\n" not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_catalog_has_wrappers_for_all_programs() -> None:
    assert dict(CATALOG.programs) == NAMES


def test_a_distribution_directory_is_found(host: Host) -> None:
    place = host.add("19.1.7")
    assert host.find() == ("19.1.7", place / "llvm-ar")


def test_names_with_a_version_on_path_are_found(host: Host) -> None:
    host.add("22.1.8", host.on_path, suffix="-22")
    assert host.find() == ("22.1.8", host.on_path / "llvm-ar-22")


def test_names_without_a_version_count_if_new_enough(host: Host) -> None:
    host.add("20.1.0", host.on_path)
    assert host.find() == ("20.1.0", host.on_path / "llvm-ar")


def test_the_newest_one_is_taken_however_it_is_called(host: Host) -> None:
    host.add("19.1.7")
    host.add("20.1.10")
    host.add("14.0.6", host.on_path, suffix="-14")
    assert host.find()[0] == "20.1.10"
    host.add("23.1.0", host.on_path)
    assert host.find()[0] == "23.1.0"


def test_an_incomplete_newer_one_gives_way_to_a_complete_older_one(host: Host) -> None:
    host.add("21.1.8", without=["ld.lld"])
    host.add("19.1.7")
    assert host.find()[0] == "19.1.7"
    assert [item.problem for item in survey(host.search, path="")] == ["", "Clang 21.1.8 lacks ld.lld"]


def test_a_program_beside_the_directory_counts_if_it_is_of_the_same_release(host: Host) -> None:
    host.add("19.1.7", without=["ld.lld"])
    others = [name for name in NAMES.values() if name != "ld.lld"]
    host.add("18.1.8", host.on_path, without=others)
    assert "Clang 19.1.7 lacks ld.lld" in host.refusal()
    host.add("19.1.7", host.on_path, without=others)
    found = find_llvm(host.search, path=str(host.on_path))
    assert found.programs["ld.lld"] == host.on_path / "ld.lld"


def test_one_llvm_under_two_names_is_listed_once(host: Host) -> None:
    place = host.add("19.1.7")
    host.on_path.mkdir()
    for name in ("clang", "clang-19"):
        (host.on_path / name).symlink_to(place / "clang")
    (found,) = survey(host.search, path=str(host.on_path))
    assert (found.place, found.problem) == (place, "")


@pytest.mark.parametrize("below", [".", "bin", "usr/lib/llvm-22/bin"])
def test_a_directory_may_be_the_programs_the_installation_or_unpacked_packages(
    host: Host, tmp_path: Path, below: str
) -> None:
    host.add("23.1.0")
    place = host.add("22.1.8", tmp_path / "given" / below)
    host.search = CATALOG
    assert host.find(tmp_path / "given") == ("22.1.8", place / "llvm-ar")


def test_a_directory_without_clang_is_refused_though_the_host_has_one(host: Host, tmp_path: Path) -> None:
    host.add("19.1.7", host.on_path)
    (tmp_path / "empty").mkdir()
    assert f"{tmp_path}/empty has no LLVM 19 or newer with all programs: there is no clang" in host.refusal(
        tmp_path / "empty"
    )


@pytest.mark.parametrize(
    ("version", "changes", "reason"),
    [
        ("14.0.6", {}, "Clang 14.0.6 is older than 19"),
        ("19.1.7", {"without": ["ld.lld", "llvm-profdata"]}, "Clang 19.1.7 lacks ld.lld, llvm-profdata"),
        ("19.1.7", {"other": ("ld.lld", "18.1.8")}, "ld.lld is of release 18.1.8, Clang of 19.1.7"),
        ("19.1.7", {"other": ("llvm-ar", "?")}, "llvm-ar is of release unknown, Clang of 19.1.7"),
        ("19.1.7", {"headers": False}, "Clang 19.1.7 lacks its own headers"),
        ("x", {}, "clang is not a Clang that runs"),
    ],
)
def test_what_cannot_serve_is_refused_with_its_reason_and_all_packages(
    host: Host, version: str, changes: dict[str, object], reason: str
) -> None:
    place = host.add(version, **changes)  # type: ignore[arg-type]  # each case has values of the right type
    text = host.refusal() if version != "x" else host.refusal(place)
    assert f": {place}: {reason} (" in text
    packages = "apt-get install clang-19 lld-19 llvm-19, dnf install clang lld llvm, or apk add clang19 lld19 llvm19"
    assert f"({packages}; or use --toolchain zig, which needs nothing)" in text


def test_the_packages_are_of_the_release_that_is_there_in_part(host: Host) -> None:
    host.add("22.1.8", without=["ld.lld"])
    assert "apt-get install clang-22 lld-22 llvm-22, " in host.refusal()


def test_a_host_without_any_clang_is_told_so(host: Host) -> None:
    assert host.refusal().startswith("the host has no LLVM 19 or newer with all programs: there is no clang (apt-get")


def test_an_llvm_without_the_targets_code_generator_is_refused(host: Host) -> None:
    place = host.add("22.1.8")
    found = find_llvm(host.search, path="", directory=place)
    clang = place / "clang"
    clang.write_text('#!/bin/sh\ncase "$1" in --target=s390x-*) exit 1;; esac\n')
    check_code_generator(found, "aarch64-unknown-linux-gnu")
    message = r"clang: Clang 22\.1\.8 has no code generator for s390x-unknown-linux-gnu \(`clang --print-targets` lists"
    with pytest.raises(ToolchainError, match=message):
        check_code_generator(found, "s390x-unknown-linux-gnu")


def test_a_bootstrapped_llvm_has_the_tools_for_the_layout(tmp_path: Path) -> None:
    host, layout = Host(tmp_path), load_llvm_tools().layout
    found = find_llvm(host.search, path="", directory=host.add("22.1.8", tmp_path / "made" / "bin"))
    for name in layout.programs:
        (tmp_path / "made" / "bin" / name).touch()
    with pytest.raises(ToolchainError, match=r"libbolt_rt_instr\.a: the bootstrapped toolchain is incomplete"):
        with_layout_tools(found, tmp_path / "made", layout)
    (tmp_path / "made" / "lib").mkdir()
    (tmp_path / "made" / "lib" / "libbolt_rt_instr.a").touch()
    programs = host_programs(with_layout_tools(found, tmp_path / "made", layout))
    assert programs.tools["llvm-bolt"] == f"{tmp_path}/made/bin/llvm-bolt"
    assert programs.libraries == (tmp_path / "made" / "lib" / "libbolt_rt_instr.a",)


def test_the_list_shows_those_of_a_bootstrapped_llvm(tmp_path: Path) -> None:
    made = tmp_path / "made"
    Host(tmp_path).add("22.1.8", made / "bin")
    (made / RECORD).touch()
    (made / "bin" / "llvm-bolt").touch()
    register(tmp_path / "cache", "bullseye", made)
    listed = next(item for item in list_toolchains(tmp_path / "cache", path="") if item.toolchain == "bootstrap")
    assert listed.taken
    assert listed.tools["llvm-bolt"] == f"{made}/bin/llvm-bolt"
    assert "merge-fdata" not in listed.tools


def test_the_programs_of_the_toolchain_are_those_of_the_host(host: Host) -> None:
    place = host.add("19.1.7", host.top / "with space")
    programs = host_programs(find_llvm(host.search, path="", directory=place))
    assert programs.compiler == f"'{place}/clang'"
    assert set(programs.tools) == set(NAMES) - {"clang", "clang++"}
    assert programs.headers == host.top / "resource-19.1.7" / "include"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Debian clang version 19.1.7 (3~deb12u1)\nTarget: x86_64-pc-linux-gnu\n", "19.1.7"),
        ("clang version 22.1.8\n", "22.1.8"),
        ("Ubuntu clang version 20.0.0-++2024\n", "20.0.0"),
        ("Debian LLD 19.1.7 (compatible with GNU linkers)\n", "19.1.7"),
        ("LLD 22.1.8 (compatible with GNU linkers)\n", "22.1.8"),
        ("LLVM (http://llvm.org/):\n  LLVM version 19.1.4\n  Optimized build.\n", "19.1.4"),
        ("Apple clang version 15.0.0 (clang-1500)\n", None),
        ("gcc (Debian 12.2.0-14) 12.2.0\n", None),
        ("GNU ar (GNU Binutils for Debian) 2.40\n", None),
    ],
)
def test_versions_are_read_from_what_the_programs_print(text: str, expected: str | None) -> None:
    assert parse_version(text) == expected
