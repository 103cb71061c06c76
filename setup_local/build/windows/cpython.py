"""The commands that build CPython for Windows from a patched source tree: objects, DLLs, programs, import libraries."""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup_local.build.ninja import Command
from setup_local.build.windows.compiler import Compiler
from setup_local.build.windows.core import (
    CodeMaker,
    forwarder_definition,
    freeze_commands,
    libraries_of,
)
from setup_local.build.windows.link import Link, link_command
from setup_local.catalog.windows import (
    PLAIN,
    OptimizingFlags,
    WindowsCatalog,
    WindowsModule,
    WindowsNames,
    WindowsPort,
    WindowsProgram,
)
from setup_local.errors import StepError
from setup_local.plan.vcxproj import DIRECTORY, Project, ProjectReader

PRODUCTS = "products"
BITCODE = "bitcode"  # the directory of the objects that the link-time optimizer reads
CONFIGURATION = Path("PC/pyconfig.h")
INITTAB = Path("PC/config.c")
_DEFINITION = f"{PRODUCTS}/python3.def"
_DECLARATIONS = "/* -- ADDMODULE MARKER 1 -- */"
_ENTRIES = "/* -- ADDMODULE MARKER 2 -- */"
_FINAL_RELEASE = (
    150  # python.props' value for a release that is not an alpha, beta or candidate, plus 1000 for each micro
)


@dataclass(frozen=True, kw_only=True)
class CoreBuild:
    """A build of CPython: source tree, compiler, the libraries' directory, and the Python that runs here.

    `catalog` says how it is built, `names` what its files are called and for which processor, `optimizing` has the
    flags for build options.
    """

    tree: Path
    names: WindowsNames
    compiler: Compiler
    catalog: WindowsCatalog
    deps: str
    python: str
    optimizing: OptimizingFlags = PLAIN

    @property
    def port(self) -> WindowsPort:
        """Return the specifics of the processor."""
        return self.names.port

    @property
    def dll(self) -> str:
        """Return the name of the interpreter's DLL without its suffix (`python313`)."""
        return self.names.dll

    @property
    def field3(self) -> int:
        """Return the third number of the version in resources, as python.props computes it for final releases."""
        return 1000 * self.names.version[2] + _FINAL_RELEASE

    def interpreter_library(self, module: WindowsModule) -> str:
        """Return the import library that a module links: that of the stable ABI, which needs the GIL, or the other."""
        is_limited = module.is_limited and not self.names.flags
        return f"{PRODUCTS}/{self.names.forwarder if is_limited else self.dll}.lib"


def prepare_tree(build: CoreBuild) -> None:
    """Write the files that CPython's own build writes before compiling: the configuration, the table of modules."""
    text = (build.tree / f"{CONFIGURATION}.in").read_text(encoding="utf-8")
    (build.tree / CONFIGURATION).write_text(text, encoding="utf-8")
    table = build.tree / INITTAB
    names = [module.name for module in build.catalog.modules if not module.is_shared]
    table.write_text(with_modules(table.read_text(encoding="utf-8"), names), encoding="utf-8")
    for script in sorted((build.tree / "PC").glob("*.rc")):
        content = script.read_bytes().replace(b"icons\\", b"icons/")  # valid as a path on every system
        script.write_bytes(content)
    (build.tree / PRODUCTS).mkdir()
    forwarder = (build.tree / "PC" / "python3dll.c").read_text(encoding="utf-8")
    definition = forwarder_definition(forwarder, f"{build.names.forwarder}.dll", build.dll)
    (build.tree / _DEFINITION).write_text(definition, encoding="utf-8")


def with_modules(text: str, names: Sequence[str]) -> str:
    """Return the table of built-in modules with more modules added. Raises `StepError` if it has no place for them."""
    declared = "".join(f"extern PyObject* PyInit_{name}(void);\n" for name in names)
    entered = "".join(f'    {{"{name}", PyInit_{name}}},\n' for name in names)
    for mark, lines in ((_DECLARATIONS, declared), (_ENTRIES, entered)):
        if text.count(mark) != 1:
            raise StepError(f"has {mark!r} {text.count(mark)} times", where=INITTAB)
        text = text.replace(mark, f"{mark}\n{lines}")
    return text


def cpython_commands(build: CoreBuild) -> list[Command]:
    """Return all commands, from frozen modules to programs. Raises `CatalogError` for unreadable project files."""
    return list(_Commands(build).all())


