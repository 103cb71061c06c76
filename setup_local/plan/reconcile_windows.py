"""Checks the catalog of CPython for Windows against a source tree and reports all disagreements at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from setup_local.catalog.windows import WindowsCatalog, WindowsNames, WindowsPort
from setup_local.plan.reconcile import Disagreement, Kind
from setup_local.plan.upstream import parse_inittab
from setup_local.plan.vcxproj import DIRECTORY, ProjectReader

SOLUTION = f"{DIRECTORY}/pcbuild.proj"
TABLE = "PC/config.c"
_MODULES = re.compile(r'<(?:Extension|External|Test)Modules Include="([\w;]+)"')


@dataclass(frozen=True, kw_only=True)
class WindowsSource:
    """A CPython source tree: a file's text by its path, and the list of files."""

    text: Callable[[str], str]
    files: frozenset[str]
    version: tuple[int, ...]


def reconcile_windows(catalog: WindowsCatalog, port: WindowsPort, source: WindowsSource) -> list[Disagreement]:
    """Return all disagreements; none means that the tree can be built. Raises `CatalogError` for unreadable files."""
    return [*_table(catalog, source), *_modules(catalog, source), *_projects(catalog, port, source)]


def _table(catalog: WindowsCatalog, source: WindowsSource) -> Iterator[Disagreement]:
    """Compare the table of built-in modules, with the functions of each."""
    theirs = {module.name: module.init for module in parse_inittab(source.text(TABLE))}
    ours = {name: catalog.table.init.get(name, f"PyInit_{name}") for name in catalog.table.modules}
    for name in sorted(theirs.keys() - ours.keys()):
        yield Disagreement(kind=Kind.NOT_IN_CATALOG, module=name, message=f"{TABLE} has it")
    for name in sorted(ours.keys() - theirs.keys()):
        yield Disagreement(kind=Kind.NOT_UPSTREAM, module=name, message=f"{TABLE} has it not")
    for name in sorted(name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]):
        message = f"{TABLE} names {theirs[name]}, the catalog {ours[name]}"
        yield Disagreement(kind=Kind.INIT, module=name, message=message)


def _modules(catalog: WindowsCatalog, source: WindowsSource) -> Iterator[Disagreement]:
    """Compare the modules that CPython's own build puts into separate files."""
    theirs = {name for names in _MODULES.findall(source.text(SOLUTION)) for name in names.split(";")}
    linked = {module.name for module in catalog.modules}
    for name in sorted(theirs - linked - catalog.absent.keys()):
        yield Disagreement(kind=Kind.NOT_IN_CATALOG, module=name, message=f"{SOLUTION} builds it")
    for name in sorted((linked | catalog.absent.keys()) - theirs):
        yield Disagreement(kind=Kind.NOT_UPSTREAM, module=name, message=f"{SOLUTION} does not build it")


def _projects(catalog: WindowsCatalog, port: WindowsPort, source: WindowsSource) -> Iterator[Disagreement]:
    """Compare library sources and import libraries with the projects, and check that the files exist."""
    projects = catalog.projects
    reader = ProjectReader(
        text=lambda name: source.text(f"{DIRECTORY}/{name}"),
        properties=projects.filled(WindowsNames(version=source.version, port=port)),
        imports=projects.imports,
    )
    names = [projects.core, projects.forwarder, *(module.name for module in catalog.modules)]
    names += [program.project for program in catalog.programs]
    for name in names:
        project = reader.read(name)
        units = [unit.source for unit in project.units]
        own = [unit for unit in units if not unit.startswith(f"{projects.external}/")]
        yield from _missing_files(name, own, source)
        yield from _unknown_libraries(name, project.libraries, catalog)
        for library in catalog.libraries:
            if library.project == name:
                listed = {unit.rpartition("/")[2] for unit in units if unit.startswith(f"{projects.external}/")}
                yield from _other_sources(library.name, set(library.sources), listed)


def _missing_files(name: str, units: Iterable[str], source: WindowsSource) -> Iterator[Disagreement]:
    for unit in units:
        if unit not in source.files:
            yield Disagreement(kind=Kind.NO_SUCH_SOURCE, module=name, message=f"{unit} does not exist")


def _unknown_libraries(name: str, libraries: Iterable[str], catalog: WindowsCatalog) -> Iterator[Disagreement]:
    imports = catalog.imports
    for library in libraries:
        bare = library.removesuffix(".lib")
        known = (*imports.names, *imports.within)
        if "\\" not in bare and imports.renamed.get(bare, bare) not in known:  # with a path: made by a project
            message = f"links {library}, which is no import library of the catalog"
            yield Disagreement(kind=Kind.NOT_IN_CATALOG, module=name, message=message)


def _other_sources(name: str, ours: set[str], theirs: set[str]) -> Iterator[Disagreement]:
    if ours != theirs:
        differing = " ".join(sorted(ours ^ theirs))
        yield Disagreement(kind=Kind.OTHER_SOURCES, module=name, message=f"only one of both has {differing}")
