"""Which indexes may vouch: they must exist, be signed, and not have expired."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from setup_local.fetch.release import expiry, vouching

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Valid-Until: Fri, 06 Nov 2026 08:08:01 UTC", "its index expired on 2026-11-06"),
        ("Valid-Until: Sat, 28 Nov 2026 11:59:59 UTC", "its index expired on 2026-11-28"),
        ("Valid-Until: Sat, 28 Nov 2026 12:00:01 UTC", ""),
        ("Valid-Until: Sun, 29 Nov 2026 00:00:00 +0000", ""),
        ("valid-until: Fri, 06 Nov 2026 08:08:01 -0000", "its index expired on 2026-11-06"),
        ("Valid-Until: tomorrow", "its index has a wrong expiry date: tomorrow"),
        ("Version: 13.8", ""),
    ],
)
def test_the_expiry_date(line: str, problem: str) -> None:
    assert expiry(f"Origin: Debian\n{line}\nSHA256:\n", NOW) == problem


def target(directory: Path, site: str, trusted: str = "yes") -> str:
    stem = f"{site}_dists_sid_"
    return (
        f"MetaKey: main/source/Sources\nFilename: {directory / (stem + 'main_source_Sources')}\n"
        f"Trusted: {trusted}\nRepo-URI: http://{site}/\n"
    )


def put(directory: Path, site: str, release: str = "InRelease", until: str = "Sun, 29 Nov 2026 00:00:00 UTC") -> None:
    (directory / f"{site}_dists_sid_main_source_Sources").write_text("")
    (directory / f"{site}_dists_sid_{release}").write_text(f"Suite: sid\nValid-Until: {until}\n")


def test_each_mirror_is_judged_by_itself(tmp_path: Path) -> None:
    put(tmp_path, "good")
    put(tmp_path, "detached", "Release")
    put(tmp_path, "old", until="Fri, 06 Nov 2026 08:08:01 UTC")
    put(tmp_path, "unsigned")
    put(tmp_path, "bare")
    (tmp_path / "bare_dists_sid_InRelease").unlink()
    sites = {"good": "yes", "detached": "yes", "old": "yes", "unsigned": "no", "bare": "yes", "absent": "yes"}
    targets = "\n".join(target(tmp_path, site, trusted) for site, trusted in sites.items())
    assert vouching(targets, NOW)[0] == {"http://good", "http://detached"}


@pytest.mark.parametrize(
    ("site", "trusted", "problem"),
    [
        ("old", "yes", "its index expired on 2026-11-06"),
        ("old", "no", "its index is not signed"),
        ("absent", "yes", "there is no signed index"),
        ("bare", "yes", "its release file is missing"),
    ],
)
def test_why_nobody_vouches(tmp_path: Path, site: str, trusted: str, problem: str) -> None:
    put(tmp_path, "old", until="Fri, 06 Nov 2026 08:08:01 UTC")
    put(tmp_path, "bare")
    (tmp_path / "bare_dists_sid_InRelease").unlink()
    assert vouching(target(tmp_path, site, trusted), NOW) == (frozenset(), problem)


def test_no_index_at_all() -> None:
    assert vouching("", NOW) == (frozenset(), "there is no signed index")
