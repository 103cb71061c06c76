from __future__ import annotations

import dataclasses

import pytest
from packaging.version import Version

from setup_local.catalog.when import ALWAYS, Facts, When
from setup_local.values import Libc, OperatingSystem

LINUX = Facts(
    python=Version("3.13.5"),
    triple="x86_64-unknown-linux-gnu",
    os=OperatingSystem.LINUX,
    arch="x86_64",
    libc=Libc.GLIBC,
)


def test_an_empty_condition_always_holds() -> None:
    assert ALWAYS.matches(LINUX)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (When(python=">=3.12"), True),
        (When(python="<3.12"), False),
        (When(python=">=3.12,<3.13"), False),
        (When(python=">=3.13.6"), False),
        (When(targets=("*-linux-gnu",)), True),
        (When(targets=("*-apple-darwin", "x86_64-*")), True),
        (When(targets=("*-apple-darwin",)), False),
        (When(os=(OperatingSystem.LINUX, OperatingSystem.DARWIN)), True),
        (When(os=(OperatingSystem.WINDOWS,)), False),
        (When(arch=("aarch64", "x86_64")), True),
        (When(arch=("aarch64",)), False),
        (When(cross=False), True),
        (When(cross=True), False),
        (When(libc=Libc.GLIBC), True),
        (When(libc=Libc.MUSL), False),
        (When(python=">=3.12", targets=("*-apple-darwin",)), False),
    ],
)
def test_every_field_that_is_given_must_hold(when: When, expected: bool) -> None:  # noqa: FBT001 -- a table of cases
    assert when.matches(LINUX) is expected


def test_a_pre_release_belongs_to_its_release() -> None:
    alpha = dataclasses.replace(LINUX, python=Version("3.15.0a1"))
    assert When(python=">=3.15").matches(alpha)
    assert not When(python="<3.15").matches(alpha)
