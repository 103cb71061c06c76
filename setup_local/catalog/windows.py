"""Model of `data/windows.toml`: the C runtime and import libraries of Windows, and how CPython is built for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from setup_local import paths
from setup_local.catalog.cpython import PatchPart
from setup_local.catalog.load import convert, read_toml
from setup_local.values import BuildOption, Linkage

FILE = "windows.toml"
SCHEMA = "windows"


@dataclass(frozen=True, kw_only=True)
class WindowsPort:
    """The properties of Windows on one architecture.

    `target` is Clang's name, `dlltool` that tool's name for the machine, `launcher` distlib's program for it,
    `platform` MSBuild's name, `name` that of MSBuild's property `ArchName`, `tag` the value of
    `sysconfig.get_platform()`, `winver` the end of `sys.winver`, which keeps the users' directories of processors apart.
    `builtins` are sources of compiler-rt that only Windows needs, `runtime` more patterns
    of the static C runtime, `lists` the directories of mingw with lists of exports, in search order. With `decorated`,
    names of functions end with the size of their arguments. `cflags` are additional flags for CPython's own C code,
    `ldflags` for all links, `dll_entry` is the entry point of a DLL. `recipes` are words for recipes of libraries
    (`{arch:NAME}`).
    """

    target: str
    dlltool: str
    launcher: str
    platform: str
    name: str
    tag: str
    builtins: tuple[str, ...]
    runtime: tuple[str, ...]
    lists: tuple[str, ...]
    dll_entry: str
    winver: str = ""
    decorated: bool = False
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    recipes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def file_tag(self) -> str:
        """Return the tag in the form used in file names."""
        return self.tag.replace("-", "_")

    @property
    def for_sysroot(self) -> tuple[object, ...]:
        """Return the properties that affect the sysroot."""
        return (self.target, self.dlltool, self.builtins, self.runtime, self.lists, self.decorated)

    @property
    def for_cpython(self) -> tuple[object, ...]:
        """Return the properties that affect CPython itself."""
        names = (self.target, self.dlltool, self.platform, self.name, self.winver, self.dll_entry, self.decorated)
        return (*names, self.cflags, self.ldflags)


@dataclass(frozen=True, kw_only=True)
class WindowsNames:
    """The names of one build's files: they contain the version of CPython (`(3, 13, 5)`) and its ABI flags (`t`)."""

    version: tuple[int, ...]
    port: WindowsPort
    flags: str = ""

    @property
    def dll(self) -> str:
        """Return the name of the interpreter's DLL without its suffix (`python313`)."""
        return self.filled("python{nodot}{flags}")

    @property
    def forwarder(self) -> str:
        """Return the name of the stable ABI's DLL without its suffix (`python3`)."""
        return self.filled("python3{flags}")

    @property
    def tag(self) -> str:
        """Return the tag in the names of extension modules (`cp313-win_amd64`)."""
        return self.filled("cp{nodot}{flags}-") + self.port.file_tag

    @property
    def module(self) -> str:
        """Return the suffix of CPython's own modules, which have the tag only if there are ABI flags."""
        return f".{self.tag}.pyd" if self.flags else ".pyd"

    def filled(self, text: str) -> str:
        """Return a text of the catalog with its placeholders filled in."""
        major, minor, *_ = self.version
        values = {
            "{nodot}": f"{major}{minor}",
            "{dotted}": f"{major}.{minor}",
            "{flags}": self.flags,
            "{marked}": f"{major}.{minor}{self.flags}" if self.flags else "",
            "{winver}": self.port.winver,
            "{name}": self.port.name,
            "{platform}": self.port.platform,
        }
        for old, new in values.items():
            text = text.replace(old, new)
        return text


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """Flags for all code for Windows, and those of the resource compiler.

    `headers` are the sysroot's directories of headers in search order, `search` is the option that names one.
    """

    cflags: tuple[str, ...]
    resources: tuple[str, ...]
    search: str
    headers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StartFile:
    """The start file of a program or a DLL."""

    name: str
    source: str
    cflags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """The static part of the C runtime: `sources` and those `without` are patterns below mingw's directory."""

    cflags: tuple[str, ...]
    archive: str
    sources: tuple[str, ...]
    without: tuple[str, ...]
    start: tuple[StartFile, ...]


