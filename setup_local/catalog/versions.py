"""Versions of sources and conditions on them: PEP 440, and the final letter in some projects' versions (`1.1.1w`)."""

from __future__ import annotations

import re
from functools import cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from setup_local.errors import CatalogError

_LETTER = re.compile(r"(?P<release>\d+(?:\.\d+)*)(?P<letter>[a-z])(?=,|$)")


@cache
def parse_version(text: str) -> Version:
    """Return a comparable version; a letter at the end counts as a post-release. Raises `InvalidVersion`."""
    return Version(_numbered(text))


@cache
def specifier(text: str) -> SpecifierSet:
    """Return a specifier set (`>=3.5,<3.6`; an empty one admits everything); raise `CatalogError` if invalid."""
    try:
        return SpecifierSet(_numbered(text), prereleases=True)
    except InvalidSpecifier as error:
        raise CatalogError(f"not a version specifier: {text!r}") from error


@cache
def admits(text: str, version: str) -> bool:
    """Return whether a specifier set admits a version; an incomparable version is admitted only by an empty set."""
    try:
        return specifier(text).contains(parse_version(version))
    except InvalidVersion:
        return not text


def order(version: str) -> Version:
    """Return the sort key of a version; incomparable versions sort first."""
    try:
        return parse_version(version)
    except InvalidVersion:
        return Version("0.dev0")


def _numbered(text: str) -> str:
    """Return versions with a number in place of the letter at their end."""
    return _LETTER.sub(lambda match: f"{match['release']}.post{ord(match['letter'])}", text)
