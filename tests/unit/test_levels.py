"""Levels of processors: separate targets that differ only in the code that may be generated."""

from __future__ import annotations

import dataclasses

import pytest
from sample_distribution import binary

from setup_local.audit.policy import load_policy
from setup_local.binfmt.elf import read_elf
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.targets import load_targets
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import Request, processor_level, without_level

PATCH = "cpython-processor-level.toml"
LEVELS = ("v2", "v3", "v4")
SYSTEMS = ("unknown-linux-gnu", "unknown-linux-musl")


def _plan(triple: str) -> Plan:
    return resolve(Request(python="cpython-3.13.5", target_triple=triple), load_catalogs())


@pytest.mark.parametrize(
    ("triple", "level", "system"),
    [
        ("x86_64-unknown-linux-gnu", "", "x86_64-unknown-linux-gnu"),
        ("x86_64_v3-unknown-linux-gnu", "v3", "x86_64-unknown-linux-gnu"),
        ("x86_64_v4-unknown-linux-musl-noopt", "v4", "x86_64-unknown-linux-musl-noopt"),
        ("armv7-unknown-linux-gnueabihf", "", "armv7-unknown-linux-gnueabihf"),
    ],
)
def test_a_triple_may_name_a_level(triple: str, level: str, system: str) -> None:
    assert processor_level(triple) == level
    assert without_level(triple) == system


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_has_all_levels(system: str) -> None:
    targets = {item.triple: item for item in load_targets()}
    plain = targets[f"x86_64-{system}"]
    for level in LEVELS:
        target = targets[f"x86_64_{level}-{system}"]
        assert target.cflags[0] == f"-march=x86-64-{level}"
        assert dataclasses.replace(target, triple=plain.triple, level="") == plain
        assert target.system == plain.triple


@pytest.mark.parametrize("level", LEVELS[1:])
def test_products_and_sums_are_rounded_one_by_one(level: str) -> None:
    """These processors could do both in one operation, and results would differ from those of all others."""
    assert "-ffp-contract=off" in _plan(f"x86_64_{level}-unknown-linux-gnu").configure.cflags


def test_configure_is_told_a_triple_that_it_knows() -> None:
    plan, plain = _plan("x86_64_v3-unknown-linux-gnu"), _plan("x86_64-unknown-linux-gnu")
    assert plan.configure.args == plain.configure.args
    assert plan.archive_stem == "cpython-3.13.5-x86_64_v3-unknown-linux-gnu-noopt"
    assert [item.name for item in plan.python_patches if item not in plain.python_patches] == [PATCH]


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_the_policy_of_its_system(level: str) -> None:
    assert load_policy(f"x86_64_{level}-unknown-linux-gnu").triple == "x86_64-unknown-linux-gnu"


def test_a_program_says_which_level_it_wants() -> None:
    assert read_elf(binary("python-v3")).level == "v3"
    assert not read_elf(binary("python")).level


def test_another_property_is_no_level() -> None:
    data = binary("python-v3")
    at = data.index(b"\x02\x80\x00\xc0")
    assert not read_elf(data[:at] + bytes(4) + data[at + 4 :]).level
