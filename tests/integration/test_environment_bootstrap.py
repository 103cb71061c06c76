"""The bootstrapped Clang and the wheel's make the same distribution: `--archive` is of the former, `--second-archive` of
the latter, of the same version. `make test-bootstrap` built the former's compiler for one processor.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from setup_local.audit.archive import read_members
from setup_local.build.bootstrapped import find_bootstrapped
from setup_local.paths import cache_root
from setup_local.run import run
from setup_local.values import ToolchainChoice

TOOLCHAIN = "SETUP_LOCAL_TOOLCHAIN"  # among python_config_vars


def contents(archive: Path) -> dict[str, bytes]:
    """Return what each member contains: the bytes of a file, the target of a link."""
    return {member.name: read() or member.target.encode() for member, read in read_members(archive)}


@pytest.fixture(scope="module")
def bootstrapped(archive: Path) -> dict[str, bytes]:
    return contents(archive)


@pytest.fixture(scope="module")
def of_the_wheel(second_archive: Path) -> dict[str, bytes]:
    return contents(second_archive)


def description(files: dict[str, bytes]) -> tuple[str, Any]:
    """Return the name of the toolchain, and PYTHON.json without it."""
    found = json.loads(files["python/PYTHON.json"])
    return found["python_config_vars"].pop(TOOLCHAIN), found


def test_both_archives_have_the_same_files(bootstrapped: dict[str, bytes], of_the_wheel: dict[str, bytes]) -> None:
    assert bootstrapped.keys() == of_the_wheel.keys()


def test_both_describe_the_same_but_name_their_toolchain(
    bootstrapped: dict[str, bytes], of_the_wheel: dict[str, bytes]
) -> None:
    """Modules, objects, libraries, licences, paths and settings are the same."""
    toolchain, described = description(bootstrapped)
    other, expected = description(of_the_wheel)
    assert toolchain == ToolchainChoice.BOOTSTRAP.value
    assert other == ToolchainChoice.ZIG.value
    assert described == expected


def test_only_compiled_files_may_differ(
    bootstrapped: dict[str, bytes], of_the_wheel: dict[str, bytes], say: Callable[[str], None]
) -> None:
    """Two builds of one release of Clang generate the same code, so even most of the compiled files are equal."""
    objects = [name for name in bootstrapped if name.endswith(".o")]
    differing = {name for name, content in bootstrapped.items() if content != of_the_wheel.get(name)}
    compiled = differing.intersection(objects)
    say(
        f"{len(differing)} of {len(bootstrapped)} files differ, {len(compiled)} of {len(objects)} object files among them"
    )
    texts = {name for name in differing if name.endswith((".h", ".py", ".pyc", ".txt", ".pc"))}
    assert not texts


def test_clang_has_the_code_generators_that_were_requested() -> None:
    clang = find_bootstrapped(cache_root(), "bullseye") / "bin" / "clang"
    _, _, listed = run([clang, "--print-targets"], env={}).stdout.partition("Registered Targets:\n")
    assert {line.split()[0] for line in listed.splitlines()} == {"x86", "x86-64"}
