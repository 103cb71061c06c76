"""Rules about shared libraries that a distribution brings itself: whoever needs one finds it, wherever the tree lies."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from setup_local.audit.facts import FileFacts, Packed
from setup_local.audit.model import Group, Rule
from setup_local.binfmt.image import Image
from setup_local.values import BinaryFormat

Breaches = Iterator[tuple[str, str]]
_ORIGIN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})(?=/|$)")


def _linked(dist: Packed) -> Iterator[tuple[FileFacts, Image]]:
    for facts in dist.files.values():
        if facts.image is not None and facts.image.linked:
            yield facts, facts.image


def _searched(name: str, path: str) -> str:
    """Return the directory that a run path of a file means, relative to `python/`."""
    return posixpath.normpath(_ORIGIN.sub(lambda _: posixpath.dirname(name) or ".", path, count=1))


def _inside(dist: Packed) -> Breaches:
    """Leave absolute run paths to `run-paths`. What lies beside the installation of a full archive is not part of it."""
    for facts, image in _linked(dist):
        top = f"{facts.name.partition('/')[0]}/" if facts.name.startswith("install/") else ""
        for path in filter(_ORIGIN.match, image.search_paths):
            directory = f"{_searched(facts.name, path)}/"
            if directory.startswith("../") or not directory.startswith(top):
                yield facts.name, f"searches libraries in {path}, which is out of the tree"


def _directories(dist: Packed, facts: FileFacts, image: Image) -> list[str]:
    """Return where the libraries of a file are looked for; Windows looks beside the file and beside the program."""
    if image.format is not BinaryFormat.PE:
        return [_searched(facts.name, path) for path in image.search_paths]
    top = "install" if facts.name.startswith("install/") else ""
    return [posixpath.dirname(facts.name), posixpath.dirname(posixpath.join(top, dist.policy.tree.program))]


def _found(dist: Packed) -> Breaches:
    for facts, image in _linked(dist):
        for needed in image.needed:
            if dist.policy.needs(needed, facts.name) or not dist.policy.brings(needed):
                continue  # of the system, or `needed-libraries` says so
            places = [posixpath.join(place, needed) for place in _directories(dist, facts, image)]
            libraries = [found.image for place in places if (found := dist.followed(place)) and found.image]
            if not libraries:
                yield (
                    facts.name,
                    f"needs {needed}, to which its run path ({':'.join(image.search_paths) or 'none'}) does not lead",
                )
            elif dist.policy.comparable(libraries[0].identity or "") != dist.policy.comparable(needed):
                yield facts.name, f"needs {needed}, and finds a library that calls itself {libraries[0].identity}"


RULES: tuple[Rule[Packed], ...] = tuple(
    Rule(id=name, title=title, group=Group.ARCHIVE, check=check)
    for name, title, check in (
        ("run-paths-inside", "RPATH and RUNPATH stay inside the tree", _inside),
        ("own-libraries-found", "libraries of the tree are found through the run path of whoever needs them", _found),
    )
)
