"""Resolves catalogs and a request into one frozen plan. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.version import Version

from setup_local.catalog.catalogs import PYTHON, Catalogs, refuse_contradictions
from setup_local.catalog.extensions import Decision, Extension
from setup_local.catalog.libraries import Library
from setup_local.catalog.patches import load_patches, patches_for
from setup_local.catalog.sources import Requirement, Source, Sources, Trust, exactly
from setup_local.catalog.targets import Target
from setup_local.catalog.versions import admits, parse_version
from setup_local.catalog.when import ALWAYS, Facts
from setup_local.errors import CatalogError, RequestError
from setup_local.plan.code import choose_code, code_words, modules_only, plan_code
from setup_local.plan.configure import (
    merged,
    plan_build_python,
    plan_companion,
    plan_configure,
    plan_lto,
    plan_profiling,
)
from setup_local.plan.darwin import (
    for_all_halves,
    on_host,
    refuse_for_darwin,
    refuse_for_host,
    sdk_features,
)
from setup_local.plan.features import ModuleChoice, choose_modules
from setup_local.plan.layout import choose_layout
from setup_local.plan.licenses import consequences
from setup_local.plan.means import plan_emulation, plan_sysroot, plan_toolchain
from setup_local.plan.model import (
    AbsentExtension,
    Plan,
    PlannedExtension,
    PlannedLibrary,
    SharedObject,
)
from setup_local.plan.options import parse_options
from setup_local.plan.shared import link_shared, shared_objects
from setup_local.plan.suggest import suggestion
from setup_local.plan.variants import choose_tls, refuse_impossible, variant_words
from setup_local.plan.windows import refuse_for_windows, windows_catalog, windows_extensions
from setup_local.values import (
    NATIVE,
    BuildOption,
    Libc,
    Linkage,
    LinkMode,
    OperatingSystem,
    Request,
    ToolchainChoice,
    system_of,
)

_REQUEST = re.compile(rf"(?:{PYTHON}-)?(?P<version>\d+\.\d+(?:\.\d+)?(?:(?:a|b|rc)\d+)?)")


def resolve(request: Request, catalogs: Catalogs) -> Plan:
    """Return the plan for a request; raise `CatalogError` if the catalogs contradict it, else as `planned`."""
    request, target = _accepted(request, catalogs)
    python = parse_version(choose_python(request.python, catalogs.sources).version)
    refuse_contradictions(catalogs, [decide_modules(request, target, python, catalogs).facts])
    return planned(request, catalogs)


def planned(request: Request, catalogs: Catalogs) -> Plan:
    """Return the plan for a request: first what is built, then with what.

    Of each source it uses the best candidate in the catalogs (`Sources.candidates`). Raises `RequestError` for what
    does not exist, `NoCandidate` for a source without a suitable version, `CatalogError` for catalogs that contradict
    each other.
    """
    request, target = _accepted(request, catalogs)
    catalogs = dataclasses.replace(catalogs, windows=windows_catalog(request, catalogs))
    source = choose_python(request.python, catalogs.sources)
    modules = decide_modules(request, target, parse_version(source.version), catalogs)
    return _with_means(_plan_contents(request, catalogs, target, source, modules), request, catalogs, modules)


def refuse_for_system(request: Request) -> None:
    """Raise `RequestError` for an option that does not apply to the target's system, before any lookup."""
    refuse_for_windows(request)
    refuse_for_darwin(request)
    if request.sdk and request.sdk.os is not system_of(request.target_triple):
        what = f"the SDK is for {request.sdk.os.title} only"
        raise RequestError(what, where=request.target_triple, hint="leave --sdk out")


def _accepted(request: Request, catalogs: Catalogs) -> tuple[Request, Target]:
    """Return a request as the build host understands it, and its target; raise `RequestError` for what is not built."""
    request = on_host(request, catalogs.host)
    refuse_for_system(request)
    target = asked_target(request, catalogs)
    refuse_for_host(request, target, catalogs.host)
    return request, target


