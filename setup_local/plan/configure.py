"""Decides how CPython is configured and what that needs: profile, tools, build Python, companion. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from setup_local.catalog.abi import abi_flags
from setup_local.catalog.catalogs import Catalogs
from setup_local.catalog.cpython import Companion, CPythonCatalog, Relayout, Unshipped
from setup_local.catalog.sources import Source, exactly
from setup_local.catalog.targets import Target
from setup_local.catalog.when import Facts
from setup_local.errors import RequestError
from setup_local.plan.code import plan_code
from setup_local.plan.layout import takes_layout_tools
from setup_local.plan.model import (
    BUILD_PYTHON,
    LTO_LINKER,
    PROFILE,
    PlannedBuildPython,
    PlannedConfigure,
    PlannedExtension,
    PlannedLibrary,
    PlannedLto,
    PlannedObjects,
    PlannedProfiling,
)
from setup_local.values import (
    LLVM_ON_HOST,
    OPTIMIZATIONS,
    BuildOption,
    BuildPhase,
    ByteOrder,
    Counters,
    Linkage,
    LinkMode,
    LlvmToolsChoice,
    OperatingSystem,
    Request,
)


def merged(pieces: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the words of several lists in order, each once."""
    return tuple(dict.fromkeys(word for piece in pieces for word in piece))


def plan_profiling(
    request: Request, catalogs: Catalogs, target: Target, extensions: Iterable[PlannedExtension], facts: Facts
) -> PlannedProfiling | None:
    """Return how the profile of an optimized build is made, None for a build without one.

    Raises `RequestError` for a profile that the build would not use.
    """
    if BuildOption.PGO not in facts.options:
        if request.profile:
            raise RequestError("a profile needs the build option pgo", hint="add --optimized")
        return None
    native = _native(catalogs, target)
    differs = _data_layout(native) != _data_layout(target)
    from_source = differs or catalogs.cpython.instrumenting.source_for.matches(facts)
    counters = Counters.SOURCE if from_source else facts.counters
    instrumented = dataclasses.replace(facts, phase=BuildPhase.INSTRUMENTED, counters=counters)
    return PlannedProfiling(
        configure=plan_configure(catalogs, target, extensions, instrumented),
        counters=counters,
        training=catalogs.cpython.training,
        recipe=catalogs.llvm_tools,
        tools=plan_tools(request, catalogs, facts),
        given=request.profile,
        native=native.triple if facts.cross else "",
    )


def _native(catalogs: Catalogs, target: Target) -> Target:
    """Return the native target of this machine closest to `target`: with the same C library, if there is one."""
    here = (item for item in catalogs.targets if catalogs.host.builds_natively(item) and not item.level)
    return next((item for item in here if item.libc is target.libc), catalogs.host.target)


def _data_layout(target: Target) -> tuple[int, ByteOrder]:
    """Return the bits of a pointer and the byte order: with others, C's data lie elsewhere and its branches change."""
    return target.arch.bits, target.arch.byte_order


def plan_tools(request: Request, catalogs: Catalogs, facts: Facts) -> tuple[Source, ...]:
    """Return the sources of LLVM's tools, none if the host has them. Packages are preferred: they take seconds."""
    if request.toolchain in LLVM_ON_HOST:
        return ()
    tools = catalogs.llvm_tools
    if not takes_layout_tools(request, catalogs.cpython.relayout, facts):
        tools = tools.without_layout()
    from_source = request.llvm_tools is LlvmToolsChoice.SOURCE
    pins = tools.source.sources if from_source else tools.packages.sources
    return tuple(catalogs.sources.best(exactly(name, version)) for name, version in pins.items())


