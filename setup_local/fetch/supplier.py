"""The interface for getting sources that the rest of the project uses: the `Fetcher`, and stand-ins for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from setup_local.catalog.sources import Requirement, Source, Sources
from setup_local.errors import SourceError
from setup_local.fetch.fetcher import Obtained
from setup_local.fetch.signatures import Verdict


class Supplier(Protocol):
    """Gets sources, and finds some that the catalog does not have; `known` are the catalog's."""

    def obtain(self, source: Source) -> Obtained:
        """Return a source, from the first place that has it; raise `SourceError`."""

    def try_all(self, sources: Iterable[Source]) -> Mapping[str, Obtained | SourceError]:
        """Return for every source, by its identity, what was obtained or the error."""

    def discover(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        """Return unpinned sources in signed indexes that meet a requirement, best first."""

    def newer(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        """Return sources in signed indexes that are newer than every pin that meets a requirement, newest first."""

    def check_signature(self, item: Obtained) -> Verdict | None:
        """Check upstream's signature of an available source; None if there is none. Raises `WrongSignature`."""
