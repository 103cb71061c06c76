"""Where a file is in a pool, and apt's messages about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_local.catalog.sources import AptPlace, ArchiveKind, Form
from setup_local.fetch import pool
from setup_local.fetch.apt_sources import Repository, parse_one_line, pools
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.cache import WrongBytes
from setup_local.run import CommandFailed

HOST = """\
deb http://one/debian trixie main
deb http://one/debian trixie-updates main
deb http://fixes/debian-security trixie-security main
deb http://mixed/ubuntu trixie trixie-updates trixie-security main
deb http://old/debian buster main
deb http://oldfixes/debian-security buster/updates main
deb http://addition/pgdg trixie-pgdg main
deb http://other/apt stable contrib
"""
SOURCE = AptPlace(package="libxcb", version="1-1", file="libxcb_1.orig.tar.gz", suites=("trixie",))
BINARY = AptPlace(
    package="libc6", version="1:2-1+b1", file="libc6_2-1+b1_amd64.deb", suites=("trixie",), source="glibc"
)
MISMATCH = f"""\
Err:1 http://one/x
  Hash Sum mismatch
   - SHA256:{"0" * 64}
   - SHA256:{"9" * 64}
E: Failed to fetch http://one/x  Hash Sum mismatch
"""


def form(place: AptPlace) -> Form:
    return Form(file=place.file, sha256="0" * 64, size=1, kind=ArchiveKind.TAR, apt=place)


def test_every_mirror_of_the_distribution_has_a_pool() -> None:
    found = pools(parse_one_line(HOST), "trixie", ["sid"])
    assert found == (
        "http://one/debian/pool/main",
        "http://fixes/debian-security/pool/updates/main",
        "http://mixed/ubuntu/pool/main",
    )
    assert pools(parse_one_line(HOST), "", ["buster"]) == (
        "http://old/debian/pool/main",
        "http://oldfixes/debian-security/pool/updates/main",
    )


def attempts(place: AptPlace) -> list[str]:
    host = [Repository(uris=("http://m/debian",), suites=("stable",), components=("main",))]
    return [item.where for item in pool.Pool(host, "", {}).attempts(form(place), place)]


def test_the_path_follows_from_source_package_and_file() -> None:
    assert attempts(SOURCE) == ["http://m/debian/pool/main/libx/libxcb/libxcb_1.orig.tar.gz (apt)"]
    assert attempts(BINARY) == ["http://m/debian/pool/main/g/glibc/libc6_2-1%2Bb1_amd64.deb (apt)"]


def answers(monkeypatch: pytest.MonkeyPatch, output: str) -> list[str]:
    asked: list[str] = []

    def run(argv: list[object], **_: object) -> None:
        asked.append(str(argv[2]))
        raise CommandFailed(["apt-helper"], 100, output)

    monkeypatch.setattr(pool, "run", run)
    return asked


def test_wrong_bytes_are_told_with_both_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, MISMATCH)
    with pytest.raises(WrongBytes, match=f"expected SHA-256 {'0' * 64}, got {'9' * 64}"):
        pool.download("http://one/x", form(SOURCE), tmp_path, {})


@pytest.mark.parametrize(
    ("output", "times"),
    [
        ("E: Failed to fetch http://one/x  Connection failed [IP: ::1 80]", 1),
        ("E: Failed to fetch http://one/x  404  Not Found [IP: ::1 80]", 2),
    ],
)
def test_a_silent_mirror_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, times: int
) -> None:
    asked = answers(monkeypatch, output)
    host = [Repository(uris=("http://m/debian",), suites=("stable",), components=("main",))]
    attempt, *_ = pool.Pool(host, "", {}).attempts(form(SOURCE), SOURCE)
    for _ in range(2):
        with pytest.raises(PlaceFailed, match=r"^(Connection failed|404 Not Found)$"):
            attempt.download(tmp_path)
    assert len(asked) == times


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("E: Failed to fetch http://h/f  404  Not Found [IP: 1.2.3.4 80]\nE: Download Failed\n", "404 Not Found"),
        ("W: first\nE: Download Failed\n", "Download Failed"),
        ("only this", "only this"),
        ("", "no reason given"),
    ],
)
def test_apts_reason(output: str, expected: str) -> None:
    assert pool.reason(output) == expected
