"""Rules about licences: everything that is linked is named, with valid identifiers and non-empty texts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from license_expression import get_spdx_licensing

from setup_local.audit.facts import Distribution
from setup_local.audit.model import Group, Rule
from setup_local.catalog.licenses import WHOLE_LICENSE, load_licenses

Breaches = Iterator[tuple[str, str]]


@cache
def _known() -> frozenset[str]:
    """Return the identifiers of the SPDX licence list."""
    symbols = get_spdx_licensing().known_symbols
    return frozenset(name for name, symbol in symbols.items() if not symbol.is_exception)


def _ids(dist: Distribution) -> Breaches:
    for name in dist.description.licenses:
        if name not in _known():
            yield "$.licenses", f"{name!r} is not an SPDX licence identifier"
    for label, extension in dist.description.extensions():
        for name in extension.licenses:
            if name not in _known():
                yield label, f"{name!r} is not an SPDX licence identifier"


def _given(dist: Distribution) -> Breaches:
    for label, extension in dist.description.extensions():
        bundled = sorted(link.name for link in extension.links if link.path_static or link.path_dynamic)
        named = extension.licenses and extension.license_paths
        if bundled and not (named or extension.license_public_domain):
            yield label, f"links {', '.join(bundled)} but has no licences or no licence texts"
        if extension.licenses and not extension.license_paths:
            yield label, "names licences, but not their texts"


def _texts(dist: Distribution) -> Breaches:
    wanted = {dist.description.license_path: "$.license_path"}
    for label, extension in dist.description.extensions():
        wanted |= dict.fromkeys(extension.license_paths, label)
    for path, where in wanted.items():
        facts = dist.files.get(path)
        if facts is not None and facts.blank:
            yield where, f"the licence text {path} is empty"


def _whole(dist: Distribution) -> Breaches:
    """Check that exactly the licences that apply to the whole distribution are named for it."""
    said = set(dist.description.python_config_vars.get(WHOLE_LICENSE, "").split(" AND ")) - {""}
    linked = {name for _, extension in dist.description.extensions() for name in extension.licenses}
    wanted = linked & {item.license for item in load_licenses().whole}
    where = f"$.python_config_vars.{WHOLE_LICENSE}"
    for name in sorted(wanted - said):
        yield where, f"does not contain {name}, the licence of a linked library that applies to the whole distribution"
    for name in sorted(said - wanted):
        yield where, f"contains {name}, which is not the licence of any linked library"


RULES: tuple[Rule[Distribution], ...] = tuple(
    Rule(id=name, title=title, group=Group.LICENCES, check=check)
    for name, title, check in (
        ("licence-ids", "licences are SPDX identifiers", _ids),
        ("licence-given", "extensions name the licences of the bundled libraries that they link", _given),
        ("licence-texts", "licence texts are not empty", _texts),
        ("licence-whole", "a licence that applies to the whole distribution is stated for it", _whole),
    )
)
