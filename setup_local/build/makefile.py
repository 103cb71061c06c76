"""Reads and edits the variables of CPython's Makefile; ignores its rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_ASSIGNMENT = re.compile(r"(?m)^(?P<name>[A-Za-z_]\w*)[ ]*=(?P<value>(?:[^\\\n]|\\.|\\\n)*)$")
# `?=` assignments, which the environment may override, are also edited; nothing reads their values.
_EDITABLE = re.compile(r"(?m)^(?P<name>[A-Za-z_]\w*)[ ]*(?P<sign>\??=)(?:[^\\\n]|\\.|\\\n)*$")
_REFERENCE = re.compile(r"\$(?:\((?P<round>\w+)\)|\{(?P<curly>\w+)\})")
_DEPTH = 40


def variables(text: str) -> dict[str, str]:
    """Return every variable with its unexpanded value on one line; the last assignment counts, as in make."""
    return {match["name"]: _one_line(match["value"]) for match in _ASSIGNMENT.finditer(text)}


def _one_line(value: str) -> str:
    return " ".join(value.replace("\\\n", " ").split())


def expand(value: str, known: Mapping[str, str], depth: int = _DEPTH) -> str:
    """Return a value with its references expanded; a variable that does not exist is empty, as in make.

    Raises `ValueError` for a variable that refers to itself.
    """

    def replaced(match: re.Match[str]) -> str:
        if depth == 0:
            raise ValueError(f"the variable {match[0]} refers to itself")
        return expand(known.get(match["round"] or match["curly"], ""), known, depth - 1)

    return " ".join(_REFERENCE.sub(replaced, value).split())


def words(name: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words of a variable, fully expanded."""
    return tuple(expand(known.get(name, ""), known).split())


def edit(text: str, replacement: Callable[[str], str | None]) -> str:
    """Return the Makefile with new values for the variables for which `replacement` returns one."""

    def assigned(match: re.Match[str]) -> str:
        value = replacement(match["name"])
        return match[0] if value is None else f"{match['name']}{match['sign']}\t{value}".rstrip()

    return _EDITABLE.sub(assigned, text)
