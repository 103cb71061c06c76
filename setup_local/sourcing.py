"""Turns a request into a plan whose sources are all available, and downloads them.

Planning is pure: it uses the best source in the catalogs. Unavailable sources are removed from them, and the
request is planned again, until everything is available or a requirement has no candidate left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import assert_never

from setup_local.catalog.catalogs import Catalogs
from setup_local.catalog.keys import Keys, signature_record
from setup_local.catalog.sources import Form, NoCandidate, Place, Requirement, Source, Sources, Trust
from setup_local.errors import RequestError, SourceError
from setup_local.fetch import Obtained
from setup_local.fetch.cache import SourceCache
from setup_local.fetch.local import own_sources
from setup_local.fetch.supplier import Supplier
from setup_local.plan.model import ObtainedSource, Plan
from setup_local.plan.resolve import resolve
from setup_local.values import WITHOUT_LAYOUT, LayoutChoice, LlvmToolsChoice, Request

Report = Callable[[str], None]


def with_own_sources(request: Request, catalogs: Catalogs, cache: SourceCache) -> Catalogs:
    """Return the catalogs with the user's own sources, which are put into the cache.

    Raises `RequestError` for one that cannot be used, `SourceError` for one that is not an archive.
    """
    if not request.sources:
        return catalogs
    given: dict[str, Path] = {}
    for text in request.sources:
        name, separator, path = text.partition("=")
        if not (name and separator and path):
            raise RequestError(f"{text!r} is not NAME=FILE or NAME=DIR", where="--source")
        if name in given:
            raise RequestError(f"the source {name} is given twice", where="--source")
        given[name] = Path(path)
    return dataclasses.replace(catalogs, sources=own_sources(given, catalogs.sources, cache))


def unused_sources(plan: Plan, catalogs: Catalogs) -> tuple[str, ...]:
    """Return the names of the user's own sources that a plan does not use."""
    used = {source.name for source in plan.sources}
    return tuple(item.name for item in catalogs.sources.sources if item.trust is Trust.LOCAL and item.name not in used)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Supply:
    """A plan, and its sources by their identities."""

    plan: Plan
    sources: Mapping[str, Obtained]


def record_of(obtained: Obtained, keys: Keys) -> ObtainedSource:
    """Return a plan's record of an obtained source. Raises `CatalogError` for an unknown key or reason."""
    source, form = obtained.source, obtained.form
    match source.trust:
        case Trust.PINNED:
            places = form.places
        case Trust.SIGNED:
            # Upstream's address was derived from that of a pin: only the index says that it has these bytes.
            places = tuple(place for place in form.places if place is not Place.UPSTREAM)
        case Trust.LOCAL:
            places = (Place.USER,)
        case _:
            assert_never(source.trust)
    return ObtainedSource(
        identity=source.identity,
        file=form.file,
        sha256=form.sha256,
        size=obtained.path.stat().st_size,
        trust=source.trust,
        published_by=places,
        signature=signature_record(form, source.trust, keys),
    )


def plan_with_sources(
    request: Request, catalogs: Catalogs, supplier: Supplier, report: Report, *, locked: bool = False
) -> Supply:
    """Return the plan of a request with the best available sources, and these sources.

    Each source that is not the catalog's best is reported in a line. `locked` admits only pinned sources. Raises
    `RequestError` for a request that no available source can satisfy, `SourceError` if a source is missing.
    """
    market = _Market(catalogs, supplier, report, locked=locked)
    while True:
        request, plan = market.plan(request)
        market.refuse_unlocked(plan)
        outcomes = supplier.try_all(plan.sources)
        missing = {name: item for name, item in outcomes.items() if isinstance(item, SourceError)}
        if not missing:
            if unused := unused_sources(plan, catalogs):
                raise RequestError(f"this build does not use the given source {unused[0]}")
            obtained = {name: item for name, item in outcomes.items() if isinstance(item, Obtained)}
            market.report_choices(obtained.values())
            records = tuple(record_of(item, catalogs.keys) for item in obtained.values())
            return Supply(plan=dataclasses.replace(plan, obtained=records), sources=obtained)
        market.lose(missing)


