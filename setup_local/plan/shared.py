"""Decides which shared libraries a distribution ships if its third-party libraries are not linked statically."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from setup_local.errors import CatalogError
from setup_local.plan.model import PlannedExtension, PlannedLibrary, SharedObject
from setup_local.values import LinkMode

_ARCHIVES = "lib/"


def shared_objects(
    libraries: Iterable[PlannedLibrary], extensions: Iterable[PlannedExtension]
) -> tuple[SharedObject, ...]:
    """Return a shared library for each static one that the built modules link, in the order of first use.

    Raises `CatalogError` for an archive that no library declares as its product.
    """
    versions = {
        name.removeprefix(_ARCHIVES): (item.name, item.version) for item in libraries for name in item.library.produces
    }
    built = (item for item in extensions if item.link is not LinkMode.DISABLED)
    named = dict.fromkeys(archive for item in built for archive in item.archives)
    if missing := [archive for archive in named if archive not in versions]:
        raise CatalogError(f"no library produces {', '.join(missing)}")
    return tuple(SharedObject(archive=name, library=versions[name][0], version=versions[name][1]) for name in named)


def link_shared(
    extensions: Iterable[PlannedExtension], objects: Sequence[SharedObject]
) -> tuple[PlannedExtension, ...]:
    """Return the modules with the shared libraries that they link.

    Such a module is itself shared: libraries that the interpreter needs are loaded for the whole process, and would
    conflict with the libraries in wheels.
    """
    files = {item.archive: item.file for item in objects}
    return tuple(_linked(item, files) if item.archives else item for item in extensions)


def _linked(extension: PlannedExtension, files: dict[str, str]) -> PlannedExtension:
    if extension.link is LinkMode.DISABLED:
        return extension
    shared = tuple(files[archive] for archive in extension.archives)
    return dataclasses.replace(extension, link=LinkMode.SHARED, shared_objects=shared)