class _Commands:
    """Assembles the commands of one tree."""

    def __init__(self, build: CoreBuild) -> None:
        self._build = build
        projects = build.catalog.projects
        self._reader = ProjectReader(
            text=lambda name: (build.tree / DIRECTORY / name).read_text(encoding="utf-8-sig"),
            properties=projects.filled(build.names),
            imports=projects.imports,
        )
        self._maker = CodeMaker(
            compiler=build.compiler,
            code=build.catalog.code.named(build.names),
            cflags=build.port.cflags,
            deps=build.deps,
            external=projects.external,
        )
        flags = build.optimizing
        self._core_maker = dataclasses.replace(self._maker, cflags=(*self._maker.cflags, *flags.cflags))
        self._bitcode_maker = dataclasses.replace(
            self._core_maker, cflags=(*self._core_maker.cflags, *flags.lto), place=BITCODE
        )
        self._modules = [module for module in build.catalog.modules if not module.is_shared]

    def all(self) -> Iterator[Command]:
        """Yield all commands."""
        projects = self._build.catalog.projects
        frozen = list(freeze_commands(self._reader.read(projects.frozen).frozen, self._build.python))
        yield from frozen
        headers = tuple(path for command in frozen for path in command.outputs)
        for command in self._core(self._reader.read(projects.core)):
            yield dataclasses.replace(command, after=headers)
        yield from self._forwarder(self._reader.read(projects.forwarder))
        for module in self._build.catalog.modules:
            if module.is_shared:
                yield from self._shared(module, self._reader.read(module.name))
        for program in self._build.catalog.programs:
            yield from self._program(program, self._reader.read(program.project))

    def _core(self, core: Project) -> Iterator[Command]:
        """Yield the commands that make the interpreter's DLL, with all modules in it."""
        build = self._build
        read = [(module, self._reader.read(module.name)) for module in self._modules]
        objects = self._core_objects(self._core_maker, core, read)
        linked = self._core_objects(self._bitcode_maker, core, read) if build.optimizing.lto else objects
        resources = [self._maker.resource(source, f"{build.dll}.dll", build.field3) for source in core.resources]
        yield from (objects | linked).values()
        yield from (command for _, command in resources)
        archives = dict.fromkeys(("libz.a", *(name for module in self._modules for name in module.archives)))
        link = Link(
            target=f"{PRODUCTS}/{build.dll}.dll",
            start="dllcrt2.o",
            objects=[
                *linked,
                *(target for target, _ in resources),
                *(f"{build.deps}/lib/{name}" for name in archives),
            ],
            imports=self._imports(core, *(project for _, project in read)),
            is_dll=True,
            implib=f"{PRODUCTS}/{build.dll}.lib",
            map=f"{PRODUCTS}/{build.dll}.map" if build.optimizing != PLAIN else "",
            flags=build.optimizing.lto_ldflags,
        )
        yield link_command(build.compiler, build.catalog, build.port, link)

    def _core_objects(
        self, maker: CodeMaker, core: Project, modules: Sequence[tuple[WindowsModule, Project]]
    ) -> dict[str, Command]:
        """Return the commands that compile the interpreter's own code and that of its built-in modules."""
        objects = maker.objects(core.units, "core")
        for module, project in modules:
            objects |= self._module(maker, module, project, self._build.catalog.code.builtin)
        return objects

    def _module(
        self, maker: CodeMaker, module: WindowsModule, project: Project, flags: Sequence[str] = ()
    ) -> dict[str, Command]:
        """Return the commands that compile one module; CPython's bundled copies of libraries are not used."""
        units = [unit for unit in project.units if not unit.source.startswith("Modules/expat/")]
        return maker.objects(units, module.name, (*flags, *module.cflags))

    def _shared(self, module: WindowsModule, project: Project) -> Iterator[Command]:
        """Yield the commands that make the file of a shared module."""
        build = self._build
        file = f"{module.name}{build.names.module}"
        objects = self._module(self._maker, module, project)
        resources = [self._maker.resource(source, file, build.field3) for source in project.resources]
        yield from objects.values()
        yield from (command for _, command in resources)
        link = Link(
            target=f"{PRODUCTS}/{file}",
            start="dllcrt2.o",
            objects=[
                *objects,
                *(target for target, _ in resources),
                *(f"{build.deps}/lib/{name}" for name in module.archives),
                *(f"{build.deps}/lib/{name}" for name in module.resources),
                build.interpreter_library(module),
            ],
            imports=dict.fromkeys((*self._imports(project), *module.imports)),
            is_dll=True,
            exports=project.exports,
            stdcall=module.stdcall if build.port.decorated else (),
        )
        yield link_command(build.compiler, build.catalog, build.port, link)

    def _forwarder(self, project: Project) -> Iterator[Command]:
        """Yield the commands that make the DLL of the stable ABI, which forwards everything to the interpreter's."""
        build, name = self._build, self._build.names.forwarder
        objects = self._maker.objects(project.units, project.name)
        resources = [self._maker.resource(source, f"{name}.dll", build.field3) for source in project.resources]
        yield from objects.values()
        yield from (command for _, command in resources)
        link = Link(
            target=f"{PRODUCTS}/{name}.dll",
            start="dllcrt2.o",
            objects=[*objects, *(target for target, _ in resources)],
            is_dll=True,
            definition=_DEFINITION,
        )
        yield link_command(build.compiler, build.catalog, build.port, link)
        yield build.compiler.import_library(_DEFINITION, f"{PRODUCTS}/{name}.lib")

    def _program(self, program: WindowsProgram, project: Project) -> Iterator[Command]:
        build = self._build
        name = posixpath.basename(program.paths(build.names)[0])
        objects = self._maker.objects(project.units, project.name)
        resources = [self._maker.resource(source, name, build.field3) for source in project.resources]
        yield from objects.values()
        yield from (command for _, command in resources)
        own = [] if program.is_launcher else [f"{PRODUCTS}/{build.dll}.lib"]
        link = Link(
            target=f"{PRODUCTS}/{name}",
            start=program.start,
            objects=[*objects, *(target for target, _ in resources), *own],
            imports=self._imports(project),
            subsystem=project.subsystem,
            stack=project.stack,
        )
        yield link_command(build.compiler, build.catalog, build.port, link)

    def _imports(self, *projects: Project) -> list[str]:
        imports = self._build.catalog.imports
        return libraries_of(projects, dict(imports.renamed), imports.names)