def _plan_contents(request: Request, catalogs: Catalogs, target: Target, source: Source, modules: ModuleChoice) -> Plan:
    """Return a plan of what is built, not yet with what."""
    facts = modules.facts
    extensions, libraries, objects = plan_modules(catalogs, modules)
    companion = plan_companion(catalogs.cpython, facts)
    code = plan_code(catalogs.features, facts)
    options = tuple(option for option in BuildOption if option in facts.options)
    floor = choose_floor(request, target)
    settings = catalogs.sysconfig.of(options, companion, code.extension_cflags, target.os)
    return Plan(
        python=facts.python,
        python_source=source,
        target=target,
        host=catalogs.host,
        recipes=catalogs.recipes,
        sdk=request.sdk,
        floor=floor,
        toolchain=request.toolchain.value,
        sysconfig=for_all_halves(settings, catalogs.universal, target, floor),
        pip_patch=catalogs.pip_patch,
        build_options=options,
        tls=facts.tls,
        libpython=Linkage.SHARED if facts.os is OperatingSystem.WINDOWS else facts.libpython,
        dependencies=facts.dependencies,
        left_out=(*modules.left_out, *impossible_if_static(catalogs.extensions, facts)),
        left_out_programs=modules.programs,
        consequences=consequences(libraries, catalogs.licenses),
        libraries=libraries,
        extensions=extensions,
        absent=_absent(catalogs, facts),
        shared_objects=objects,
        code=code,
        archive_format=request.archive_format,
    )


def _with_means(plan: Plan, request: Request, catalogs: Catalogs, modules: ModuleChoice) -> Plan:
    """Add to a plan what builds it: toolchain, C library, CPython's configuration, profile."""
    facts, target, extensions = modules.facts, plan.target, plan.extensions
    relayout, layout_words = choose_layout(request, catalogs.cpython.relayout, facts)
    words = (
        *variant_words(catalogs.variants, facts, target, plan.floor),
        *layout_words,
        *([f"sdk{request.sdk.version}"] if request.sdk else ()),
        *code_words(catalogs.features, facts),
        *modules.words,
    )
    patches = load_patches(_patch_names(catalogs, facts))
    return dataclasses.replace(
        plan,
        variant=words,
        llvm_version=catalogs.toolchain.llvm_release if plan.toolchain == ToolchainChoice.ZIG.value else "",
        toolchain_sources=plan_toolchain(catalogs, target, facts, ToolchainChoice(plan.toolchain)),
        sysroot_sources=plan_sysroot(catalogs, target),
        emulation=plan_emulation(catalogs, target),
        shared_ldflags=catalogs.cpython.shared_ldflags if plan.shared_objects else (),
        configure=plan_configure(catalogs, target, extensions, facts, relayout),
        lto=plan_lto(catalogs, target, extensions, facts),
        build_python=plan_build_python(catalogs.cpython, plan.libraries, facts) if facts.cross else None,
        profiling=plan_profiling(request, catalogs, target, extensions, facts),
        python_patches=patches,
        deps=catalogs.cpython.deps,
    )


def _absent(catalogs: Catalogs, facts: Facts) -> tuple[AbsentExtension, ...]:
    """Return the modules of this Python that the target does not have."""
    if facts.os is OperatingSystem.WINDOWS:
        return tuple(AbsentExtension(name=name, reason=reason) for name, reason in catalogs.windows.absent.items())
    return absent_extensions(catalogs.extensions, facts)


def _patch_names(catalogs: Catalogs, facts: Facts) -> Iterator[str]:
    """Yield the names of the patches of CPython, in order."""
    is_windows = facts.os is OperatingSystem.WINDOWS
    parts = catalogs.windows.patch if is_windows else catalogs.cpython.patch
    yield from (part.name for part in parts if part.when.matches(facts))


def decide_modules(request: Request, target: Target, python: Version, catalogs: Catalogs) -> ModuleChoice:
    """Return the facts that conditions are evaluated with, and the choice of modules, which completes them.

    Raises `RequestError` for options that cannot be combined.
    """
    facts = Facts(
        python=python,
        triple=target.triple,
        os=target.os,
        arch=target.arch.name,
        cross=not catalogs.host.builds_natively(target),
        libc=target.libc,
        options=frozenset(parse_options(request.options)),
        libpython=request.libpython,
        dependencies=request.dependencies,
        extensions=request.extensions,
        counters=request.counters,
    )
    tls = choose_tls(request.tls, catalogs.variants, facts)
    features = choose_code(request, catalogs.features, facts) | sdk_features(request)
    facts = dataclasses.replace(facts, tls=tls, features=features)
    modules = choose_modules(modules_only(request, catalogs.features), catalogs.features, catalogs.extensions, facts)
    refuse_impossible(catalogs.variants, modules.facts)
    return modules


