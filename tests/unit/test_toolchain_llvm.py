from collections.abc import Callable
from pathlib import Path

import pytest

from setup_local.build.llvm import find_llvm, parse_version
from setup_local.catalog.toolchains import load_toolchain
from setup_local.errors import ToolchainError

SEARCH = load_toolchain().llvm
NAMES = {
    "clang": "clang",
    "clang++": "clang++",
    "ld.lld": "ld.lld",
    "ar": "llvm-ar",
    "ranlib": "llvm-ranlib",
    "llvm-profdata": "llvm-profdata",
}


def host(*programs: str) -> Callable[[str], str | None]:
    """Return a `which` for a host with these programs: full paths, or names on PATH."""
    on_path = {Path(program).name: program for program in programs if program.startswith("/usr/bin/")}
    return lambda name: name if name in programs else on_path.get(name)


def versions(**known: str) -> Callable[[Path], str | None]:
    return lambda path: known.get(path.name.replace("-", "_"))


DEBIAN_19 = [f"/usr/lib/llvm-19/bin/{file}" for file in NAMES.values()]
DEBIAN_14 = [f"/usr/bin/{file}" for file in NAMES.values()]


def test_the_catalog_has_wrappers_for_all_programs() -> None:
    assert dict(SEARCH.programs) == NAMES


def test_a_distribution_directory_is_found() -> None:
    found = find_llvm(SEARCH, host(*DEBIAN_19, *DEBIAN_14), versions(clang="19.1.7"))
    assert found.version == "19.1.7"
    assert found.programs["ar"] == Path("/usr/lib/llvm-19/bin/llvm-ar")
    assert "19.1.7" in found.identity


def test_names_with_a_version_on_path_are_found() -> None:
    found = find_llvm(SEARCH, host(*(f"{path}-22" for path in DEBIAN_14)), versions(clang_22="22.1.8"))
    assert found.programs["ld.lld"] == Path("/usr/bin/ld.lld-22")


def test_names_without_a_version_count_if_new_enough() -> None:
    assert find_llvm(SEARCH, host(*DEBIAN_14), versions(clang="20.1.0")).programs["clang"] == Path("/usr/bin/clang")


def test_the_newest_one_is_taken() -> None:
    newer = [path.replace("19", "21") for path in DEBIAN_19]
    found = find_llvm(SEARCH, host(*DEBIAN_19, *newer), lambda path: f"{path.parts[3].removeprefix('llvm-')}.1.0")
    assert found.version == "21.1.0"


def test_an_old_clang_is_refused_with_what_to_install() -> None:
    with pytest.raises(ToolchainError) as caught:
        find_llvm(SEARCH, host(*DEBIAN_14, "/usr/bin/apt-get"), versions(clang="14.0.6"))
    assert "/usr/bin/clang is version 14.0.6" in caught.value.what
    assert caught.value.hint == "apt-get install clang-19 lld-19 llvm-19, or take --toolchain zig, which needs nothing"


def test_without_any_clang_all_package_managers_are_named() -> None:
    with pytest.raises(ToolchainError, match="no Clang 19 or newer") as caught:
        find_llvm(SEARCH, host(), versions())
    assert all(text in str(caught.value.hint) for text in ("apt-get install", "dnf install", "apk add"))


def test_a_clang_without_lld_is_refused() -> None:
    incomplete = [path for path in DEBIAN_19 if "lld" not in path]
    with pytest.raises(ToolchainError, match=r"Clang 19\.1\.7 lacks ld\.lld"):
        find_llvm(SEARCH, host(*incomplete), versions(clang="19.1.7"))


def test_what_cannot_be_run_is_no_clang() -> None:
    with pytest.raises(ToolchainError, match="no working Clang"):
        find_llvm(SEARCH, host(*DEBIAN_19), versions())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Debian clang version 19.1.7 (3~deb12u1)\nTarget: x86_64-pc-linux-gnu\n", "19.1.7"),
        ("clang version 22.1.8\n", "22.1.8"),
        ("Ubuntu clang version 20.0.0-++2024\n", "20.0.0"),
        ("Apple clang version 15.0.0 (clang-1500)\n", None),
        ("gcc (Debian 12.2.0-14) 12.2.0\n", None),
    ],
)
def test_versions_are_read_from_what_clang_prints(text: str, expected: str | None) -> None:
    assert parse_version(text) == expected
