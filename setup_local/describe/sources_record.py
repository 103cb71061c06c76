"""The record of sources, `build/sources.json`: what a distribution was built from, and what confirms it.

It depends only on the sources themselves: it does not matter where the bytes came from this time, because their hash
decides, so a build with a mirror produces the same archive as one without.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from setup_local.catalog.load import check
from setup_local.catalog.sources import Source
from setup_local.errors import CatalogError, DescribeError
from setup_local.plan.model import ObtainedSource, Plan
from setup_local.stage.staged import SHARED_LIBRARIES, StagedTree

PATH = "build/sources.json"
SCHEMA = "sources-record-1"
VERSION = "1"
_LIBRARIES = "build/lib"
# Run-time support that is this project's own code.
_OWN = frozenset({"polyfill"})


@dataclass(frozen=True, kw_only=True)
class RecordedPatch:
    """A patch of ours that was applied to a source."""

    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class RecordedSignature:
    """Upstream's signature as checked when the source was pinned, or the reason why none was."""

    status: str
    signer: str
    fingerprint: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a source was used for.

    `libraries` are its own and those that need them, `files` the static and shared libraries built from it, `modules`
    the extension modules that link or search for one of these libraries, `tools` its uses for the build alone.
    """

    python: bool = False
    libraries: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecordedSource:
    """One source; `size` is in bytes, `published_by` are the kinds of places that publish exactly these bytes."""

    name: str
    version: str
    file: str
    sha256: str
    size: int
    trust: str
    published_by: tuple[str, ...]
    signature: RecordedSignature
    patches: tuple[RecordedPatch, ...]
    used_by: Use


@dataclass(frozen=True, kw_only=True)
class SourcesRecord:
    """The whole record; `own_files` are libraries built from this project's own code."""

    version: str
    sources: tuple[RecordedSource, ...]
    own_files: tuple[str, ...]


def record(plan: Plan, staged: StagedTree) -> SourcesRecord:
    """Return the record of a staged tree, sorted by name; raise `DescribeError` for a library without a source."""
    made = _made(plan)
    own = {file: library for file, library in staged.archives.items() if library not in made}
    if unknown := sorted(set(own.values()) - _OWN):
        raise DescribeError(f"{unknown[0]} is linked, but the plan does not name its source")
    # Emulation only runs the target's programs on this host and leaves nothing in the archive.
    sources = {source.identity: source for source in plan.sources if source not in plan.emulation}
    obtained = {item.identity: item for item in plan.obtained}
    ordered = sorted(sources.values(), key=lambda source: (source.name, source.version))
    return SourcesRecord(
        version=VERSION,
        sources=tuple(
            _recorded(source, obtained[source.identity], _use(source, plan, staged), plan) for source in ordered
        ),
        own_files=tuple(sorted(f"{_LIBRARIES}/{file}" for file in own)),
    )


def to_json(value: SourcesRecord) -> str:
    """Return the record as JSON that follows its schema; raise `DescribeError` if it does not."""
    document: Any = json.loads(json.dumps(asdict(value)))
    try:
        check(document, SCHEMA, where=PATH)
    except CatalogError as error:
        raise DescribeError(error.what, where=error.where) from error
    return json.dumps(document, indent=2) + "\n"


def _recorded(source: Source, obtained: ObtainedSource, use: Use, plan: Plan) -> RecordedSource:
    signature = obtained.signature
    return RecordedSource(
        name=source.name,
        version=source.version,
        file=obtained.file,
        sha256=obtained.sha256,
        size=obtained.size,
        trust=obtained.trust.value,
        published_by=tuple(place.value for place in obtained.published_by),
        signature=RecordedSignature(
            status=signature.status.value,
            signer=signature.signer,
            fingerprint=signature.fingerprint,
            reason=signature.reason,
        ),
        patches=tuple(_patches(source, plan)),
        used_by=use,
    )


def _patches(source: Source, plan: Plan) -> Iterator[RecordedPatch]:
    """Yield the patches of a source that is built: those of CPython, or of the library that is built from it."""
    made = [patch for item in plan.libraries if item.source == source for patch in item.patches]
    for patch in plan.python_patches if source == plan.python_source else made:
        yield RecordedPatch(name=patch.name.removesuffix(".toml"), sha256=patch.sha256)


def _made(plan: Plan) -> dict[str, Source]:
    """Return the source of every library, by library name; run-time support has the name of its source."""
    support = (*plan.toolchain_sources, *plan.sysroot_sources)
    return {source.name: source for source in support} | {item.name: item.source for item in plan.libraries}


def _use(source: Source, plan: Plan, staged: StagedTree) -> Use:
    """Return what a source of a plan was used for."""
    if source == plan.python_source:
        return Use(python=True)
    makes = [item.name for item in plan.libraries if source in (item.source, *item.extra_sources)]
    libraries = _above(plan, makes)
    own = [name for name, origin in _made(plan).items() if origin == source]
    files = frozenset(file for file, library in staged.archives.items() if library in own)
    linked = {staged.archives[file] for file in files}
    return Use(
        libraries=tuple(sorted(libraries | linked)),
        files=tuple(sorted(_paths(files, plan))),
        modules=tuple(sorted(item.name for item in plan.linked_extensions if libraries.intersection(item.libraries))),
        tools=tuple(_tools(source, plan)),
    )


def _tools(source: Source, plan: Plan) -> Iterator[str]:
    """Yield a source's uses for the build alone."""
    profiling = plan.profiling.tools if plan.profiling else ()
    parts = (("toolchain", plan.toolchain_sources), ("sysroot", plan.sysroot_sources), ("llvm-tools", profiling))
    return (name for name, sources in parts if source in sources)


def _above(plan: Plan, names: Iterable[str]) -> frozenset[str]:
    """Return libraries and everything that needs them; the plan lists them in build order."""
    found = set(names)
    for item in plan.libraries:
        if found.intersection(item.library.needs):
            found.add(item.name)
    return frozenset(found)


def _paths(archives: frozenset[str], plan: Plan) -> Iterator[str]:
    """Yield the paths of static libraries, and of the shared ones that are built from them."""
    yield from (f"{_LIBRARIES}/{name}" for name in archives)
    yield from (f"{SHARED_LIBRARIES}/{item.file}" for item in plan.shared_objects if item.archive in archives)
