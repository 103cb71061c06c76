"""Build options as users write them and as archive names contain them: `pgo+lto`, `noopt`."""

from __future__ import annotations

from collections.abc import Collection

from setup_local.errors import RequestError
from setup_local.values import NO_OPTIONS, BuildOption

SEPARATOR = "+"
# The optimization level: if none of these is requested, the name says `noopt`.
_OPTIMIZATIONS = (BuildOption.DEBUG, BuildOption.PGO, BuildOption.LTO)


def parse_options(text: str) -> tuple[BuildOption, ...]:
    """Return the build options in a text, in the order of archive names.

    Raises `RequestError` for one that does not exist, or that contradicts another.
    """
    words = text.split(SEPARATOR)
    known = [option.value for option in BuildOption]
    if unknown := [word for word in words if word not in (NO_OPTIONS, *known)]:
        hint = f"use any of {', '.join(known)} joined by {SEPARATOR}, or {NO_OPTIONS}"
        raise RequestError(f"unknown build option {unknown[0]!r}", hint=hint)
    if len(set(words)) < len(words):
        raise RequestError(f"the build options {text!r} contain one twice")
    optimizations = [option.value for option in _OPTIMIZATIONS if option.value in words]
    if NO_OPTIONS in words and optimizations:
        raise RequestError(f"the build options {text!r} contradict each other", hint=f"leave {NO_OPTIONS} out")
    return tuple(option for option in BuildOption if option.value in words)


def optimizations_text(options: Collection[BuildOption]) -> str:
    """Return the optimizations as archive names contain them."""
    return SEPARATOR.join(option.value for option in _OPTIMIZATIONS if option in options) or NO_OPTIONS


def options_text(options: Collection[BuildOption]) -> str:
    """Return build options as written in an archive name: `freethreaded+pgo+lto`, `noopt+static`."""
    words = [option.value for option in BuildOption if option in options and option not in _OPTIMIZATIONS]
    before = [word for word in words if word == BuildOption.FREETHREADED.value]
    after = [word for word in words if word not in before]
    return SEPARATOR.join((*before, optimizations_text(options), *after))
