"""Finds sources that the catalog does not pin, in indexes whose signature was checked.

A signed index contains the hash of a file, so its signer vouches for the bytes. That is weaker than a pin, which
somebody put into the catalog, so indexes are used only if no pinned file is available.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from setup_local.catalog.sources import Form, Requirement, Source, Sources
from setup_local.catalog.versions import order
from setup_local.fetch import pypi
from setup_local.fetch.apt import Apt
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.derive import Template, assembled, derived, fitting_pins, listed, templates


class Discovery:
    """Queries the distribution's index and the Python package index; `report` gets a line if one cannot vouch."""

    def __init__(self, apt: Apt, *, environ: Mapping[str, str], report: Callable[[str], None]) -> None:
        self._apt = apt
        self._environ = environ
        self._report_to = report
        self._reported: set[str] = set()

    def find(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        """Return unpinned sources that meet a requirement, best first; `known` has the pins.

        A pinned version in other bytes (a newer package, a repacked tarball) is the best, then the newest version.
        """
        pins = fitting_pins(requirement, known)
        return assembled(requirement, pins, self._forms(requirement, pins))

    def newer(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        """Return the sources that meet a requirement and are newer than every pin that does, newest first."""
        pins = fitting_pins(requirement, known)[:1]
        found = [
            item
            for item in self.find(requirement, known)
            if all(order(item.version) > order(pin.version) for pin in pins)
        ]
        return tuple(sorted(found, key=lambda item: order(item.version), reverse=True))

    def _forms(self, requirement: Requirement, pins: tuple[Source, ...]) -> Iterator[tuple[str, Form]]:
        for template in templates(pins):
            for suite in self._apt.suites_of(template.suites):
                yield from self._in_suite(template, suite)
        yield from self._wheels(requirement, pins)

    def _in_suite(self, template: Template, suite: str) -> Iterator[tuple[str, Form]]:
        kind = template.form.kind
        try:
            text = self._apt.vouched(kind, suite, [template.place.package], template.place.architecture)
        except PlaceFailed as error:
            self._report(f"the index of {suite} cannot be used: {error}")
            return
        for item in listed(kind, text):
            found = derived(template, item, suite)
            if found:
                yield found

    def _wheels(self, requirement: Requirement, pins: tuple[Source, ...]) -> Iterator[tuple[str, Form]]:
        form = next((form for pin in pins for form in pin.forms if form.pypi), None)
        if form is None:
            return
        try:
            yield pypi.newest(form, requirement.versions, self._environ)
        except PlaceFailed as error:
            self._report(f"the Python package index cannot be used for {form.pypi and form.pypi.project}: {error}")

    def _report(self, line: str) -> None:
        if line not in self._reported:
            self._reported.add(line)
            self._report_to(line)