def asked_target(request: Request, catalogs: Catalogs) -> Target:
    """Return the requested target; raise `RequestError` if there is none."""
    if request.target_triple == NATIVE:
        return catalogs.host.target
    return choose_target(request.target_triple, catalogs.targets)


def choose_target(triple: str, targets: Sequence[Target]) -> Target:
    """Return the target with this triple."""
    known = {target.triple: target for target in targets}
    if triple not in known:
        raise RequestError(f"unknown target {triple!r}", hint=suggestion(triple, known))
    return known[triple]


def choose_floor(request: Request, target: Target) -> str:
    """Return the oldest glibc or macOS to run on: the requested one if the target has it, else its default."""
    floor = target.default_floor
    for libc, asked in ((Libc.GLIBC, request.glibc), (Libc.LIBSYSTEM, request.macos_minimum)):
        if asked is None:
            continue
        if target.libc is not libc:
            what = f"target {target.triple} has no {libc.floor} version"
            raise RequestError(what, hint=f"leave the {libc.floor} version out")
        if asked not in target.floors:
            what = f"{libc.floor} {asked!r} is not available"
            raise RequestError(what, hint="one of: " + ", ".join(target.floors))
        floor = asked
    return floor


def python_requirement(asked: str, sources: Sources) -> Requirement:
    """Return the source requirement that a request for a Python stands for.

    `cpython-3.13.5` and `3.13.5` mean exactly that version, `3.13` any 3.13.x, an empty text the user's own. Raises
    `RequestError` for an unknown version.
    """
    given = sources.candidates(Requirement(name=PYTHON))[:1]
    if given and given[0].trust is Trust.LOCAL:
        return _own_python(asked, given[0])
    match = _REQUEST.fullmatch(asked)
    if match:
        every = ".*" if re.fullmatch(r"\d+\.\d+", match["version"]) else ""
        requirement = exactly(PYTHON, match["version"] + every)
        if any(admits(requirement.versions, version) for version in sources.versions(PYTHON)):
            return requirement
    names = [f"{PYTHON}-{version}" for version in sources.versions(PYTHON)]
    short = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
    full = asked if asked.startswith(f"{PYTHON}-") else f"{PYTHON}-{asked}"
    raise RequestError(f"unknown Python {asked!r}", hint=suggestion(full, [*names, *short]))


def _own_python(asked: str, given: Source) -> Requirement:
    """Return the user's own Python, if it matches the request."""
    match = _REQUEST.fullmatch(asked)
    if asked and not (match and f"{given.version}.".startswith(f"{match['version']}.")):
        raise RequestError(f"the given source is CPython {given.version}, not {asked}", hint="leave --python out")
    return Requirement(name=PYTHON)


def choose_python(asked: str, sources: Sources) -> Source:
    """Return the best source that fits a request for a Python; raise `RequestError`, `NoCandidate`."""
    return sources.best(python_requirement(asked, sources))


def decide_extensions(
    catalog: Iterable[Extension], facts: Facts, left_out: Mapping[str, str] | None = None
) -> tuple[PlannedExtension, ...]:
    """Return every module that exists here, with its link mode and the parts whose conditions are met.

    `left_out` maps unwanted modules to the reason.
    """
    reasons = left_out or {}
    return tuple(
        _decide(extension, facts, reasons.get(extension.name)) for extension in catalog if extension.when.matches(facts)
    )


def _decide(extension: Extension, facts: Facts, unwanted: str | None) -> PlannedExtension:
    decision = extension.decision(facts)
    if unwanted:
        decision = Decision(link=LinkMode.DISABLED, reason=unwanted)
    if decision is None:
        raise CatalogError(f"no rule defines how to link {extension.name} on {facts.triple} for {facts.python}")
    parts = [part for part in extension.parts if part.when.matches(facts)]
    return PlannedExtension(
        name=extension.name,
        link=decision.link,
        reason=decision.reason,
        sources=merged(part.sources for part in parts),
        includes=merged(part.includes for part in parts),
        defines=merged(part.defines for part in parts),
        cflags=merged(part.cflags for part in parts),
        libraries=merged(part.libraries for part in parts),
        archives=merged(part.archives for part in parts),
        system=merged(part.system for part in parts),
        frameworks=merged(part.frameworks for part in parts),
        exports=merged(part.exports for part in parts),
        ldflags=merged(part.ldflags for part in parts),
        test=extension.test,
        in_core=extension.is_core(facts),
        init=extension.init,
    )


