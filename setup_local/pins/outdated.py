"""The state of the pins: newer versions, unused pins, pins that are no longer available."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from setup_local.catalog.catalogs import Catalogs
from setup_local.catalog.sources import Source
from setup_local.errors import SourceError
from setup_local.fetch.supplier import Supplier
from setup_local.pins.bump import series
from setup_local.pins.uses import users


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A pin: the newest of its series, and newer versions with their places; or one with a note about its problem."""

    name: str
    pinned: str
    newer: str = ""
    place: str = ""
    note: str = ""


def standings(
    names: Iterable[str], catalogs: Catalogs, supplier: Supplier, *, tried: bool = False
) -> tuple[Standing, ...]:
    """Return the state of the pins of sources (of all, if none is named); `tried` also tries to download each of them.

    Raises `RequestError` for an unknown name.
    """
    asked = list(names)
    pins = catalogs.sources.select(asked) if asked else catalogs.sources.sources
    known = dict.fromkeys(pin.name for pin in pins)
    rows = [row for name in known for row in _newer(name, catalogs, supplier)]
    rows += [Standing(name=pin.name, pinned=pin.version, note="unused") for pin in pins if not users(pin, catalogs)]
    if tried:
        rows += _missing(pins, supplier)
    return tuple(rows)


def _newer(name: str, catalogs: Catalogs, supplier: Supplier) -> Iterator[Standing]:
    for requirement in series(name, catalogs):
        pins = catalogs.sources.candidates(requirement)
        if not pins:
            continue
        found = supplier.newer(requirement, catalogs.sources)
        newest = pins[0].version
        yield (
            Standing(name=name, pinned=newest, newer=found[0].version, place=_place(found[0]))
            if found
            else Standing(name=name, pinned=newest)
        )


def _place(source: Source) -> str:
    form = source.forms[0]
    if form.apt:
        return f"{form.apt.package} {form.apt.version} of {', '.join(form.apt.suites)}"
    return f"{form.pypi.project} {form.pypi.version} (PyPI)" if form.pypi else ""


def _missing(pins: Iterable[Source], supplier: Supplier) -> Iterator[Standing]:
    checked = [pin for pin in pins if pin.verified]
    outcomes = supplier.try_all(checked)
    for pin in checked:
        if isinstance(outcomes[pin.identity], SourceError):
            yield Standing(name=pin.name, pinned=pin.version, note="no longer available")
