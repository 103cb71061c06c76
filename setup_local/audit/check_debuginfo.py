"""Rules about build ids, and about archives of detached debug information, which is found by them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from setup_local import manifest
from setup_local.audit.facts import Distribution, FileFacts, Flavoured, Packed
from setup_local.audit.model import Group, Rule
from setup_local.binfmt.macho import Macho
from setup_local.values import BinaryFormat

Breaches = Iterator[tuple[str, str]]
_DIRECTORY = "lib/debug/"
_PLACE = re.compile(rf"{_DIRECTORY}\.build-id/(?P<first>[0-9a-f]{{2}})/(?P<rest>[0-9a-f]+)\.debug")
# macOS: a bundle for each binary, with a property list next to the debug information.
_BUNDLED = re.compile(rf"(?:install/)?{_DIRECTORY}(?P<name>[^/]+)\.dSYM/Contents/Resources/DWARF/(?P=name)")
_IN_BUNDLE = re.compile(rf"{_DIRECTORY}[^/]+\.dSYM/Contents/Info\.plist")
_INFORMATION = "__DWARF,__debug_info"
_OTHERS = re.compile(rf"(?:licenses/[^/]+|{_DIRECTORY}[^/]+\.py|{manifest.DEBUG_NAME})")


def _build_ids(dist: Packed) -> Breaches:
    for name, facts in dist.files.items():
        if facts.image is not None and facts.image.linked and not facts.image.build_id:
            yield name, "has no build id, so debuggers cannot find its debug information"


def _machos(facts: FileFacts) -> list[Macho]:
    """Return the slices of a Mach-O file."""
    return [item.image for item in facts.binaries if isinstance(item.image, Macho)]


def _linked(dist: Packed) -> dict[str, FileFacts]:
    """Return the programs, libraries and modules of macOS by file name."""
    found = {name: facts for name, facts in dist.files.items() if facts.image is not None and facts.image.linked}
    return {posixpath.basename(name): facts for name, facts in found.items() if _machos(facts)}


def _bundles(dist: Packed) -> Breaches:
    linked = _linked(dist)
    for name, facts in dist.files.items():
        place = _BUNDLED.fullmatch(name)
        if not place:
            continue
        binary = linked.get(place["name"])
        wanted = [image.build_id for image in _machos(binary)] if binary else []
        if [image.build_id for image in _machos(facts)] != wanted:
            yield name, f"is not the debug information of {place['name']}, which has another UUID or is missing"
        yield from _holds_information(name, facts)


def _holds_information(name: str, facts: FileFacts) -> Breaches:
    images = _machos(facts)
    if not images or not all(image.debug_bundle for image in images):
        yield name, "contains more than debug information"
    elif not all(_INFORMATION in image.sections for image in images):
        yield name, "has no debug information"


def _complete(dist: Distribution) -> Breaches:
    if dist.policy.format is not BinaryFormat.MACHO:
        return
    there = {place["name"] for name in dist.names if (place := _BUNDLED.fullmatch(name))}
    for name in sorted(_linked(dist).keys() - there):
        yield name, "has no debug information bundle (dSYM)"


def _is_debug(name: str) -> bool:
    return bool(_PLACE.fullmatch(name) or _BUNDLED.fullmatch(name))


def _layout(dist: Flavoured) -> Breaches:
    for name in sorted(dist.names):
        if not (_is_debug(name) or _IN_BUNDLE.fullmatch(name) or _OTHERS.fullmatch(name)):
            yield name, "is not debug information in a place where debuggers search for it"
    if not any(map(_is_debug, dist.names)):
        yield dist.archive, "contains no debug information"


def _found(dist: Flavoured) -> Breaches:
    for name, facts in dist.files.items():
        place = _PLACE.fullmatch(name)
        if place and (facts.elf is None or facts.elf.build_id != place["first"] + place["rest"]):
            yield name, "does not have the build id in its name"


def _detached(dist: Flavoured) -> Breaches:
    for name, facts in dist.files.items():
        if _BUNDLED.fullmatch(name):
            yield from _holds_information(name, facts)
        if not _PLACE.fullmatch(name) or facts.elf is None:
            continue
        if not facts.elf.detached:
            yield name, "contains more than debug information"
        if ".debug_info" not in facts.elf.debug_sections or ".debug_line" not in facts.elf.debug_sections:
            yield name, "has no debug information"
        elif not facts.elf.symbols.defined:
            yield name, "has no symbol table"


BUILD_IDS = Rule[Packed](
    id="build-ids", title="every program and module has a build id", group=Group.ARCHIVE, check=_build_ids
)
BUNDLES = Rule[Packed](
    id="debug-bundles",
    title="debug information bundles (dSYM) match the binaries of the same name",
    group=Group.ARCHIVE,
    check=_bundles,
)
COMPLETE = Rule[Distribution](
    id="debug-bundles-complete",
    title="every macOS program and module has a debug information bundle (dSYM)",
    group=Group.ARCHIVE,
    check=_complete,
)
RULES: tuple[Rule[Flavoured], ...] = tuple(
    Rule(id=name, title=title, group=Group.FLAVOUR, check=check)
    for name, title, check in (
        ("debuginfo-layout", "debug information is where debuggers search for it", _layout),
        ("debuginfo-found", "files are named after their build ids", _found),
        ("debuginfo-detached", "files contain debug information and symbols, and nothing to load", _detached),
    )
)
