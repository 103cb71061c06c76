"""The bootstrapped Clang and the wheel's make the same distribution: `--archive` is of the former, `--second-archive` of
the latter, of the same version.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from setup_local.values import ToolchainChoice

TOOLCHAIN = "SETUP_LOCAL_TOOLCHAIN"  # among python_config_vars


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with (
        archive.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            yield member.name, stream.read() if stream else member.linkname.encode()


@pytest.fixture(scope="module")
def bootstrapped(archive: Path) -> dict[str, bytes]:
    return dict(members(archive))


@pytest.fixture(scope="module")
def of_the_wheel(second_archive: Path) -> dict[str, bytes]:
    return dict(members(second_archive))


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
