"""Decides which indexes may vouch for files: those that apt accepted as signed, and that have not expired."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from setup_local.fetch.apt_sources import parse_stanzas


def vouching(targets: str, now: float) -> tuple[frozenset[str], str]:
    """Return the base URLs of the mirrors whose index may vouch, and why the last of the others may not.

    `targets` is the output of `apt-get indextargets`, `now` in seconds since the epoch. apt keeps an index only after
    checking its signature, so every index that exists is signed.
    """
    good: set[str] = set()
    problem = "there is no signed index"
    for stanza in parse_stanzas(targets):
        site = stanza.get("Repo-URI", "").rstrip("/")
        wrong = _problem(stanza, now)
        if wrong:
            problem = wrong
        else:
            good.add(site)
    return frozenset(good), problem


def _problem(stanza: dict[str, str], now: float) -> str:
    index = Path(stanza.get("Filename", ""))
    if not index.is_file():
        return "there is no signed index"
    if stanza.get("Trusted") != "yes":
        return "its index is not signed"
    stem = index.name.removesuffix(stanza.get("MetaKey", "").replace("/", "_"))
    for name in ("InRelease", "Release"):
        release = index.with_name(stem + name)
        if release.is_file():
            return expiry(release.read_text(encoding="utf-8", errors="replace"), now)
    return "its release file is missing"


def expiry(release: str, now: float) -> str:
    """Return the problem with the expiry date of a release file (`Valid-Until`), empty for a valid one.

    A stable release has none: it is valid until it is replaced.
    """
    for line in release.splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "valid-until":
            try:
                until = parsedate_to_datetime(value.strip())
            except ValueError:
                return f"its index has a wrong expiry date: {value.strip()}"
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            return f"its index expired on {until:%Y-%m-%d}" if until < datetime.fromtimestamp(now, UTC) else ""
    return ""
