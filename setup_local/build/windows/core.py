"""Commands that compile CPython's own code for Windows: what its project files list, with our changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from setup_local.build.ninja import Command
from setup_local.build.windows.compiler import Compiler, object_name
from setup_local.catalog.windows import Code
from setup_local.plan.vcxproj import Frozen, Project, Unit

OBJECTS = "objects"
_CXX = (".cpp", ".cxx")
_EXPORT = re.compile(r"^EXPORT_(FUNC|DATA)\((\w+)\)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class CodeMaker:
    """Creates the commands of one source tree; `deps` is the directory of the libraries, relative to it.

    `code` says how code is compiled, `cflags` are additional flags for C. Objects go into the directory `place`.
    """

    compiler: Compiler
    code: Code
    cflags: tuple[str, ...]
    deps: str
    external: str
    place: str = OBJECTS

    def objects(self, units: Iterable[Unit], folder: str, flags: Sequence[str] = ()) -> dict[str, Command]:
        """Return the commands that compile units, by object; the sources of libraries are left to their own builds."""
        commands = {}
        for unit in units:
            if not self.is_external(unit.source):
                target = f"{self.place}/{folder}/{object_name(unit.source)}"
                commands[target] = self.compiler.compile(unit.source, target, (*self._flags(unit), *flags))
        return commands

    def is_external(self, path: str) -> bool:
        """Return whether a path is one of a library's sources."""
        return path == self.external or path.startswith(f"{self.external}/")

    def _flags(self, unit: Unit) -> Iterator[str]:
        yield f"-I{self.deps}/include"  # before the copies of libraries in CPython
        is_cxx = unit.source.endswith(_CXX)
        yield from self.code.cxxflags if is_cxx else (*self.code.cflags, *self.cflags)
        for define in unit.defines:
            yield f"-D{self.code.replaced.get(define, define)}"
        for include in unit.includes:
            if not self.is_external(include) and "$(" not in include:
                yield f"-I{include}"

    def resource(self, source: str, file: str, field3: int) -> tuple[str, Command]:
        """Return the compiled form of a resource script, for the file that it goes into, and its command."""
        target = f"{OBJECTS}/{file}.res"
        flags = (*self.code.resources, f"/dFIELD3={field3}", f'/dORIGINAL_FILENAME="{file}"')
        return target, self.compiler.resource(source, target, flags)


def freeze_commands(modules: Iterable[Frozen], python: str) -> Iterator[Command]:
    """Yield the commands that compile standard-library modules into headers, with a Python of the same version."""
    script = "Programs/_freeze_module.py"
    for item in modules:
        words = (python, "-S", "-E", script, item.module, item.source, item.header)
        yield Command(outputs=(item.header,), inputs=(item.source,), words=words)


def forwarder_definition(text: str, library: str, target: str) -> str:
    """Return the exports of the stable ABI's DLL: what its source forwards to the interpreter's DLL `target`.

    `text` is that of `PC/python3dll.c`, which uses pragmas of Microsoft's compiler for it.
    """
    lines = [f'LIBRARY "{library}"', "EXPORTS"]
    for kind, name in _EXPORT.findall(text):
        lines.append(f"{name}={target}.{name}" + (" DATA" if kind == "DATA" else ""))
    return "\n".join(lines) + "\n"


def libraries_of(projects: Iterable[Project], renamed: dict[str, str], known: Iterable[str]) -> list[str]:
    """Return the import libraries that projects request, without those of third-party libraries."""
    names = dict.fromkeys(name.removesuffix(".lib") for project in projects for name in project.libraries)
    found = (renamed.get(name, name) for name in names)
    return [name for name in dict.fromkeys(found) if name in set(known)]
