"""Commands that link CPython's programs and DLLs for Windows, with LLD's driver for COFF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from setup_local.build.ninja import Command
from setup_local.build.windows.compiler import LIBRARIES, Compiler
from setup_local.build.windows.sysroot import BUILTINS
from setup_local.catalog.windows import WindowsCatalog, WindowsPort


@dataclass(frozen=True, kw_only=True)
class Link:
    """One file to link: its objects and static libraries in order, the import libraries by name.

    `definition` is a list of exports, `exports` are single ones; with `implib`, an import library is created. `stdcall`
    are functions exported under Microsoft's decorated names; with `map`, the linker lists sections and names there.
    `stack` is in bytes, 0 for the linker's default. `flags` are additional ones.
    """

    target: str
    start: str
    objects: Sequence[str]
    imports: Iterable[str] = ()
    subsystem: str = "console"
    stack: int = 0
    is_dll: bool = False
    implib: str = ""
    definition: str = ""
    exports: Sequence[str] = ()
    stdcall: Sequence[str] = ()
    map: str = ""
    flags: Sequence[str] = ()

    def entry(self, dll_entry: str) -> str:
        """Return the function of the start file that the system calls, empty if the linker finds it.

        `dll_entry` is that of a DLL, empty if start files are found in the libraries.
        """
        if self.is_dll or not dll_entry:
            return dll_entry
        return "WinMainCRTStartup" if self.subsystem == "windows" else "mainCRTStartup"

    def shape(self, dll_entry: str) -> list[str]:
        """Return the flags that select the kind of file."""
        flags = [f"/subsystem:{self.subsystem}", f"/out:{self.target}"]
        given = {
            "entry": self.entry(dll_entry),
            "implib": self.implib,
            "def": self.definition,
            "map": self.map,
            "stack": str(self.stack or ""),
        }
        return [
            *(["/dll"] if self.is_dll else []),
            *flags,
            *(f"/{name}:{value}" for name, value in given.items() if value),
            *([] if self.implib else ["/noimplib"]),
            *(f"/export:{name}" for name in self.exports),
            *(f"/export:{name},EXPORTAS,_{name}" for name in self.stdcall),
            *self.flags,
        ]


def link_command(compiler: Compiler, catalog: WindowsCatalog, port: WindowsPort, link: Link) -> Command:
    """Return the command that links one file."""
    libraries = compiler.sysroot / LIBRARIES
    arguments = (
        *catalog.code.ldflags,
        *port.ldflags,
        *link.shape(port.dll_entry),
        *([str(libraries / link.start)] if catalog.runtime.start else []),
        *link.objects,
        *(str(libraries / name) for name in (catalog.runtime.archive, BUILTINS) if name),
        *(str(libraries / catalog.imports.library(name)) for name in (*link.imports, *catalog.imports.runtime)),
    )
    words = (str(compiler.program), "lld-link", f"@{link.target}.rsp")
    outputs = (link.target, *((link.implib,) if link.implib else ()))
    inputs = (*link.objects, *((link.definition,) if link.definition else ()))
    return Command(outputs=outputs, words=words, inputs=inputs, answers=arguments)
