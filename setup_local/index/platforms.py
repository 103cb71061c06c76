"""The platform that an archive runs on, and which of several archives for one system to prefer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from setup_local.archive_name import Flavor
from setup_local.index.model import Distribution
from setup_local.values import NO_OPTIONS, OPTIMIZATION_WORDS, processor_level, without_level

VARIANTS = ("freethreaded", "debug")  # in the order in which uv writes them


@dataclass(frozen=True, kw_only=True, order=True)
class Platform:
    """Architecture, its level (`v3` of `x86_64_v3`, or empty), system, and C library in uv's terms."""

    system: str
    family: str
    libc: str
    level: str


def platform(triple: str) -> Platform:
    """Return the platform of a target triple."""
    family, *rest = without_level(triple).split("-")
    if "apple" in rest:
        system, libc = "darwin", "none"
    elif "windows" in rest:
        system, libc = "windows", "none"
    else:
        system, libc = "linux", rest[-1]
    return Platform(family=family, level=processor_level(triple), system=system, libc=libc)


def rank(item: Distribution, flavors: Sequence[Flavor]) -> tuple[int, int, int, str]:
    """Return a key that sorts the best of several archives first; a name without options means the best there are.

    Options that nobody gets by default (a TLS library, how it is linked) come last.
    """
    options = item.build_options.split("+") if item.build_options else OPTIMIZATION_WORDS
    special = set(options) - {NO_OPTIONS, *VARIANTS, *OPTIMIZATION_WORDS}
    return len(special), -len(known(options, OPTIMIZATION_WORDS)), flavors.index(item.flavor), item.file


def known(options: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """Return those of `wanted` that are among the options."""
    return [name for name in wanted if name in options]
