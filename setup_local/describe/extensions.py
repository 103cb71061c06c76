"""Describes the extension modules: objects, links, and the licences of what they link."""

from __future__ import annotations

from collections.abc import Iterable

from setup_local.describe.model import ExtensionVariant, Link
from setup_local.describe.probe import ROOT, Facts
from setup_local.errors import DescribeError
from setup_local.plan.model import Plan, PlannedExtension, PlannedLibrary
from setup_local.stage.staged import SHARED_LIBRARIES, StagedTree
from setup_local.values import LinkMode

VARIANT = "default"


def system_link(name: str) -> Link:
    """Return the link to a part of the C library (`m`)."""
    return Link(name=name, system=True)


def framework_link(name: str) -> Link:
    """Return the link to a framework of macOS."""
    return Link(name=name, framework=True)


def static_link(archive: str, shared: str | None = None) -> Link:
    """Return the link to a static library of the distribution (`libz.a`), which may also have a shared one."""
    name = archive.removeprefix("lib").removesuffix(".a")
    dynamic = f"{SHARED_LIBRARIES}/{shared}" if shared else None
    return Link(name=name, path_static=f"build/lib/{archive}", path_dynamic=dynamic)


def describe_extensions(plan: Plan, staged: StagedTree, facts: Facts) -> dict[str, tuple[ExtensionVariant, ...]]:
    """Return every extension module of the distribution by name, sorted.

    Raises `DescribeError` if the plan, the table of built-in modules and the interpreter name different modules.
    """
    planned = {item.name: item for item in plan.linked_extensions}
    shared = {name for name, item in planned.items() if item.link is LinkMode.SHARED}
    _same("shared extension modules", shared, facts.shared_modules)
    _same("built-in modules in the inittab", planned.keys() - shared, staged.inittab)
    _same("built-in modules of the interpreter", planned.keys() - shared, facts.builtin_modules)
    return {name: (_variant(planned[name], plan, staged, facts),) for name in sorted(planned)}


def _same(what: str, expected: Iterable[str], found: Iterable[str]) -> None:
    missing, extra = set(expected) - set(found), set(found) - set(expected)
    if missing or extra:
        parts = [
            f"{label} {', '.join(sorted(names))}"
            for label, names in (("missing", missing), ("unexpected", extra))
            if names
        ]
        raise DescribeError(f"{what} differ from the plan: {'; '.join(parts)}")


def _variant(extension: PlannedExtension, plan: Plan, staged: StagedTree, facts: Facts) -> ExtensionVariant:
    libraries = linked_libraries(extension, plan, staged)
    objs = staged.objects.extensions[extension.name]
    return ExtensionVariant(
        in_core=not extension.sources,
        init_fn=_init_function(extension, staged),
        links=(
            *_library_links(extension),
            *map(system_link, extension.system),
            *map(framework_link, extension.frameworks),
        ),
        objs=tuple(f"build/{name}" for name in objs),
        required=extension.name in staged.required,
        variant=VARIANT,
        licenses=tuple(dict.fromkeys(text for item in libraries for text in item.library.licenses)),
        license_paths=tuple(staged.licenses[item.name] for item in libraries),
        license_public_domain=any(item.library.license_public_domain for item in libraries),
        shared_lib=_shared_path(extension, facts),
    )


def _library_links(extension: PlannedExtension) -> tuple[Link, ...]:
    shared = extension.shared_objects or (None,) * len(extension.archives)
    return tuple(map(static_link, extension.archives, shared))


def linked_libraries(extension: PlannedExtension, plan: Plan, staged: StagedTree) -> tuple[PlannedLibrary, ...]:
    """Return the libraries whose code an extension module really contains, and the data for it."""
    data = {item.name for item in plan.libraries_of(extension) if item.library.is_data}
    names = data | {staged.archives[archive] for archive in extension.archives}
    return tuple(item for item in plan.libraries if item.name in names)


def _init_function(extension: PlannedExtension, staged: StagedTree) -> str:
    found = staged.inittab.get(extension.name, extension.init_function)
    if found != extension.init_function:
        raise DescribeError(
            f"the inittab calls {found}, but the plan has {extension.init_function}", where=extension.name
        )
    return found


def _shared_path(extension: PlannedExtension, facts: Facts) -> str | None:
    if extension.link is not LinkMode.SHARED:
        return None
    return f"{facts.shared_directory}/{facts.shared_modules[extension.name]}".replace(ROOT, "install", 1)