class _Market:
    """The catalogs without unavailable sources, and with those that were found instead."""

    def __init__(self, catalogs: Catalogs, supplier: Supplier, report: Report, *, locked: bool) -> None:
        self._catalogs, self._offer = catalogs, catalogs
        self._supplier, self._report, self._locked = supplier, report, locked
        self._missing: dict[str, list[SourceError]] = {}
        self._discovered: dict[Requirement, tuple[Source, ...]] = {}

    def plan(self, request: Request) -> tuple[Request, Plan]:
        """Return a plan from the available sources, and the request that it meets: the given one, or a fallback."""
        while True:
            try:
                return request, resolve(request, self._offer)
            except NoCandidate as error:
                if not self._discover(error.requirement):
                    request = self._without_packages(request, error)

    def lose(self, missing: Mapping[str, SourceError]) -> None:
        """Remove unavailable sources."""
        for identity, error in missing.items():
            self._missing.setdefault(identity, []).append(error)
        self._replace(self._offer.sources.without(missing))

    def refuse_unlocked(self, plan: Plan) -> None:
        """Raise `RequestError` for a plan with an unpinned source if only pinned ones are admitted."""
        for source in plan.sources:
            if self._locked and source.trust is not Trust.PINNED:
                what = f"--locked allows only pinned sources, and {source.identity} is {source.trust.value}"
                raise RequestError(what, hint="leave --locked out, or build without that source")

    def report_choices(self, obtained: Iterable[Obtained]) -> None:
        """Report which sources are not the catalog's best, or not pinned."""
        for item in obtained:
            lost = [identity for identity in self._identities(item.source.name) if identity in self._missing]
            what = f"using {item.source.identity}"
            if item.source.trust is Trust.SIGNED:
                what += f" (signed, not pinned: {voucher(item.form)} has the hash of {item.form.file})"
            if lost:
                what += f", as {first_reason(self._missing[lost[0]][0])}"
            if lost or item.source.trust is Trust.SIGNED:
                self._report(what)

    def _discover(self, requirement: Requirement) -> bool:
        """Look once for sources that the catalog does not know; return whether there are any."""
        if self._locked or requirement in self._discovered or not self._missing:
            return False
        self._discovered[requirement] = self._supplier.discover(requirement, self._catalogs.sources)
        self._replace(self._offer.sources.with_more(self._discovered[requirement]))
        return bool(self._discovered[requirement])

    def _without_packages(self, request: Request, error: NoCandidate) -> Request:
        """Return a request that compiles LLVM's tools if their packages are not available; else raise the error."""
        name = error.requirement.name
        lost = self._losses(error.requirement)
        if not lost:
            raise error
        if request.llvm_tools is not LlvmToolsChoice.AUTO or name not in self._catalogs.llvm_tools.packages.sources:
            raise self._with_way_out(request, self._failure(error.requirement, lost))
        why = first_reason(lost[0])
        self._report(f"the packages of LLVM's tools are not available, so the tools are compiled once: {why}")
        return dataclasses.replace(request, llvm_tools=LlvmToolsChoice.SOURCE)

    def _losses(self, requirement: Requirement) -> list[SourceError]:
        """Return the errors of unavailable sources with a name: pinned ones first, best first, then discovered ones."""
        found = [source.identity for source in self._discovered.get(requirement, ())]
        names = dict.fromkeys([*self._identities(requirement.name), *found])
        return [error for identity in names for error in self._missing.get(identity, ())]

    def _failure(self, requirement: Requirement, lost: list[SourceError]) -> SourceError:
        """Return one error with all places where versions of a source were searched."""
        hint = self._outlook(requirement) or lost[0].hint
        if len(lost) == 1:
            return SourceError(lost[0].what, where=lost[0].where, hint=hint)
        what = "\n".join(f"{error.where}: {error.what.rstrip()}" for error in lost)
        return SourceError(f"{what}\n ", where=requirement, hint=hint)

    def _outlook(self, requirement: Requirement) -> str:
        """Return what would be available if unpinned sources were admitted, or nothing."""
        found = self._supplier.discover(requirement, self._catalogs.sources) if self._locked else ()
        if not found:
            return ""
        form = found[0].forms[0]
        best = f"{found[0].identity}: {voucher(form)} has the hash of {form.file}"
        return f"--locked allows only pinned sources; available without it: {best}"

    def _with_way_out(self, request: Request, error: SourceError) -> SourceError:
        """Return why a source is not available; if only the layout needs it, with the way to build without."""
        for choice in {request.llvm_tools, LlvmToolsChoice.AUTO}:
            other = dataclasses.replace(request, layout=LayoutChoice.NONE, llvm_tools=choice)
            try:
                resolve(other, self._offer)
            except (NoCandidate, RequestError):
                continue
            return SourceError(f"the layout's tools are not available: {first_reason(error)}", hint=WITHOUT_LAYOUT)
        return error

    def _identities(self, name: str) -> list[str]:
        """Return all versions of a source in the catalog, best first."""
        return [source.identity for source in self._catalogs.sources.candidates(Requirement(name=name))]

    def _replace(self, sources: Sources) -> None:
        self._offer = dataclasses.replace(self._offer, sources=sources)


def first_reason(error: SourceError) -> str:
    """Return why a source is not available: of the places that were tried, only the first."""
    first, *places = error.what.splitlines()
    return " ".join([first, *(line.strip() for line in places[:1])])


def voucher(form: Form) -> str:
    """Return the index that vouches for a form it listed."""
    if form.apt:
        return f"the signed index of {' and '.join(form.apt.suites)}"
    return "the Python package index" if form.pypi else "a signed index"
