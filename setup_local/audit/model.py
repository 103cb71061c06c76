"""Rules, findings and verdicts: the vocabulary of the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, TypeVar

from setup_local.errors import ArchiveError, DescriptionError, SetupLocalError, ValidationFailed

T = TypeVar("T")


class Severity(IntEnum):
    """Severity of a finding, in order from good to bad."""

    GOOD = 0
    WARNING = 1
    ERROR = 2


class Group(IntEnum):
    """Subject of a rule, in the order of the report."""

    ARCHIVE = 0
    DESCRIPTION = 1
    FLAVOUR = 2
    LICENCES = 3
    BINARIES = 4
    TEXTS = 5

    @property
    def title(self) -> str:
        """Return the group's name as reports show it."""
        return self.name.lower()


_ERRORS: dict[Group, type[SetupLocalError]] = {
    Group.ARCHIVE: ArchiveError,
    Group.DESCRIPTION: DescriptionError,
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One breach of one rule. `where` is a path (or a JSON path), `what` one sentence."""

    rule: str
    severity: Severity
    where: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[T]):
    """A condition that must hold.

    `check` yields (where, what) for each breach. A breach of a `fatal` rule makes everything else meaningless and is
    reported with the exit code of its group's error class.
    """

    id: str
    title: str
    group: Group
    check: Callable[[T], Iterable[tuple[str, str]]]
    severity: Severity = Severity.ERROR
    fatal: bool = False

    def findings(self, subject: T) -> Iterator[Finding]:
        """Apply the rule."""
        for where, what in self.check(subject):
            yield Finding(rule=self.id, severity=self.severity, where=where, what=what)

    @property
    def error(self) -> type[SetupLocalError]:
        """Return the error class that a breach raises for the caller."""
        return _ERRORS[self.group] if self.fatal else ValidationFailed


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict on one subject: its own findings and the verdicts on its parts; the worst of them counts."""

    subject: str
    findings: tuple[Finding, ...] = ()
    parts: tuple[Verdict, ...] = ()

    @property
    def severity(self) -> Severity:
        """Return the worst severity in the tree."""
        own = (finding.severity for finding in self.findings)
        return max((*own, *(part.severity for part in self.parts)), default=Severity.GOOD)

    @property
    def holds(self) -> bool:
        """Return whether nothing in the tree is an error."""
        return self.severity < Severity.ERROR

    def walk(self) -> Iterator[Finding]:
        """Yield every finding of the tree, in order."""
        yield from self.findings
        for part in self.parts:
            yield from part.walk()


def judge(subject: str, rules: Iterable[Rule[Any]], value: Any) -> Verdict:
    """Apply rules to one value."""
    return Verdict(subject=subject, findings=tuple(found for rule in rules for found in rule.findings(value)))
