"""Chooses extension modules: what `--with` adds, what `--without` and `--without-modules` leave out."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from setup_local.catalog.extensions import Extension
from setup_local.catalog.features import Feature, FeatureCatalog
from setup_local.catalog.when import Facts
from setup_local.errors import RequestError
from setup_local.plan.suggest import suggestion
from setup_local.values import LinkMode, Request

# With more words than this, the archive name shows only that modules were chosen, not which ones.
_MOST_WORDS = 4
_BY_FEATURE = "not wanted (--without {})"
_BY_NAME = "not wanted (--without-modules {})"


@dataclass(frozen=True, kw_only=True)
class ModuleChoice:
    """The extension modules that a request chooses.

    `left_out` maps modules that would otherwise be included to the reason; `programs` are patterns of programs
    that do not start without them. `words` are those in archive names for what differs from the default.
    """

    facts: Facts
    left_out: Mapping[str, str]
    programs: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def choose_modules(
    request: Request, catalog: FeatureCatalog, extensions: Sequence[Extension], facts: Facts
) -> ModuleChoice:
    """Return the requested choice; raise `RequestError` for names that are unknown, not available or impossible."""
    here = tuple(extension for extension in extensions if extension.when.matches(facts))
    added = _features("--with", request.with_features, catalog, here, facts)
    dropped = _features("--without", request.without_features, catalog, here, facts)
    for name in request.without_modules:
        _refuse_module(name, extensions, here, facts)
    asked = catalog.optional.intersection(item.name for item in added)
    facts = dataclasses.replace(facts, features=facts.features | asked)
    reasons = _reasons(request.without_modules, dropped, here, facts)
    _refuse_disabled(added, here, facts)
    _refuse_contradiction(added, reasons, here)
    _refuse_kept(catalog, reasons)
    incomplete = [feature for feature in catalog.features if _lacks(feature, here, reasons)]
    words = [
        *(f"with_{feature.name}" for feature in catalog.features if feature.name in facts.features),
        *(f"without_{feature.name}" for feature in incomplete if feature in dropped),
        *(f"without_{name}" for name, reason in reasons.items() if reason == _BY_NAME.format(name)),
    ]
    return ModuleChoice(
        facts=facts,
        left_out=reasons,
        programs=tuple(pattern for feature in incomplete for pattern in feature.programs),
        words=_short(words),
    )


def _reasons(
    names: Iterable[str], dropped: Iterable[Feature], here: Sequence[Extension], facts: Facts
) -> dict[str, str]:
    """Return the modules left out that would otherwise be included, in catalog order, each with the reason."""
    linked = {extension.name for extension in here if _is_linked(extension, facts)}
    reasons = {name: _BY_NAME.format(name) for name in names} | {
        extension.name: _BY_FEATURE.format(feature.name)
        for feature in dropped
        for extension in here
        if feature.covers(extension) and not extension.is_core(facts)
    }
    complete = _with_dependents({name: why for name, why in reasons.items() if name in linked}, here, linked)
    return {extension.name: complete[extension.name] for extension in here if extension.name in complete}


def _features(
    option: str, names: Iterable[str], catalog: FeatureCatalog, here: Iterable[Extension], facts: Facts
) -> list[Feature]:
    known = {feature.name: feature for feature in catalog.features}
    if unknown := [name for name in names if name not in known]:
        hint = suggestion(unknown[0], sorted(catalog.names))
        raise RequestError(f"{option}: unknown feature {unknown[0]!r}", hint=hint)
    found = [known[name] for name in dict.fromkeys(names)]
    for feature in found:
        if not any(feature.covers(extension) for extension in here):
            raise RequestError(
                f"{option} {feature.name}: CPython {facts.python} for {facts.triple} has no such module",
                hint=f"{feature.title}; leave it out here",
            )
    return found


def _is_linked(extension: Extension, facts: Facts) -> bool:
    decision = extension.decision(facts)
    return decision is not None and decision.link is not LinkMode.DISABLED


def _refuse_module(name: str, extensions: Iterable[Extension], here: Iterable[Extension], facts: Facts) -> None:
    """Raise `RequestError` for a module that is unknown, not in this CPython, or part of its core."""
    known = {extension.name for extension in extensions}
    if name not in known:
        raise RequestError(f"--without-modules: unknown extension module {name!r}", hint=suggestion(name, known))
    found = next((extension for extension in here if extension.name == name), None)
    if found is None:
        raise RequestError(f"--without-modules {name}: CPython {facts.python} for {facts.triple} has no such module")
    if found.is_core(facts):
        raise RequestError(f"{name} cannot be left out: it is part of CPython's core")


def _refuse_kept(catalog: FeatureCatalog, reasons: Mapping[str, str]) -> None:
    """Raise `RequestError` for a module that every distribution needs."""
    for item in catalog.kept:
        name = next((name for name in item.modules if name in reasons), None)
        if name and (not item.unless or any(other in reasons for other in item.unless)):
            raise RequestError(f"{name} cannot be left out: {item.reason}")


def _with_dependents(reasons: Mapping[str, str], here: Iterable[Extension], wanted: Iterable[str]) -> dict[str, str]:
    """Add the modules that need a module that is left out."""
    complete = dict(reasons)
    more = {
        extension.name: f"needs {need}, which is left out"
        for extension in here
        if extension.name in wanted and extension.name not in complete
        for need in extension.needs
        if need in complete
    }
    return _with_dependents(complete | more, here, wanted) if more else complete


def _refuse_disabled(added: Iterable[Feature], here: Sequence[Extension], facts: Facts) -> None:
    """Raise `RequestError`, with the reason, for a feature none of whose modules is available on the target."""
    for feature in added:
        decisions = [extension.decision(facts) for extension in here if feature.covers(extension)]
        disabled = [item.reason for item in decisions if item and item.link is LinkMode.DISABLED]
        if disabled and len(disabled) == len(decisions):
            what = f"--with {feature.name}: not available on {facts.triple}: {disabled[0]}"
            raise RequestError(what, hint=f"leave --with {feature.name} out")


def _refuse_contradiction(added: Iterable[Feature], reasons: Mapping[str, str], here: Iterable[Extension]) -> None:
    for feature in added:
        if both := [extension.name for extension in here if feature.covers(extension) and extension.name in reasons]:
            raise RequestError(
                f"--with {feature.name} includes {both[0]}, which is {reasons[both[0]]}", hint="leave one of them out"
            )


def _lacks(feature: Feature, here: Iterable[Extension], reasons: Mapping[str, str]) -> bool:
    return any(feature.covers(extension) and extension.name in reasons for extension in here)


def _short(words: Sequence[str]) -> tuple[str, ...]:
    """Return words that fit an archive name: without `-`, its separator; a long list becomes a fingerprint."""
    plain = tuple(word.replace("-", "_") for word in dict.fromkeys(words))
    if len(plain) <= _MOST_WORDS:
        return plain
    return (f"custom.{hashlib.sha256(' '.join(plain).encode()).hexdigest()[:8]}",)
