"""Checks a plan against what a CPython source tree declares, and reports every disagreement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from setup_local.catalog.patches import Patch, Unmatched
from setup_local.errors import ReconcileError
from setup_local.plan.model import Plan, PlannedExtension
from setup_local.plan.upstream import Origin, Upstream, UpstreamModule
from setup_local.values import LinkMode

_DEPS = "deps:"


class Kind(Enum):
    """What can be wrong between the catalog and a source tree."""

    VERSION = "version"
    NOT_IN_CATALOG = "not in catalog"
    NOT_UPSTREAM = "not upstream"
    NO_SUCH_SOURCE = "no such source"
    NO_SUCH_DIRECTORY = "no such directory"
    OTHER_SOURCES = "other sources"
    CORE = "core"
    INIT = "init function"
    MUST_BE_SHARED = "must be shared"
    PATCH = "patch"


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """One contradiction: its kind, the module it is about (`-` for the tree as a whole), and a sentence."""

    kind: Kind
    module: str
    message: str


def reconcile(plan: Plan, upstream: Upstream) -> list[Disagreement]:
    """Return all disagreements, in the order of the catalog; none means that the tree can be built."""
    ours = {extension.name: extension for extension in plan.extensions}
    return [
        *_version(plan, upstream),
        *_missing_here(ours, upstream),
        *(item for extension in ours.values() for item in _extension(extension, upstream)),
    ]


def refuse(found: Iterable[Disagreement], python: object) -> None:
    """Raise `ReconcileError` that lists disagreements with the source of a version of CPython, if there are any."""
    if rows := "".join(f"\n  {item.module}: {item.message}" for item in found):
        raise ReconcileError(f"the catalog and CPython {python} disagree:{rows}")


def unmatched_edits(patches: Mapping[str, Patch], read: Callable[[str], str]) -> Iterator[Disagreement]:
    """Yield the edits of patches that do not match exactly once; `read` returns a file's text, empty for none."""
    for name, patch in patches.items():
        for edit in patch.edits:
            try:
                edit.made(read(edit.file))
            except Unmatched as error:
                yield Disagreement(kind=Kind.PATCH, module="-", message=f"{name} {error}")


def _version(plan: Plan, upstream: Upstream) -> Iterator[Disagreement]:
    if upstream.version != str(plan.python):
        found = upstream.version or "no version"
        yield Disagreement(kind=Kind.VERSION, module="-", message=f"the tree is {found}, the plan is for {plan.python}")


def _missing_here(ours: Iterable[str], upstream: Upstream) -> Iterator[Disagreement]:
    known = set(ours)
    for name, module in upstream.modules.items():
        if name not in known:
            sources = " ".join(module.sources) or "no sources"
            yield Disagreement(
                kind=Kind.NOT_IN_CATALOG, module=name, message=f"{module.origin.value} declares it: {sources}"
            )


def _extension(extension: PlannedExtension, upstream: Upstream) -> Iterator[Disagreement]:
    yield from _files(extension, upstream)
    module = upstream.modules.get(extension.name)
    if module is None:
        yield Disagreement(kind=Kind.NOT_UPSTREAM, module=extension.name, message="no file of this tree declares it")
        return
    yield from _sources(extension, module)
    yield from _core(extension, module)
    if module.must_be_shared and extension.link is LinkMode.STATIC:
        message = "CPython says that it must be a shared module, the catalog links it statically"
        yield Disagreement(kind=Kind.MUST_BE_SHARED, module=extension.name, message=message)


def _files(extension: PlannedExtension, upstream: Upstream) -> Iterator[Disagreement]:
    for source in extension.sources:
        if source not in upstream.files:
            yield Disagreement(
                kind=Kind.NO_SUCH_SOURCE, module=extension.name, message=f"Modules/{source} does not exist"
            )
    for include in extension.includes:
        if not include.startswith(_DEPS) and include not in upstream.directories:
            yield Disagreement(
                kind=Kind.NO_SUCH_DIRECTORY, module=extension.name, message=f"{include} is not a directory"
            )


def _sources(extension: PlannedExtension, module: UpstreamModule) -> Iterator[Disagreement]:
    """Compare the sets: the order of objects does not matter."""
    ours, theirs = set(extension.sources), set(module.sources)
    lacking = [name for name in module.sources if name not in ours]
    extra = [name for name in extension.sources if name not in theirs | set(module.optional_sources)]
    if lacking or extra:
        pieces = [
            f"upstream also links {' '.join(lacking)}" if lacking else "",
            f"upstream does not link {' '.join(extra)}" if extra else "",
        ]
        message = "; ".join(piece for piece in pieces if piece)
        yield Disagreement(kind=Kind.OTHER_SOURCES, module=extension.name, message=message)


def _core(extension: PlannedExtension, module: UpstreamModule) -> Iterator[Disagreement]:
    if extension.in_core != module.in_core:
        ours = "linked by CPython itself" if extension.in_core else "for Setup.local"
        message = f"{module.origin.value} declares it, the catalog calls it {ours}"
        yield Disagreement(kind=Kind.CORE, module=extension.name, message=message)
    if module.origin is Origin.INITTAB and extension.init_function != module.init:
        message = f"the inittab names {module.init}, the catalog {extension.init_function}"
        yield Disagreement(kind=Kind.INIT, module=extension.name, message=message)
