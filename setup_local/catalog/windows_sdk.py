"""Model of `data/windows-sdk.toml`: what a build for Windows takes of Microsoft's SDK instead of mingw-w64's files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.windows import Code, Compiler, Imports, Runtime, WindowsCatalog, WindowsLibrary, WindowsPort
from setup_local.errors import CatalogError

FILE = "windows-sdk.toml"
SCHEMA = "windows-sdk"
_NO_RUNTIME = Runtime(cflags=(), archive="", sources=(), without=(), start=())


@dataclass(frozen=True, kw_only=True)
class WindowsSdkCatalog:
    """The whole file.

    `headers` are directories of an SDK by their names in a sysroot, `libraries` those of its libraries, with the
    placeholder `{machine}`: one of a processor's names in `machines`. `without_builtins` are patterns of compiler-rt's
    sources that are left out. `without_flags` are left out of the flags for CPython, `cxxflags` and `ldflags` are added.
    `library_cflags` are more flags of libraries, by name. `compiler` and `imports` replace those of `WindowsCatalog`.
    """

    headers: Mapping[str, str]
    libraries: tuple[str, ...]
    machines: Mapping[str, tuple[str, ...]]
    without_builtins: tuple[str, ...]
    without_flags: tuple[str, ...]
    cxxflags: tuple[str, ...]
    ldflags: tuple[str, ...]
    library_cflags: Mapping[str, tuple[str, ...]]
    compiler: Compiler
    imports: Imports

    @property
    def for_sysroot(self) -> tuple[object, ...]:
        """Return the properties that affect the sysroot."""
        return (self.headers, self.without_builtins, self.imports.for_sysroot)

    def applied(self, catalog: WindowsCatalog, version: str) -> WindowsCatalog:
        """Return how CPython is built for Windows with an SDK whose C runtime has this version (`14.40.33807`).

        Raises `CatalogError` for a flag to be left out that is not there, and for flags of an unknown library.
        """
        if unknown := self.library_cflags.keys() - {library.name for library in catalog.libraries}:
            raise CatalogError(f"has flags of {min(unknown)}, which windows.toml does not have", where=FILE)
        compatible = f"19.{version.split('.')[1]}"  # Microsoft's compiler counts from 19 where its runtime does from 14
        compiler = dataclasses.replace(
            self.compiler,
            cflags=tuple(flag.replace("{compiler}", compatible) for flag in self.compiler.cflags),
        )
        return dataclasses.replace(
            catalog,
            ports={name: _port(name, port) for name, port in catalog.ports.items()},
            compiler=compiler,
            runtime=_NO_RUNTIME,
            imports=self.imports,
            code=self._code(catalog.code),
            libraries=tuple(self._library(library) for library in catalog.libraries),
        )

    def _code(self, code: Code) -> Code:
        present = {*code.cflags, *code.cxxflags, *code.ldflags}
        if missing := [flag for flag in self.without_flags if flag not in present]:
            raise CatalogError(f"leaves out {missing[0]}, which windows.toml does not have", where=FILE)
        return dataclasses.replace(
            code,
            cflags=self._kept(code.cflags),
            cxxflags=(*self._kept(code.cxxflags), *self.cxxflags),
            ldflags=(*self._kept(code.ldflags), *self.ldflags),
        )

    def _library(self, library: WindowsLibrary) -> WindowsLibrary:
        return dataclasses.replace(library, cflags=(*library.cflags, *self.library_cflags.get(library.name, ())))

    def _kept(self, flags: Iterable[str]) -> tuple[str, ...]:
        return tuple(flag for flag in flags if flag not in self.without_flags)


def _port(name: str, port: WindowsPort) -> WindowsPort:
    """Return a port for Microsoft's ABI: the linker finds the start function itself and decorates names itself."""
    target = f"{name}-pc-windows-msvc"
    return dataclasses.replace(port, target=target, builtins=(), runtime=(), lists=(), dll_entry="", decorated=False)


def load_windows_sdk(path: Path | None = None) -> WindowsSdkCatalog:
    """Read what is taken of Microsoft's SDK; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(WindowsSdkCatalog, read_toml(file, SCHEMA), where=file)