def impossible_if_static(catalog: Iterable[Extension], facts: Facts) -> tuple[str, ...]:
    """Return the modules that only a static build leaves out; none for any other build."""
    other = dataclasses.replace(facts, options=facts.options - {BuildOption.STATIC})
    here = [extension for extension in catalog if extension.when.matches(facts)]
    decisions = [(item.name, item.decision(facts), item.decision(other)) for item in here]
    return tuple(
        name for name, now, then in decisions if now and then and now.link is LinkMode.DISABLED is not then.link
    )


def absent_extensions(catalog: Iterable[Extension], facts: Facts) -> tuple[AbsentExtension, ...]:
    """Return the modules that this Python has on other targets only."""
    return tuple(
        AbsentExtension(name=extension.name, reason=extension.elsewhere)
        for extension in catalog
        if extension.elsewhere and not extension.when.matches(facts) and extension.when.has_python(facts)
    )


def plan_modules(
    catalogs: Catalogs, modules: ModuleChoice
) -> tuple[tuple[PlannedExtension, ...], tuple[PlannedLibrary, ...], tuple[SharedObject, ...]]:
    """Return the chosen modules, the libraries they need, and which of these they link as shared libraries."""
    facts = modules.facts
    if facts.os is OperatingSystem.WINDOWS:
        extensions = windows_extensions(catalogs.windows)
        return extensions, plan_libraries(catalogs, extensions, facts), ()
    extensions = decide_extensions(catalogs.extensions, facts, modules.left_out)
    libraries = plan_libraries(catalogs, extensions, facts)
    if facts.dependencies is Linkage.STATIC:
        return extensions, libraries, ()
    objects = shared_objects(libraries, extensions)
    return link_shared(extensions, objects), libraries, objects


def plan_libraries(
    catalogs: Catalogs, extensions: Iterable[PlannedExtension], facts: Facts
) -> tuple[PlannedLibrary, ...]:
    """Return the libraries that the linked extensions need, with their dependencies, in build order."""
    known: dict[str, Library] = {}
    for library in catalogs.libraries:
        if library.when.matches(facts):
            known.setdefault(library.name, library)
    wanted = [name for item in extensions if item.link is not LinkMode.DISABLED for name in item.libraries]
    ordered = dict.fromkeys(name for start in wanted for name in _closure(start, known, ()))
    return tuple(_plan_library(known[name], catalogs.sources, known, facts) for name in ordered)


def _closure(name: str, known: dict[str, Library], above: tuple[str, ...]) -> Iterator[str]:
    """Yield the libraries below `name`, then `name` itself."""
    if name in above:
        raise CatalogError("libraries depend on each other: " + " -> ".join((*above, name)))
    if name not in known:
        user = f", which {above[-1]} needs" if above else ""
        raise CatalogError(f"no library {name!r} in the catalog{user}", hint=suggestion(name, known))
    for need in known[name].needs:
        yield from _closure(need, known, (*above, name))
    yield name


def _plan_library(library: Library, sources: Sources, libraries: Mapping[str, Library], facts: Facts) -> PlannedLibrary:
    commands = tuple(dataclasses.replace(item, when=ALWAYS) for item in library.commands if item.when.matches(facts))
    source = sources.best(library.requirement)
    return PlannedLibrary(
        library=dataclasses.replace(library, commands=commands),
        source=source,
        extra_sources=tuple(sources.best(_extra_requirement(name, libraries)) for name in library.extra_sources),
        patches=patches_for(library.patches, source.version),
    )


def _extra_requirement(name: str, libraries: Mapping[str, Library]) -> Requirement:
    """Return the requirement for a recipe's extra source: the version of the library with that name, else any."""
    owners = (library.requirement for library in libraries.values() if library.source == name)
    return next(owners, Requirement(name=name))
