"""Versions of Debian packages (deb-version(7)): their order, and the upstream version that they contain."""

from __future__ import annotations

import re

from packaging.version import InvalidVersion

from setup_local.catalog.versions import parse_version

_EPOCH = re.compile(r"^(\d+):")
_PIECE = re.compile(r"(\D*)(\d*)")
_REPACKED = re.compile(r"[+~.](?:dfsg|ds|repack)[\d.]*$")
_PLAIN = re.compile(r"\d+(?:\.\d+)*[a-z]?")
_REALLY = "+really"

DebianOrder = tuple[int, list[tuple[tuple[int, ...], int]], list[tuple[tuple[int, ...], int]]]


def debian_order(version: str) -> DebianOrder:
    """Return the sort key of a package version."""
    epoch = _EPOCH.match(version)
    upstream = upstream_part(version)
    revision = version[epoch.end() if epoch else 0 :].removeprefix(upstream).removeprefix("-")
    return int(epoch[1]) if epoch else 0, _pieces(upstream), _pieces(revision or "0")


def _pieces(text: str) -> list[tuple[tuple[int, ...], int]]:
    return [((*map(_weight, word), 0), int(digits or 0)) for word, digits in _PIECE.findall(text)]


def _weight(letter: str) -> int:
    """Return the rank of a letter: a tilde before the end of the text, letters before everything else."""
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256


def upstream_part(version: str) -> str:
    """Return a package version without epoch and revision (`1.3.dfsg+really1.3.1` of `1:1.3.dfsg+really1.3.1-1`)."""
    text = _EPOCH.sub("", version)
    return text.rpartition("-")[0] or text


def upstream_version(package_version: str, *, known: str, known_package_version: str) -> str | None:
    """Return the project's version in a package, None for a pre-release, a snapshot or an unclear version.

    `known` and `known_package_version` are a pin of the same package: they show the additions of the package's versions
    to the project's (`3.1-20250104` for `20250104`, `6.5+20250216` for `6.5`).
    """
    before, there, after = upstream_part(known_package_version).partition(known)
    if not there:
        return None
    text = upstream_part(package_version)
    text = text.rpartition(_REALLY)[2] if _REALLY in text else text.removeprefix(before)
    text = _REPACKED.sub("", text)
    return _release(text, known, _REPACKED.sub("", after))


def _release(text: str, known: str, after: str) -> str | None:
    """Return the version at the start of a text, if all of it has the form of the known one."""
    plain = _PLAIN.match(text)
    version, rest = (plain[0], text[plain.end() :]) if plain else ("", text)
    if rest and _shape(text) == _shape(known):
        version, rest = text, ""
    if not version or (rest and _shape(rest) != _shape(after)):
        return None
    try:
        return None if parse_version(version).is_prerelease else version
    except InvalidVersion:
        return version if _shape(version) == _shape(known) else None


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", text)
