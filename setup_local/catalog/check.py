"""Checks the catalogs against each other: entries that one refers to must exist in the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from packaging.version import Version

from setup_local.catalog.extensions import Extension, Part
from setup_local.catalog.features import FeatureCatalog
from setup_local.catalog.libraries import Library
from setup_local.catalog.targets import Target
from setup_local.catalog.variants import VariantCatalog
from setup_local.catalog.when import Facts
from setup_local.values import APPLE_SDK, LinkMode, OperatingSystem, processor_level


def cross_check(
    extensions: Iterable[Extension], libraries: Iterable[Library], conditions: Iterable[Facts]
) -> list[str]:
    """Return every contradiction, one sentence each, for all Pythons and targets that can be requested."""
    modules, known = tuple(extensions), tuple(libraries)
    found: dict[str, Facts | None] = dict.fromkeys((text for extension in modules for text in _own(extension)), None)
    for facts in conditions:
        for text in (*_twice(modules, facts), *_libraries(modules, known, facts)):
            found.setdefault(text, facts)
    found.update(dict.fromkeys(_unused(modules, known), None))
    return [f"{text} (Python {facts.python} on {facts.triple})" if facts else text for text, facts in found.items()]


def _own(extension: Extension) -> Iterator[str]:
    if not any(part.sources for part in extension.parts) and extension.in_core is None:
        yield f"{extension.name} has no sources"
    if any(decision.link is LinkMode.DISABLED and not decision.reason for decision in extension.decisions):
        yield f"{extension.name} is disabled without a reason"
    if (extension.when.targets or extension.when.os) and not extension.elsewhere:
        yield f"{extension.name} does not give a reason for other targets (elsewhere)"


def _twice(extensions: tuple[Extension, ...], facts: Facts) -> Iterator[str]:
    names = [extension.name for extension in extensions if extension.when.matches(facts)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is listed twice"


def _libraries(extensions: tuple[Extension, ...], libraries: tuple[Library, ...], facts: Facts) -> Iterator[str]:
    here = {library.name: library for library in reversed(libraries) if library.when.matches(facts)}
    for extension in extensions:
        if extension.when.matches(facts) and not _disabled(extension, facts):
            for part in extension.parts:
                if part.when.matches(facts):
                    yield from _part(extension, part, here)


def _disabled(extension: Extension, facts: Facts) -> bool:
    decision = extension.decision(facts)
    return decision is None or decision.link is LinkMode.DISABLED


def _part(extension: Extension, part: Part, libraries: dict[str, Library]) -> Iterator[str]:
    missing = [name for name in part.libraries if name not in libraries]
    for name in missing:
        yield f"{extension.name} needs the library {name}, which does not exist"
    made = {file for name in part.libraries if name in libraries for file in libraries[name].produces}
    for archive in part.archives:
        if not missing and f"lib/{archive}" not in made:
            yield f"{extension.name} links {archive}, which none of its libraries produces"


def _unused(extensions: tuple[Extension, ...], libraries: tuple[Library, ...]) -> Iterator[str]:
    used = {name for extension in extensions for part in extension.parts for name in part.libraries}
    used |= {name for library in libraries for name in library.needs}
    for library in libraries:
        if library.name not in used and not library.optional:
            yield f"nothing needs the library {library.name}"


def conditions_of(
    pythons: Iterable[str], targets: Iterable[Target], variants: VariantCatalog, features: FeatureCatalog
) -> tuple[Facts, ...]:
    """Return the facts of every pinned Python on every target, Linux first, with every TLS library that fits it.

    Each occurs twice: without features that must be requested, and with all of them. Levels of processors are left out:
    modules and libraries do not depend on them.
    """
    known = [target for target in targets if not processor_level(target.triple)]
    known.sort(key=lambda target: list(OperatingSystem).index(target.os))
    plain = [
        Facts(python=Version(python), triple=target.triple, os=target.os, arch=target.arch.name, libc=target.libc)
        for python in pythons
        for target in known
    ]
    return tuple(
        dataclasses.replace(facts, tls=choice.name, features=asked)
        for facts in plain
        for choice in variants.tls
        if choice.when.matches(facts)
        for asked in (
            frozenset[str](),
            features.optional | ({APPLE_SDK} if facts.os is OperatingSystem.DARWIN else set()),
        )
    )
