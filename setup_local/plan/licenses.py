"""Derives what the licences of the libraries mean for the whole distribution."""

from __future__ import annotations

from collections.abc import Iterable

from setup_local.catalog.licenses import LicenseCatalog
from setup_local.plan.model import Consequence, PlannedLibrary


def consequences(libraries: Iterable[PlannedLibrary], catalog: LicenseCatalog) -> tuple[Consequence, ...]:
    """Return one consequence for each licence in the plan that applies to the whole distribution."""
    pairs = [(item.name, identifier) for item in libraries for identifier in item.library.licenses]
    return tuple(
        Consequence(
            license=whole.license,
            libraries=named,
            conflicts=tuple((name, identifier) for name, identifier in pairs if identifier in whole.contradicts),
        )
        for whole in catalog.whole
        if (named := tuple(name for name, identifier in pairs if identifier == whole.license))
    )
