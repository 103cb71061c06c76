"""Rules about build ids, and about archives of detached debug information that is found by them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from setup_local import manifest
from setup_local.audit.facts import Flavoured, Packed
from setup_local.audit.model import Group, Rule

Breaches = Iterator[tuple[str, str]]
_DIRECTORY = "lib/debug/"
_PLACE = re.compile(rf"{_DIRECTORY}\.build-id/(?P<first>[0-9a-f]{{2}})/(?P<rest>[0-9a-f]+)\.debug")
_OTHERS = re.compile(rf"(?:licenses/[^/]+|{_DIRECTORY}[^/]+\.py|{manifest.DEBUG_NAME})")


def _build_ids(dist: Packed) -> Breaches:
    for name, facts in dist.files.items():
        if facts.image is not None and facts.image.linked and not facts.image.build_id:
            yield name, "has no build id, by which debuggers would find its debug information"


def _layout(dist: Flavoured) -> Breaches:
    for name in sorted(dist.names):
        if not _PLACE.fullmatch(name) and not _OTHERS.fullmatch(name):
            yield name, "is not debug information in the place where debuggers look for it"
    if not any(_PLACE.fullmatch(name) for name in dist.names):
        yield dist.archive, "there is no debug information"


def _found(dist: Flavoured) -> Breaches:
    for name, facts in dist.files.items():
        place = _PLACE.fullmatch(name)
        if place and (facts.elf is None or facts.elf.build_id != place["first"] + place["rest"]):
            yield name, "does not hold the build id that its name says"


def _detached(dist: Flavoured) -> Breaches:
    for name, facts in dist.files.items():
        if not _PLACE.fullmatch(name) or facts.elf is None:
            continue
        if not facts.elf.detached:
            yield name, "holds more than debug information"
        if ".debug_info" not in facts.elf.debug_sections or ".debug_line" not in facts.elf.debug_sections:
            yield name, "has no debug information"
        elif not facts.elf.symbols.defined:
            yield name, "has no symbol table"


BUILD_IDS = Rule[Packed](
    id="build-ids", title="every program and module has a build id", group=Group.ARCHIVE, check=_build_ids
)
RULES: tuple[Rule[Flavoured], ...] = tuple(
    Rule(id=name, title=title, group=Group.FLAVOUR, check=check)
    for name, title, check in (
        ("debuginfo-layout", "debug information lies where debuggers look for it", _layout),
        ("debuginfo-found", "files are named by their build ids", _found),
        ("debuginfo-detached", "files hold debug information, symbols and nothing to load", _detached),
    )
)
