"""Decides on properties of the machine code: which ones, the flags that give them, and their words in archive names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from setup_local.catalog.features import CodeFeature, FeatureCatalog
from setup_local.catalog.when import Facts
from setup_local.errors import RequestError
from setup_local.plan.model import Plan, PlannedCode
from setup_local.values import Libc, Request

_NARROW = 32
_WIDE_FILES = ("-D_FILE_OFFSET_BITS=64",)


def choose_code(request: Request, catalog: FeatureCatalog, facts: Facts) -> frozenset[str]:
    """Return the names of the properties that the code gets: the default ones plus the requested ones.

    Raises `RequestError` for a property that has no effect here, and for one that is both requested and left out.
    """
    added = [item for item in catalog.code if item.name in request.with_features]
    dropped = [item for item in catalog.code if item.name in request.without_features]
    for option, items in (("--with", added), ("--without", dropped)):
        for item in items:
            if not item.is_known_to(facts):
                raise RequestError(
                    f"{option} {item.name} has no effect on {facts.triple}",
                    hint=f"{item.title}; leave it out here",
                )
    if both := [item.name for item in added if item in dropped]:
        raise RequestError(f"{both[0]} is both requested and left out", hint="leave one of them out")
    default = {item.name for item in catalog.code if item.is_default(facts)}
    return frozenset(default | {item.name for item in added}) - {item.name for item in dropped}


def modules_only(request: Request, catalog: FeatureCatalog) -> Request:
    """Return the request with only its names of module groups."""
    known = {item.name for item in catalog.code}

    def groups(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name not in known)

    return dataclasses.replace(
        request, with_features=groups(request.with_features), without_features=groups(request.without_features)
    )


def plan_code(catalog: FeatureCatalog, facts: Facts) -> PlannedCode:
    """Return the flags that give the code its properties."""
    flags = [part for item in catalog.code if item.name in facts.features for part in item.flags_for(facts)]
    return PlannedCode(
        cflags=tuple(dict.fromkeys(word for part in flags for word in part.cflags)),
        extension_cflags=tuple(dict.fromkeys(word for part in flags if part.extensions for word in part.cflags)),
    )


def library_flags(plan: Plan) -> tuple[str, ...]:
    """Return the flags that libraries are compiled with in addition to the target's flags.

    On 32-bit processors glibc supports directory entries, sizes and inode numbers beyond 32 bits only for programs that
    ask for it (feature_test_macros(7)). CPython's `configure` does; few of the libraries' own do.
    """
    is_narrow = plan.target.libc is Libc.GLIBC and plan.target.arch.bits == _NARROW
    return (*plan.code.cflags, *(_WIDE_FILES if is_narrow else ()))


def code_words(catalog: FeatureCatalog, facts: Facts) -> tuple[str, ...]:
    """Return the words in archive names for properties that differ from the default."""
    words = ((item, _word(item, facts)) for item in catalog.code if item.is_known_to(facts))
    return tuple(f"{word}_{item.name.replace('-', '_')}" for item, word in words if word)


def _word(item: CodeFeature, facts: Facts) -> str:
    here, usual = item.name in facts.features, item.is_default(facts)
    if here == usual:
        return ""
    return "with" if here else "without"
