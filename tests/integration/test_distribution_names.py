"""Our modules lack no name that a current distribution's own build of the same CPython offers."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from installed import DATA, Installation

RECORDED = DATA / "debian-python3.13-names.json"
DEVIATIONS = DATA / "names-deviations.toml"
DEVIATIONS_OF_MUSL = DATA / "names-deviations-musl.toml"
DEVIATIONS_OF_PROCESSORS = DATA / "names-deviations-processors.toml"
RECORDED_VERSION = "3.13.5"
X86 = ("x86_64", "i686")
OF_FILES = {"__file__"}
"""Names that only modules in separate files have; ours are built in."""


@pytest.fixture(scope="module")
def deviations(installation: Installation) -> dict[str, dict[str, str]]:
    """Return the reason for each name that is missing on purpose, by module."""
    files = [DEVIATIONS]
    if installation.c_library != "glibc":
        files.append(DEVIATIONS_OF_MUSL)
    if not str(installation.description["target_triple"]).startswith(X86):
        files.append(DEVIATIONS_OF_PROCESSORS)
    found: dict[str, dict[str, str]] = {}
    for file in files:
        for module, reasons in tomllib.loads(file.read_text(encoding="utf-8")).items():
            found.setdefault(module, {}).update(reasons)
    return found


def _recorded() -> dict[str, list[str]]:
    document = json.loads(RECORDED.read_text(encoding="utf-8"))
    names: dict[str, list[str]] = document.get("modules", document)
    return names


@pytest.fixture(scope="module")
def offered(installation: Installation, scripts: Path) -> dict[str, list[str]]:
    if installation.version != RECORDED_VERSION:
        pytest.skip(f"the names were recorded with {RECORDED_VERSION}; this is {installation.version}")
    names: dict[str, list[str]] = json.loads(installation.run(["-B", scripts / "list_names.py", *_recorded()]))
    return names


@pytest.mark.parametrize("module", sorted(_recorded()))
def test_nothing_is_missing(
    module: str,
    offered: dict[str, list[str]],
    installation: Installation,
    deviations: dict[str, dict[str, str]],
) -> None:
    if not offered[module] and f"_{module}" in installation.left_out:
        pytest.skip(f"PYTHON.json says that _{module} was left out")
    missing = set(_recorded()[module]) - set(offered[module]) - set(deviations.get(module, {})) - OF_FILES
    assert not missing, f"{module} lacks {sorted(missing)}"


def test_each_deviation_is_true_and_has_a_reason(
    offered: dict[str, list[str]], deviations: dict[str, dict[str, str]]
) -> None:
    for module, reasons in deviations.items():
        assert not set(reasons) & set(offered[module]), f"{module}: these are there after all"
        assert set(reasons) <= set(_recorded()[module]), f"{module}: these were never recorded"
        assert all(len(reason) > 10 for reason in reasons.values())


def test_all_the_promised_modules_are_recorded() -> None:
    promised = {"os", "socket", "select", "signal", "time", "fcntl", "resource", "mmap", "ssl", "sqlite3"}
    assert promised <= set(_recorded())
