"""Rules about one file's bytes: readable binaries, and no path of the build machine."""

from __future__ import annotations

from collections.abc import Iterator

from setup_local.audit.facts import FileFacts
from setup_local.audit.model import Group, Rule
from setup_local.binfmt.formats import FORMATS

Breaches = Iterator[tuple[str, str]]


def _readable(facts: FileFacts) -> Breaches:
    if facts.problem:
        yield facts.name, facts.problem
    elif FORMATS.get(facts.kind, facts.target) is not facts.target and not facts.foreign:
        yield facts.name, f"is in {facts.kind.value} format; the target's format is {facts.target.value}"


def _binary_paths(facts: FileFacts) -> Breaches:
    if facts.machine_paths and not facts.is_text:
        yield facts.name, f"contains paths of the build machine: {', '.join(facts.machine_paths)}"


def _text_paths(facts: FileFacts) -> Breaches:
    if facts.machine_paths and facts.is_text:
        yield facts.name, f"contains paths of the build machine: {', '.join(facts.machine_paths)}"


def _forbidden(facts: FileFacts) -> Breaches:
    if facts.forbidden:
        yield facts.name, f"contains a forbidden path: {', '.join(facts.forbidden)}"


READABLE = Rule(
    id="binary-readable", title="binaries are intact and in the target's format", group=Group.BINARIES, check=_readable
)
RULES: tuple[Rule[FileFacts], ...] = (
    READABLE,
    Rule(
        id="binary-paths",
        title="binaries contain no path of the build machine",
        group=Group.BINARIES,
        check=_binary_paths,
    ),
    Rule(
        id="text-paths",
        title="text files contain no path of the build machine",
        group=Group.TEXTS,
        check=_text_paths,
    ),
    Rule(
        id="forbidden-paths", title="no file contains a path given with --forbid", group=Group.TEXTS, check=_forbidden
    ),
)
