"""Rules about shared libraries that a distribution provides: files that need one find it, wherever the tree is."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from setup_local.audit.facts import FileFacts, Packed
from setup_local.audit.model import Group, Rule
from setup_local.audit.own_places import is_own, meant, places
from setup_local.binfmt.image import Image

Breaches = Iterator[tuple[str, str]]


def _linked(dist: Packed) -> Iterator[tuple[FileFacts, Image]]:
    for facts in dist.files.values():
        if facts.image is not None and facts.image.linked:
            yield facts, facts.image


def _inside(dist: Packed) -> Breaches:
    """Leave absolute run paths to `run-paths`. Files outside the installation of a full archive are not part of it."""
    for facts, image in _linked(dist):
        top = f"{facts.name.partition('/')[0]}/" if facts.name.startswith("install/") else ""
        for path in image.search_paths:
            directory = f"{meant(image, facts.name, path, _program(dist, facts))}/"
            if is_own(image, path) and (directory.startswith("../") or not directory.startswith(top)):
                yield facts.name, f"searches for libraries in {path}, which is outside the tree"


def _found(dist: Packed) -> Breaches:
    for facts, image in _linked(dist):
        for needed in image.needed:
            if dist.policy.needs(needed, facts.name) or not dist.policy.brings(needed):
                continue  # from the system, or reported by `needed-libraries`
            candidates = places(image, facts.name, needed, _program(dist, facts))
            libraries = [found.image for place in candidates if (found := dist.followed(place)) and found.image]
            if not libraries:
                run_path = ":".join(image.search_paths) or "none"
                yield facts.name, f"needs {needed}, which its run path ({run_path}) does not find"
            elif _file_name(dist, libraries[0].identity or "") != _file_name(dist, needed):
                yield (
                    facts.name,
                    f"needs {needed}, but finds a library that identifies itself as {libraries[0].identity}",
                )


def _program(dist: Packed, facts: FileFacts) -> str:
    """Return the path of the interpreter in the tree that contains a file."""
    return posixpath.join("install" if facts.name.startswith("install/") else "", dist.policy.tree.program)


def _file_name(dist: Packed, library: str) -> str:
    return dist.policy.comparable(posixpath.basename(library))


RULES: tuple[Rule[Packed], ...] = tuple(
    Rule(id=name, title=title, group=Group.ARCHIVE, check=check)
    for name, title, check in (
        ("run-paths-inside", "RPATH and RUNPATH stay inside the tree", _inside),
        ("own-libraries-found", "binaries find the tree's own libraries through their run paths", _found),
    )
)
