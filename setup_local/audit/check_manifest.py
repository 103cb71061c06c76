"""Rules about the manifest: it exists, lists every file, and every file matches it."""

from __future__ import annotations

from collections.abc import Iterator

from setup_local import manifest
from setup_local.audit import description
from setup_local.audit.facts import Flavoured, Packed
from setup_local.audit.listed import DEBUG_PLACE, PLACE, changed, disagreements
from setup_local.audit.model import Group, Rule

Breaches = Iterator[tuple[str, str]]


def _there(dist: Packed) -> Breaches:
    names = [member.name for member in dist.members]
    place = DEBUG_PLACE if isinstance(dist, Flavoured) and dist.flavor.detached else PLACE
    if dist.manifest_problem:
        yield place, dist.manifest_problem
    elif place not in names or dist.listed is None:
        yield place, "is not in the archive, so its files cannot be verified"
    elif set(names[: names.index(place)]) - {description.NAME}:
        yield place, "does not come before the files that it lists"


def _complete(dist: Packed) -> Breaches:
    if dist.listed is not None:
        yield from disagreements(dist.members, dist.listed)


def _unchanged(dist: Packed) -> Breaches:
    for name, facts in dist.files.items():
        if what := changed(name, facts.sha256, dist.listed or {}):
            yield name, what


RULES: tuple[Rule[Packed], ...] = tuple(
    Rule(id=name, title=title, group=Group.ARCHIVE, check=check)
    for name, title, check in (
        ("manifest", f"{manifest.NAME} comes before the files and is readable", _there),
        ("manifest-complete", f"{manifest.NAME} lists exactly the files in the archive", _complete),
        ("manifest-hashes", f"every file has the SHA-256 listed in {manifest.NAME}", _unchanged),
    )
)
