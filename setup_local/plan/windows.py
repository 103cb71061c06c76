"""The parts of plans that are specific to Windows: modules from CPython's own project files, and refused options."""

from __future__ import annotations

from collections.abc import Iterator

from setup_local.catalog.catalogs import Catalogs
from setup_local.catalog.windows import WindowsCatalog, WindowsNames
from setup_local.errors import RequestError
from setup_local.plan.model import Plan, PlannedExtension
from setup_local.plan.options import parse_options
from setup_local.values import (
    LLVM_ON_HOST,
    OPTIMIZATIONS,
    BuildOption,
    Linkage,
    LinkMode,
    OperatingSystem,
    Request,
    system_of,
)


def windows_extensions(catalog: WindowsCatalog) -> tuple[PlannedExtension, ...]:
    """Return every module of an interpreter for Windows."""
    table = catalog.table
    own = (
        PlannedExtension(
            name=name,
            link=LinkMode.STATIC,
            libraries=table.libraries.get(name, ()),
            archives=table.archives.get(name, ()),
            in_core=True,
            init=table.init.get(name, ""),
        )
        for name in table.modules
    )
    added = (
        PlannedExtension(
            name=module.name,
            link=LinkMode.SHARED if module.is_shared else LinkMode.STATIC,
            sources=(f"{module.name}.vcxproj",),
            libraries=module.libraries,
            archives=module.archives,
            in_core=False,
        )
        for module in catalog.modules
    )
    return (*own, *added)


def windows_catalog(request: Request, catalogs: Catalogs) -> WindowsCatalog:
    """Return how CPython for Windows is built with the options of a request."""
    catalog = catalogs.windows.linked(request.extensions)
    if request.sdk is None or request.sdk.os is not OperatingSystem.WINDOWS:
        return catalog
    return catalogs.windows_sdk.applied(catalog, request.sdk.version)


def windows_names(plan: Plan) -> WindowsNames:
    """Return how files of a distribution for Windows are called."""
    port = plan.recipes.windows.ports[plan.target.arch.name]
    return WindowsNames(version=plan.python.release, port=port, flags=plan.abi_flags)


def refuse_for_windows(request: Request) -> None:
    """Raise `RequestError` for the first option that does not apply to Windows, or is not supported yet."""
    if system_of(request.target_triple) is not OperatingSystem.WINDOWS:
        return
    for is_asked, what in _wishes(request):
        if is_asked:
            raise RequestError(f"{what} for Windows", where=request.target_triple)


def _wishes(request: Request) -> Iterator[tuple[bool, str]]:
    possible = (*OPTIMIZATIONS, BuildOption.FREETHREADED)
    others = [option.value for option in parse_options(request.options) if option not in possible]
    yield bool(others), f"{', '.join(others)} cannot be built"
    yield request.glibc is not None, "glibc cannot be selected"
    yield request.libpython is Linkage.SHARED, "libpython is always a DLL, so --libpython is not available"
    yield request.dependencies is Linkage.SHARED, "libraries cannot be shared"
    yield request.toolchain in LLVM_ON_HOST, "the host's LLVM has no headers"
    yield bool(request.tls), "the TLS library cannot be selected"
    yield bool(request.with_features or request.without_features), "groups of modules cannot be selected"
    yield bool(request.without_modules), "modules cannot be left out"