def plan_configure(
    catalogs: Catalogs,
    target: Target,
    extensions: Iterable[PlannedExtension],
    facts: Facts,
    relayout: Relayout | None = None,
) -> PlannedConfigure:
    """Return how CPython's `configure` is called for these extensions."""
    catalog = catalogs.cpython
    parts = [part for part in catalog.configure if part.when.matches(facts)]
    fill = _placeholders(catalogs, target, extensions, facts)

    def filled(words: Iterable[str]) -> tuple[str, ...]:
        return tuple(word.format_map(fill) for word in words)

    return PlannedConfigure(
        args=filled(merged(part.args for part in parts)),
        environment=tuple((name, value.format_map(fill)) for part in parts for name, value in part.environment.items()),
        cache=(
            *(target.configure.items() if facts.cross else ()),
            *(item for part in parts for item in part.cache.items()),
        ),
        cflags=filled(
            (*target.cflags, *plan_code(catalogs.features, facts).cflags, *merged(part.cflags for part in parts))
        ),
        ldflags=filled(merged(part.ldflags for part in parts)),
        links=tuple((goal, filled(flags)) for part in parts for goal, flags in part.links.items()),
        promises=_promises(facts),
        confirmations=tuple(part.confirmed_by for part in parts if part.confirmed_by),
        unshipped=_unshipped(catalog, facts),
        companion=plan_companion(catalog, facts),
        relayout=relayout,
    )


def _unshipped(catalog: CPythonCatalog, facts: Facts) -> Unshipped:
    separate = catalog.separate_objects
    if separate is None or not separate.when.matches(facts):
        return catalog.unshipped
    return dataclasses.replace(catalog.unshipped, ldflags=separate.unshipped_ldflags)


def plan_lto(catalogs: Catalogs, target: Target, extensions: Iterable[PlannedExtension], facts: Facts) -> PlannedLto:
    """Return what link-time optimization needs besides flags."""
    objects, separate, linker = None, catalogs.cpython.separate_objects, catalogs.lto_linker
    if separate and separate.when.matches(facts):
        plain = dataclasses.replace(facts, options=facts.options - {BuildOption.LTO})
        configure = dataclasses.replace(plan_configure(catalogs, target, extensions, plain), companion=None)
        objects = PlannedObjects(configure=configure, directory=separate.directory)
    tools = linker.as_tools(catalogs.llvm_tools) if linker.when.matches(facts) else None
    return PlannedLto(objects=objects, linker=tools)


def _promises(facts: Facts) -> tuple[BuildOption, ...]:
    """Return the options that the compile step must verify in its result; for macOS a separate step does it."""
    if facts.phase is not BuildPhase.FINAL or facts.os is OperatingSystem.DARWIN:
        return ()
    return tuple(item for item in OPTIMIZATIONS if item in facts.options)


def _placeholders(
    catalogs: Catalogs, target: Target, extensions: Iterable[PlannedExtension], facts: Facts
) -> dict[str, str]:
    """Return the value of each placeholder in the catalog."""
    linked = [item for item in extensions if item.link is not LinkMode.DISABLED]
    hidden = set(merged(item.archives for item in linked)).difference(*(item.exports for item in linked))
    return {
        "deps": catalogs.cpython.deps,
        "triple": target.system,
        "build": catalogs.host.target.system if facts.cross else target.system,
        "build-python": BUILD_PYTHON,
        "archives": ":".join(sorted(hidden)),
        "instrument": catalogs.cpython.instrumenting.words[facts.counters],
        "profile": PROFILE,
        "lto-linker": next((f"{LTO_LINKER}/{name}" for name in catalogs.lto_linker.programs), ""),
        "lto-objects": catalogs.cpython.separate_objects.directory if catalogs.cpython.separate_objects else "",
    }


def plan_build_python(catalog: CPythonCatalog, libraries: Iterable[PlannedLibrary], facts: Facts) -> PlannedBuildPython:
    """Return the build Python, which runs while CPython is compiled for another processor."""
    recipe = catalog.build_python
    more = merged(part.args for part in catalog.build_python_part if part.when.matches(facts))
    return PlannedBuildPython(
        recipe=dataclasses.replace(recipe, args=(*recipe.args, *more)),
        libraries=tuple(item for item in libraries if item.name in recipe.libraries),
    )


def plan_companion(catalog: CPythonCatalog, facts: Facts) -> Companion | None:
    """Return the shared libpython built next to a program that contains libpython itself, None if there is none."""
    wanted = facts.libpython is Linkage.STATIC and facts.phase is BuildPhase.FINAL
    companion = next((item for item in catalog.companion if item.when.matches(facts)), None)
    if companion is None or not wanted or facts.options & set(companion.without):
        return None
    version = f"{facts.python.major}.{facts.python.minor}{abi_flags(facts.options)}"
    names = {name: getattr(companion, name).format(ldversion=version) for name in ("goal", "soname")}
    return dataclasses.replace(companion, **names)
