"""Which indexes are searched for unpinned sources, and the reports about indexes that do not count."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from setup_local.catalog.sources import AptPlace, ArchiveKind, Form, PypiPlace, Requirement, Source, Sources, Trust
from setup_local.fetch import pypi
from setup_local.fetch.apt import Apt
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.discover import Discovery

ZLIB = AptPlace(package="zlib", version="1.3.1-1", file="zlib_1.3.1.orig.tar.gz", suites=("trixie", "sid"))
WHEEL = PypiPlace(project="certifi", version="2026.1")
PINS = Sources(
    sources=(
        Source(name="zlib", version="1.3.1", forms=(Form(file="zlib-1.3.1.tar.gz", sha256="0" * 64, apt=ZLIB),)),
        Source(
            name="certifi",
            version="2026.1",
            forms=(Form(file="certifi-2026.1.whl", sha256="1" * 64, kind=ArchiveKind.WHEEL, pypi=WHEEL),),
        ),
    )
)


def stanza(version: str, sha256: str) -> str:
    file = f"zlib_{version}.orig.tar.gz"
    return f"Package: zlib\nVersion: {version}-1\nChecksums-Sha256:\n {sha256 * 64} 7 {file}\n\n"


class Indexes(Apt):
    """Returns the given answers for suites; a suite without an answer vouches for nothing."""

    def __init__(self, **answers: str) -> None:
        self._answers = answers

    def suites_of(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(names)

    def vouched(self, kind: ArchiveKind, suite: str, packages: Iterable[str], architecture: str = "") -> str:
        assert (kind, list(packages), architecture) == (ArchiveKind.TAR, ["zlib"], "")
        if suite not in self._answers:
            raise PlaceFailed("its index expired on 2026-11-06")
        return self._answers[suite]


@pytest.fixture
def said() -> list[str]:
    return []


def discovery(said: list[str], **answers: str) -> Discovery:
    return Discovery(Indexes(**answers), environ={}, report=said.append)


def test_all_suites_of_the_pins_are_asked(said: list[str]) -> None:
    asked = discovery(said, trixie=stanza("1.3.1", "0") + stanza("1.3.2", "a"), sid=stanza("1.3.10", "b"))
    found = asked.find(Requirement(name="zlib", versions=">=1.3,<2"), PINS)
    assert [(source.version, source.trust) for source in found] == [("1.3.10", Trust.SIGNED), ("1.3.2", Trust.SIGNED)]
    assert said == []


def test_an_index_that_does_not_count_is_told_once(said: list[str]) -> None:
    asked = discovery(said, trixie=stanza("1.3.2", "a"))
    for _ in range(2):
        assert [source.version for source in asked.find(Requirement(name="zlib"), PINS)] == ["1.3.2"]
    assert said == ["the index of sid cannot be used: its index expired on 2026-11-06"]


def test_what_is_newer_than_the_pins(said: list[str]) -> None:
    answer = stanza("1.3", "a") + stanza("1.3.2", "b") + stanza("1.3.10", "c")
    found = discovery(said, trixie=answer, sid="").newer(Requirement(name="zlib"), PINS)
    assert [source.version for source in found] == ["1.3.10", "1.3.2"]


def test_of_a_source_without_pins_nothing_is_known(said: list[str]) -> None:
    asked = discovery(said)
    assert asked.find(Requirement(name="new"), PINS) == asked.newer(Requirement(name="new"), PINS) == ()


def test_a_wheel_is_looked_for_in_the_package_index(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def newest(form: Form, versions: str, environ: object) -> tuple[str, Form]:
        assert (form.file, versions, environ) == ("certifi-2026.1.whl", ">=2026", {})
        return "2026.2", Form(file="certifi-2026.2.whl", sha256="2" * 64, kind=ArchiveKind.WHEEL, pypi=WHEEL)

    monkeypatch.setattr(pypi, "newest", newest)
    (found,) = discovery(said).find(Requirement(name="certifi", versions=">=2026"), PINS)
    assert (found.version, found.trust) == ("2026.2", Trust.SIGNED)


def test_a_package_index_that_does_not_count(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def newest(*_: object) -> tuple[str, Form]:
        raise PlaceFailed("pip is configured not to use TLS (global.trusted-host)")

    monkeypatch.setattr(pypi, "newest", newest)
    assert discovery(said).find(Requirement(name="certifi"), PINS) == ()
    assert said == [
        "the Python package index cannot be used for certifi: pip is configured not to use TLS (global.trusted-host)"
    ]
