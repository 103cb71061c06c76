"""Chooses a variant: its TLS library, the combinations that are refused, and its words in archive names."""

from __future__ import annotations

from collections.abc import Iterator

from setup_local.catalog.targets import Target
from setup_local.catalog.variants import TlsChoice, VariantCatalog
from setup_local.catalog.when import Facts
from setup_local.errors import RequestError
from setup_local.values import Linkage


def choose_tls(asked: str, catalog: VariantCatalog, facts: Facts) -> str:
    """Return the full name of the requested TLS library: `openssl-3.5`, `libressl` or an empty text.

    Raises `RequestError` for one that is unknown, or that does not fit the Python or the target.
    """
    named = [choice for choice in catalog.tls if not asked or asked in (choice.name, choice.family)]
    if not named:
        known = ", ".join(choice.name for choice in catalog.tls)
        raise RequestError(f"unknown TLS library {asked!r}", hint=f"known: {known}")
    fitting = [choice for choice in named if choice.when.matches(facts)]
    if not fitting:
        raise _unfit(named[0], catalog, facts)
    return fitting[0].name


def _unfit(choice: TlsChoice, catalog: VariantCatalog, facts: Facts) -> RequestError:
    possible = ", ".join(item.name for item in catalog.tls if item.when.matches(facts))
    wanted = f"; it needs Python {choice.when.python}" if not choice.when.has_python(facts) else ""
    where = f"CPython {facts.python} for {facts.triple}"
    return RequestError(f"{where} cannot be built with {choice.title}{wanted}", hint=f"possible: {possible}")


def refuse_impossible(catalog: VariantCatalog, facts: Facts) -> None:
    """Raise `RequestError` for the first combination that the catalog refuses."""
    for item in catalog.impossible:
        if item.when.matches(facts):
            raise RequestError(f"cannot be built: {item.reason}", hint=item.hint)


def variant_words(catalog: VariantCatalog, facts: Facts, target: Target, floor: str) -> Iterator[str]:
    """Yield a word for each choice, apart from build options, that is not the default."""
    if facts.tls != choose_tls("", catalog, facts):
        yield facts.tls.replace("-", "")
    if facts.libpython is Linkage.SHARED:
        yield "shared"
    if facts.dependencies is Linkage.SHARED:
        yield "shared_deps"
    if facts.extensions is Linkage.SHARED:
        yield "shared_extensions"
    if floor != target.default_floor:
        yield f"{target.libc.floor.lower()}{floor}"
