"""Build options as people write them and as archive names have them: `pgo+lto`, `noopt`."""

from __future__ import annotations

from collections.abc import Iterable

from setup_local.errors import RequestError
from setup_local.values import NO_OPTIONS, BuildOption

_SEPARATOR = "+"


def parse_options(text: str) -> tuple[BuildOption, ...]:
    """Return the build options that a text asks for, in the order of archive names.

    Raises `RequestError` for one that does not exist, or that is there twice.
    """
    if text == NO_OPTIONS:
        return ()
    words = text.split(_SEPARATOR)
    known = [option.value for option in BuildOption]
    if unknown := [word for word in words if word not in known]:
        hint = f"{NO_OPTIONS} alone, or any of {', '.join(known)} joined by {_SEPARATOR}"
        raise RequestError(f"there is no build option {unknown[0]!r}", hint=hint)
    if len(set(words)) < len(words):
        raise RequestError(f"the build options {text!r} name one twice")
    return tuple(option for option in BuildOption if option.value in words)


def options_text(options: Iterable[BuildOption]) -> str:
    """Return build options as they stand in an archive's name."""
    return _SEPARATOR.join(option.value for option in options) or NO_OPTIONS