@dataclass(frozen=True, kw_only=True)
class Imports:
    """Import libraries: those of each link (`runtime`), those that may be requested (`system`), and renamed ones.

    Those `within` have no DLL: their contents are in the static C runtime. Those that are `static` have code of their own,
    which an archive does not contain.

    `flags` are for the preprocessor that the lists of exports go through, `file` is the form of the libraries' names.
    """

    flags: tuple[str, ...]
    file: str
    runtime: tuple[str, ...]
    system: tuple[str, ...]
    renamed: Mapping[str, str]
    within: tuple[str, ...]
    static: tuple[str, ...]

    @property
    def for_sysroot(self) -> tuple[object, ...]:
        """Return the properties that affect the libraries."""
        return (self.flags, self.file, self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Return all import libraries."""
        return (*self.runtime, *self.system)

    def library(self, name: str) -> str:
        """Return the file name of an import library."""
        return self.file.format(name=name)


@dataclass(frozen=True, kw_only=True)
class Projects:
    """How CPython's project files are read: properties of MSBuild, and which of the files that they import count.

    `external` is the directory where the sources of libraries are expected. `frozen`, `core` and `forwarder` are the
    projects of the frozen modules, the interpreter's DLL and the DLL of the stable ABI. `properties` have the
    placeholders of `WindowsNames`, and `{module}` for the suffix of modules.
    """

    imports: tuple[str, ...]
    external: str
    frozen: str
    core: str
    forwarder: str
    properties: Mapping[str, str]

    def filled(self, names: WindowsNames) -> dict[str, str]:
        """Return the properties for a build."""
        return {name: names.filled(text.replace("{module}", names.module)) for name, text in self.properties.items()}


@dataclass(frozen=True, kw_only=True)
class Code:
    """How CPython's own code is compiled and linked.

    `replaced` maps macros, as the project files define them, to their replacements, with the placeholders of
    `WindowsNames`. `builtin` are flags for modules that are linked into the interpreter's DLL, `resources` additional
    ones for the resource compiler.
    """

    cflags: tuple[str, ...]
    cxxflags: tuple[str, ...]
    replaced: Mapping[str, str]
    builtin: tuple[str, ...]
    ldflags: tuple[str, ...]
    resources: tuple[str, ...]

    def named(self, names: WindowsNames) -> Code:
        """Return the same with placeholders filled in."""
        replaced = {names.filled(old): names.filled(new) for old, new in self.replaced.items()}
        return dataclasses.replace(self, replaced=replaced)


@dataclass(frozen=True, kw_only=True)
class Optimizing:
    """Additional flags for the C code of the interpreter's DLL with the build options that optimize it.

    `pgo` are for all of its objects. With link-time optimization, they are compiled a second time with `lto`, and the
    DLL is linked from these with `lto_ldflags`. `{profile}` is the profile, relative to CPython's tree.
    """

    pgo: tuple[str, ...]
    lto: tuple[str, ...]
    lto_ldflags: tuple[str, ...]

    def flags(self, options: Collection[BuildOption], profile: str) -> OptimizingFlags:
        """Return the flags that these options need."""
        lto, pgo = BuildOption.LTO in options, BuildOption.PGO in options
        return OptimizingFlags(
            cflags=tuple(flag.format(profile=profile) for flag in self.pgo) if pgo else (),
            lto=self.lto if lto else (),
            lto_ldflags=self.lto_ldflags if lto else (),
        )


@dataclass(frozen=True, kw_only=True)
class OptimizingFlags:
    """The flags of one build: `cflags` for all objects of the DLL; `lto` is empty without link-time optimization."""

    cflags: tuple[str, ...] = ()
    lto: tuple[str, ...] = ()
    lto_ldflags: tuple[str, ...] = ()


PLAIN = OptimizingFlags()


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file of a source tree that is generated from a template in it: each of `values` replaces a text there."""

    file: str
    template: str
    values: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class WindowsLibrary:
    """How a library of the library catalog is compiled for Windows, as a command list.

    `sources` and those `without` are patterns below `directory` of the source tree, `headers` files there; those of
    `header_directories` are installed below `include/` in directories of that name. `commands` run before, with
    programs of the build host; without `sources` they make the `archives`, otherwise there is one. `without_patches`
    are for other systems. `without_cflags` are flags that only other systems have. `project` is CPython's project whose
    list of sources must be the same, empty if its list is for another release. `resources` are scripts of the resource
    compiler, each of which becomes a file next to the archives; `trees` are directories of scripts that are also
    installed there, under another name.
    """

    name: str
    archives: tuple[str, ...]
    sources: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    directory: str = "."
    without: tuple[str, ...] = ()
    header_directories: Mapping[str, str] = field(default_factory=dict)
    cflags: tuple[str, ...] = ()
    without_cflags: tuple[str, ...] = ()
    recipe_files: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    without_patches: tuple[str, ...] = ()
    project: str = ""
    resources: tuple[str, ...] = ()
    trees: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Table:
    """CPython's own table of built-in modules: `init` are the functions not named after their module.

    `libraries` and `archives` are those linked by single modules.
    """

    modules: tuple[str, ...]
    init: Mapping[str, str]
    libraries: Mapping[str, tuple[str, ...]]
    archives: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class WindowsModule:
    """One extension module, linked into the interpreter's DLL or, if shared, a file: its project lists the sources.

    A limited one links the DLL of the stable ABI. `imports` are import libraries that its libraries need, `resources`
    their compiled resources. `stdcall` are exported functions with that calling convention (`send@16`): where names are
    decorated, they are also exported under the name that Microsoft's linker gives them (`_send@16`).
    """

    name: str
    libraries: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    stdcall: tuple[str, ...] = ()
    is_shared: bool = False
    is_limited: bool = False


@dataclass(frozen=True, kw_only=True)
class WindowsProgram:
    """One program: its project, its path in the installation, the start file. Launchers do not link the interpreter.

    `file` has the placeholders of `WindowsNames`, and so has `also`, another path of the same program.
    """

    project: str
    file: str
    start: str
    also: str = ""
    is_launcher: bool = False

    def paths(self, names: WindowsNames) -> tuple[str, ...]:
        """Return its paths in an installation, its own first."""
        return tuple(dict.fromkeys(names.filled(path) for path in (self.file, self.also) if path))


@dataclass(frozen=True, kw_only=True)
class WindowsCatalog:
    """The whole file. `keep` are the required parts of the wheel, `headers`, `mingw` and `license` are paths in it.

    `aliases` are other names of headers, for case-sensitive file systems, `patch` are the changes of CPython's source,
    in order. `absent` are modules that are not built, each with the reason.
    """

    keep: tuple[str, ...]
    headers: str
    mingw: str
    license: str
    aliases: Mapping[str, str]
    ports: Mapping[str, WindowsPort]
    compiler: Compiler
    runtime: Runtime
    imports: Imports
    projects: Projects
    patch: tuple[PatchPart, ...]
    code: Code
    optimizing: Optimizing
    libraries: tuple[WindowsLibrary, ...]
    table: Table
    modules: tuple[WindowsModule, ...]
    programs: tuple[WindowsProgram, ...]
    absent: Mapping[str, str]

    def linked(self, modules: Linkage) -> WindowsCatalog:
        """Return the catalog with its modules linked that way; those that are files by default always are."""
        if modules is Linkage.STATIC:
            return self
        shared = tuple(dataclasses.replace(module, is_shared=True) for module in self.modules)
        return dataclasses.replace(self, modules=shared)

    def for_sysroot(self, arch: str) -> tuple[object, ...]:
        """Return the properties that affect the sysroot of an architecture."""
        places = (self.keep, self.headers, self.mingw, self.license)
        return (
            *places,
            self.aliases,
            self.ports[arch].for_sysroot,
            self.compiler,
            self.runtime,
            self.imports.for_sysroot,
        )

    def for_cpython(self, arch: str) -> tuple[object, ...]:
        """Return the properties that affect CPython's own objects, DLLs and programs."""
        made = (self.projects, self.code, self.table, self.modules, self.programs)
        return (self.ports[arch].for_cpython, self.compiler, self.imports, self.runtime.archive, *made)


def load_windows(path: Path | None = None) -> WindowsCatalog:
    """Read how CPython is built for Windows; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(WindowsCatalog, read_toml(file, SCHEMA), where=file)
