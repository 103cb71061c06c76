"""Chooses the packages of an environment: from an index (`Packages`, deb822(5)) to exact versions and hashes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from setup_local.catalog.environments import Environment, Package
from setup_local.errors import SourceError
from setup_local.fetch.apt_sources import parse_stanzas
from setup_local.fetch.debian_versions import debian_order

_NAME = re.compile(r"^\s*([a-z0-9][a-z0-9+.-]*)")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One package of an index: its pin, and the alternatives of each dependency."""

    package: Package
    needs: tuple[tuple[str, ...], ...]


def read_index(text: str) -> dict[str, Candidate]:
    """Return the newest version of each package in an index."""
    newest: dict[str, dict[str, str]] = {}
    for stanza in parse_stanzas(text):
        name = stanza.get("Package", "")
        known = newest.get(name)
        if known is None or debian_order(known["Version"]) < debian_order(stanza["Version"]):
            newest[name] = stanza
    return {name: _candidate(stanza) for name, stanza in newest.items() if "SHA256" in stanza}


def _candidate(stanza: Mapping[str, str]) -> Candidate:
    package = Package(
        version=stanza["Version"],
        file=stanza["Filename"],
        size=int(stanza["Size"]),
        sha256=stanza["SHA256"],
    )
    return Candidate(package=package, needs=tuple(_dependencies(stanza)))


def _dependencies(stanza: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield the alternatives of each dependency; versions are left out, as a suite is consistent."""
    for field in ("Pre-Depends", "Depends"):
        for clause in stanza.get(field, "").split(","):
            names = [match[1] for word in clause.split("|") if (match := _NAME.match(word))]
            if names:
                yield tuple(names)


def choose(environment: Environment, index: Mapping[str, Candidate]) -> dict[str, Package]:
    """Return the packages that an environment's roots need, by name. Raises `SourceError` for a missing one."""
    provided = environment.provided or {}
    chosen: dict[str, Package] = {}
    waiting: list[tuple[str, ...]] = [(name,) for name in environment.roots]
    while waiting:
        alternatives = waiting.pop()
        name = _pick(alternatives, index, provided, chosen)
        if name is None:
            hint = "select its provider in `provided` of the environment"
            raise SourceError("no package of this name", where=" | ".join(alternatives), hint=hint)
        if name and name not in chosen:
            chosen[name] = index[name].package
            waiting.extend(index[name].needs)
    return dict(sorted(chosen.items()))


def _pick(
    alternatives: Iterable[str],
    index: Mapping[str, Candidate],
    provided: Mapping[str, str],
    chosen: Mapping[str, Package],
) -> str | None:
    """Return the chosen alternative: empty if nothing is needed, None if there is none."""
    names = [provided.get(name, name) for name in alternatives]
    for name in names:
        if not name or name in chosen:
            return name
    return next((name for name in names if name in index), None)
