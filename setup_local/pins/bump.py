"""Bumps a pin: a newer version is fetched, tested with our patches and catalogs, and written into the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from setup_local import fetch
from setup_local.build.cpython_tree import disagreements, read_upstream
from setup_local.build.patch_trial import unfitting
from setup_local.catalog.catalogs import PYTHON, Catalogs
from setup_local.catalog.keys import load_keys
from setup_local.catalog.patches import patches_for
from setup_local.catalog.sources import Form, NoCandidate, Requirement, Source, Trust, exactly
from setup_local.catalog.versions import admits, order
from setup_local.errors import ReconcileError, RequestError, SourceError
from setup_local.fetch import Obtained
from setup_local.fetch.cache import sha256_of
from setup_local.fetch.local import source_root
from setup_local.fetch.signatures import Verdict, signature_path
from setup_local.fetch.supplier import Supplier
from setup_local.pins.edit import with_pin
from setup_local.pins.uses import requirements
from setup_local.plan.model import PlannedLibrary
from setup_local.plan.resolve import resolve
from setup_local.values import Request

_NOT_AT_HAND = "not-at-hand"


@dataclass(frozen=True, kw_only=True)
class Bump:
    """A pin, and the newer one that takes precedence over it; `checks` list the tests that were made."""

    old: Source
    new: Source
    checks: tuple[str, ...]


def series(name: str, catalogs: Catalogs) -> tuple[Requirement, ...]:
    """Return the requirements on a source that pins meet, each once; for Python, one for each series.

    Raises `RequestError` for a source that is not in the catalog.
    """
    catalogs.sources.select([name])
    if name == PYTHON:
        found = dict.fromkeys(".".join(version.split(".")[:2]) for version in catalogs.sources.versions(name))
        return tuple(exactly(name, f"{version}.*") for version in found)
    every = dict.fromkeys(requirement for _, requirement in requirements(catalogs) if requirement.name == name)
    ranges = [item for item in every if item.versions and not item.versions.startswith("==")] or list(every)
    return tuple(item for item in ranges if catalogs.sources.candidates(item)) or (Requirement(name=name),)


def find(
    name: str, version: str | None, catalogs: Catalogs, supplier: Supplier
) -> Iterator[tuple[Source, tuple[Source, ...]]]:
    """Yield pins of a source, each with its newer version: of each series, or the requested version.

    The newest comes first. Raises `RequestError` for a version that no index has.
    """
    if version is None:
        for requirement in series(name, catalogs):
            if newer := supplier.newer(requirement, catalogs.sources):
                yield _like(name, newer[0].version, catalogs), newer
        return
    found = [
        item
        for item in supplier.discover(exactly(name, version), catalogs.sources)
        if item.version == version and version not in catalogs.sources.versions(name)
    ]
    if not found:
        raise RequestError(
            f"no signed index has {name} {version}, or it is already pinned", hint="see `sources outdated`"
        )
    yield _like(name, version, catalogs), tuple(found)


def _like(name: str, version: str, catalogs: Catalogs) -> Source:
    """Return the pin most similar to a new version: the newest earlier one, in its series if possible."""
    fitting = [item for item in series(name, catalogs) if admits(item.versions, version)]
    pins = [pin for item in fitting for pin in catalogs.sources.candidates(item)]
    every = pins or list(catalogs.sources.candidates(Requirement(name=name)))
    if not every:
        raise NoCandidate(Requirement(name=name))
    return max(every, key=lambda pin: (order(pin.version) < order(version), order(pin.version)))


def try_newest(
    old: Source, newer: Sequence[Source], catalogs: Catalogs, supplier: Supplier, work: Path
) -> Bump | SourceError:
    """Return the bump to the newest available version, or why there is none; raise as `try_pin` does."""
    failures: list[SourceError] = []
    for new in newer:
        try:
            return try_pin(old, new, catalogs, supplier, work)
        except SourceError as error:
            failures.append(error)
    return failures[0]


def try_pin(old: Source, new: Source, catalogs: Catalogs, supplier: Supplier, work: Path) -> Bump:
    """Fetch a newer version, and try all patches on it and, for CPython, the catalog of modules.

    Only the form that was obtained is pinned. Raises `SourceError`, and `ReconcileError` with everything that does not
    fit.
    """
    obtained = supplier.obtain(new)
    root = source_root(obtained.path, obtained.form.kind, new.name, catalogs.sources)
    form, signed = _with_signature(
        replace(obtained.form, root=root, size=obtained.path.stat().st_size),
        supplier.check_signature(obtained),
        obtained.path,
    )
    pinned = replace(new, forms=(form,), trust=Trust.PINNED)
    obtained = replace(obtained, source=pinned, form=form)
    checks = _python_checks if new.name == PYTHON else _library_checks
    return Bump(old=old, new=pinned, checks=(signed, *checks(obtained, catalogs, work)))


def _with_signature(form: Form, verdict: Verdict | None, file: Path) -> tuple[Form, str]:
    """Return a form with the checked signature, or the reason why none was checked; and the text to report."""
    path = signature_path(form, file)
    if form.signature is None or path is None or verdict is None or not verdict.signer:
        told = str(verdict) if verdict else "no known signature"
        return replace(form, unsigned=form.unsigned or _NOT_AT_HAND), told
    key = next(key for key in load_keys().keys if key.fingerprint == verdict.fingerprint)
    signature = replace(form.signature, key=key.name, sha256=sha256_of(path), size=path.stat().st_size)
    return replace(form, signature=signature, unsigned=""), str(verdict)


def _library_checks(obtained: Obtained, catalogs: Catalogs, work: Path) -> Iterator[str]:
    """Try the patches of every library built from a source; yield what was tried."""
    source = obtained.source
    for library in catalogs.libraries:
        if library.source != source.name or not admits(library.versions, source.version):
            continue
        patches = patches_for(library.patches, source.version)
        item = PlannedLibrary(library=library, source=source, patches=patches)
        if problems := list(unfitting(item, {source.identity: obtained}, work)):
            raise ReconcileError("".join(["patches do not fit:", *(f"\n  {line}" for line in problems)]))
        yield f"{library.name}: {len(patches)} patches fit"


def _python_checks(obtained: Obtained, catalogs: Catalogs, work: Path) -> Iterator[str]:
    """Compare CPython's source with the catalog of modules, and try the patches."""
    source = obtained.source
    tree = fetch.unpack(obtained, work / source.identity)
    plan = resolve(Request(python=source.version), replace(catalogs, sources=catalogs.sources.with_more([source])))
    upstream = read_upstream(tree)
    found = disagreements(plan, upstream, tree)
    if found:
        rows = "".join(f"\n  {item.module}: {item.message}" for item in found)
        raise ReconcileError(f"the catalog and CPython {source.version} disagree:{rows}")
    yield f"catalog and source agree on {len(upstream.modules)} modules"
    yield f"{len(plan.python_patches)} patches fit"


def pinned_text(text: str, bumps: tuple[Bump, ...]) -> str:
    """Return the catalog's text with all bumps applied."""
    for item in bumps:
        text = with_pin(text, item.new, item.old)
    return text
