"""Reads an archive without a description: its name states the Python version, the target and the flavour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from setup_local.archive_name import parse_loosely
from setup_local.audit.facts import Flavoured
from setup_local.audit.gather import gather
from setup_local.audit.policy import load_policy, named_floor, triple_in, triples, version
from setup_local.audit.texts import PathScanner
from setup_local.catalog.flavors import Flavor, FlavorCatalog, load_flavors
from setup_local.errors import RequestError

_BESIDE = "licenses/"  # the only directory that does not come from the installation


@dataclass(frozen=True, kw_only=True)
class Named:
    """What an archive's name states. `target` is the triple, which may be followed by options."""

    python: str
    target: str
    flavor: Flavor


def named_flavor(name: str) -> Named | None:
    """Return what an archive's name states; None for a name that is not of a flavour without description."""
    said = parse_loosely(name)
    flavors = {flavor.name: flavor for flavor in _catalog().flavor}
    if said is None or said.flavor not in flavors:
        return None
    return Named(python=said.python, target=said.target, flavor=flavors[said.flavor])


def read_flavored(path: Path, named: Named, *, forbid: tuple[str, ...], floor: str) -> Flavoured:
    """Read the archive once. Raises `ArchiveError`, and `RequestError` if there is no policy for the target."""
    policy = load_policy(_triple(named.target, path))
    scanner = PathScanner(policy=policy, forbid=forbid)
    oldest = version(floor or named_floor(re.split(r"[-+]", named.target)) or policy.default_floor)
    found = gather(path, scanner=scanner, floor=oldest, place=_place)
    return Flavoured(
        archive=path.name,
        policy=policy,
        members=tuple(found.members),
        files=found.files,
        listed=found.listed,
        manifest_problem=found.manifest_problem,
        flavor=named.flavor,
        parts=_catalog(),
        python=named.python,
    )


def _place(name: str) -> str:
    """Return the path of a flavour's file in a full archive."""
    return name if name.startswith(_BESIDE) else f"install/{name}"


def _triple(target: str, path: Path) -> str:
    triple = triple_in(target)
    if triple is None:
        raise RequestError(
            f"no policy for the target {target!r}", where=path, hint=f"known targets: {', '.join(triples())}"
        )
    return triple


@cache
def _catalog() -> FlavorCatalog:
    return load_flavors()
