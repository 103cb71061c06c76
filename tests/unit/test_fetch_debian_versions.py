"""Versions of packages: their order, and the upstream version in them."""

from __future__ import annotations

import itertools

import pytest

from setup_local.fetch.debian_versions import debian_order, upstream_part, upstream_version

# In the order that deb-version(7) defines (and `dpkg --compare-versions` confirms).
ORDERED = [
    "0.9~~alpha1-1",
    "0.9~rc1-1",
    "0.9-1~deb13u1",
    "0.9-1",
    "0.9-1+b1",
    "0.9-2",
    "0.9-10",
    "0.9a",
    "0.9+dfsg-1",
    "0.9.1-1",
    "0.10-1",
    "1.0",
    "1:0.1",
]


def test_the_order_of_package_versions() -> None:
    for earlier, later in itertools.combinations(ORDERED, 2):
        assert debian_order(earlier) < debian_order(later), (earlier, later)
    assert debian_order("1.0") == debian_order("0:1.0-0")


@pytest.mark.parametrize(
    ("version", "part"),
    [("1:1.3.dfsg+really1.3.1-1+b1", "1.3.dfsg+really1.3.1"), ("3.1-20250104-1", "3.1-20250104"), ("1.0", "1.0")],
)
def test_epoch_and_revision_are_the_packages_own(version: str, part: str) -> None:
    assert upstream_part(version) == part


ZLIB = ("1.3.1", "1:1.3.dfsg+really1.3.1-1")
NCURSES = ("6.5", "6.5+20250216-2")
TINFO = ("6.5+20250216", "6.5+20250216-2")
LIBEDIT = ("20250104", "3.1-20250104-1")
LIBEDIT2 = ("3.1-20250104", "3.1-20250104-1")
LIBXML2 = ("2.9.14", "2.12.7+dfsg+really2.9.14-2.1+deb13u3")
OPENSSL = ("3.5.7", "3.5.7-1~deb13u2")


@pytest.mark.parametrize(
    ("version", "pin", "expected"),
    [
        ("3.5.9-1~deb13u1", OPENSSL, "3.5.9"),
        ("3.5.10-1", OPENSSL, "3.5.10"),
        ("3.6.0~~alpha1-1", OPENSSL, None),
        ("3.6.0~rc1-1", OPENSSL, None),
        ("3.6.0+git20260101.1a2b-1", OPENSSL, None),
        ("1.1.1x-0+deb11u1", ("1.1.1w", "1.1.1w-0+deb11u1"), "1.1.1x"),
        ("1:1.3.dfsg+really1.3.1-2", ZLIB, "1.3.1"),
        ("1:1.3.2-1", ZLIB, "1.3.2"),
        ("1:1.3.2+dfsg2-1", ZLIB, "1.3.2"),
        ("6.5+20251115-2", NCURSES, "6.5"),
        ("6.6+20261231-1", NCURSES, "6.6"),
        ("6.6-1", NCURSES, "6.6"),
        ("6.5+20251115-2", TINFO, "6.5+20251115"),
        ("3.1-20251016-1", LIBEDIT, "20251016"),
        ("3.2-20261016-1", LIBEDIT, None),
        ("3.1-20251016-1", LIBEDIT2, "3.1-20251016"),
        ("2.12.7+dfsg+really2.9.14-2.1+deb13u4", LIBXML2, "2.9.14"),
        ("2.15.1+dfsg-1", LIBXML2, "2.15.1"),
        ("1.0-1", ("2.0", "3.0-1"), None),
        ("nonsense-1", OPENSSL, None),
    ],
)
def test_the_projects_version_is_read_as_in_the_pin(version: str, pin: tuple[str, str], expected: str | None) -> None:
    known, known_package_version = pin
    assert upstream_version(version, known=known, known_package_version=known_package_version) == expected
