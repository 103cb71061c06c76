"""The layout of an installation: model and loader of `data/policy/layout/*.toml`, for Unix and for Windows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property

from setup_local import paths
from setup_local.catalog import load
from setup_local.catalog.flavors import path_expression

DIRECTORY = paths.DATA / "policy" / "layout"
SCHEMA = "layout"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Paths below the installation, as patterns.

    `program` is the usual path of the interpreter, `executable` the name of its file. `version_files` exist for only
    one version of Python. `packages` is the directory that pip installs to, `pip` the file that starts it. `modules`
    are shared extension modules, `shared_libraries` other libraries that are loaded, `import_libraries` what is linked
    against these. `libpython` are file names. `module_suffix` is the beginning of the suffix of extension modules.
    """

    program: str
    executable: str
    version_files: tuple[str, ...]
    packages: str
    pip: str
    modules: tuple[str, ...]
    shared_libraries: tuple[str, ...]
    import_libraries: tuple[str, ...] = ()
    libpython: tuple[str, ...]
    module_suffix: str
    object_suffixes: tuple[str, ...]
    static_suffixes: tuple[str, ...]

    @cached_property
    def _modules(self) -> re.Pattern[str]:
        return _any_of(self.modules)

    @cached_property
    def _libraries(self) -> re.Pattern[str]:
        return _any_of(self.shared_libraries)

    @cached_property
    def _imports(self) -> re.Pattern[str]:
        return _any_of(self.import_libraries)

    @cached_property
    def _libpython(self) -> re.Pattern[str]:
        return _any_of(self.libpython)

    def is_module(self, path: str) -> bool:
        """Return whether a path of the installation is that of an extension module."""
        return self._modules.fullmatch(path) is not None

    def is_library(self, path: str) -> bool:
        """Return whether a path of the installation is that of a shared library."""
        return self._libraries.fullmatch(path) is not None

    def is_import_library(self, path: str) -> bool:
        """Return whether a path of the installation is that of a library for linking against a DLL."""
        return bool(self.import_libraries) and self._imports.fullmatch(path) is not None

    def is_libpython(self, name: str) -> bool:
        """Return whether a shared library is Python's own, by its name without directories."""
        return self._libpython.fullmatch(name) is not None


def filled(text: str, *, version: str, flags: str = "", cache_tag: str = "") -> str:
    """Return a text of a layout for one Python version (`3.13`), with its ABI letters."""
    return text.format(version=version, nodot=version.replace(".", ""), flags=flags, cache_tag=cache_tag)


@cache
def load_layout(name: str) -> Layout:
    """Read a layout. Raises `CatalogError`."""
    path = DIRECTORY / f"{name}.toml"
    return load.convert(Layout, load.read_toml(path, SCHEMA), where=path)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(path_expression, patterns)))
