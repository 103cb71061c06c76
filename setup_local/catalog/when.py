"""The one condition type that every conditional field of the catalog uses."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from setup_local.values import Libc


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a condition is asked about: one Python version on one target."""

    python: Version
    triple: str
    libc: Libc


@dataclass(frozen=True, kw_only=True)
class When:
    """A condition; every field that is given must hold, an empty one always does.

    `python` is a PEP 440 specifier set, `targets` are shell patterns of target triples.
    """

    python: str = ""
    targets: tuple[str, ...] = ()
    libc: Libc | None = None

    def matches(self, facts: Facts) -> bool:
        """Tell whether the condition holds for these facts."""
        return (
            self.has_python(facts)
            and (not self.targets or any(fnmatchcase(facts.triple, pattern) for pattern in self.targets))
            and self.libc in (None, facts.libc)
        )

    def has_python(self, facts: Facts) -> bool:
        """Tell whether the part of the condition that is about Python holds; `3.15.0a1` counts as `3.15.0`."""
        return SpecifierSet(self.python).contains(facts.python.base_version)


ALWAYS = When()
