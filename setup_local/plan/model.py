"""The plan: everything that is decided before anything is run, as frozen values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from setup_local.archive_name import full_name, stem
from setup_local.catalog.abi import abi_flags
from setup_local.catalog.cpython import BuildPython, Companion, Relayout, Training, Unshipped
from setup_local.catalog.hosts import BuildHost
from setup_local.catalog.keys import SignatureRecord
from setup_local.catalog.libraries import Library
from setup_local.catalog.llvm_tools import LlvmTools
from setup_local.catalog.patches import Patch
from setup_local.catalog.sources import Place, Source, Trust
from setup_local.catalog.sysconfig import Settings
from setup_local.catalog.targets import Target
from setup_local.catalog.toolkit import ToolkitRecipes
from setup_local.plan.options import SEPARATOR, optimizations_text, options_text
from setup_local.values import ArchiveFormat, BuildOption, Linkage, LinkMode, OwnSdk

# The profile's name, and where it lies while CPython is compiled, seen from its source tree.
PROFILE_FILE = "cpython.profdata"
LAYOUT_FILE = "cpython.fdata"
PROFILE = f"../profile/{PROFILE_FILE}"
# The interpreter that runs while CPython is compiled for another processor, seen from the same place.
BUILD_PYTHON = "../build-python/bin/python3"


@dataclass(frozen=True, kw_only=True)
class PlannedLibrary:
    """One library to build, with the sources that its recipe takes; `patches` are those that its version needs."""

    library: Library
    source: Source
    extra_sources: tuple[Source, ...] = ()
    patches: tuple[Patch, ...] = ()

    @property
    def name(self) -> str:
        """Return the library's name in the catalog."""
        return self.library.name

    @property
    def version(self) -> str:
        """Return the version of its source."""
        return self.source.version


@dataclass(frozen=True, kw_only=True)
class SharedObject:
    """A static library (`libz.a`) that is made a shared one, of that version, and the name of that.

    The name is like no other: what is loaded once in a process counts for everybody who needs that name.
    """

    archive: str
    library: str
    version: str

    @property
    def file(self) -> str:
        """Return the shared library's file name, which is its soname."""
        return f"{self.archive.removesuffix('.a')}-setup_local-{self.version}.so"

    @property
    def version_node(self) -> str:
        """Return the version of all its symbols."""
        return f"SETUP_LOCAL_{self.version}"


@dataclass(frozen=True, kw_only=True)
class PlannedExtension:
    """One extension module with every condition already decided.

    `shared_objects` are the files that it links instead of its `archives`, where libraries are shared.
    """

    name: str
    link: LinkMode
    reason: str = ""
    sources: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    shared_objects: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    test: bool = False
    in_core: bool = False
    init: str = ""

    @property
    def init_function(self) -> str:
        """Return the function in the inittab; `NULL` for the modules that the interpreter makes by itself."""
        return self.init or f"PyInit_{self.name}"


@dataclass(frozen=True, kw_only=True)
class AbsentExtension:
    """A module of CPython that does not exist on the plan's target, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PlannedConfigure:
    """How CPython's `configure` is called: every condition decided, every placeholder filled in.

    `links` are flags for the links of single goals of the makefile. `promises` are the build options that the result
    must show, `confirmations` macros of which `configure` must have defined one of each group; `unshipped` is about the programs of the build itself.
    `companion` is the shared libpython beside a program that holds libpython itself, None where there is none.
    `relayout` is the post-link layout of the interpreter, None where it stays as it was linked.
    """

    args: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    cache: tuple[tuple[str, str], ...] = ()
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    links: tuple[tuple[str, tuple[str, ...]], ...] = ()
    promises: tuple[BuildOption, ...] = ()
    confirmations: tuple[tuple[str, ...], ...] = ()
    unshipped: Unshipped | None = None
    companion: Companion | None = None
    relayout: Relayout | None = None

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment variables that `configure` needs besides those of the toolchain."""
        flags = {"CFLAGS_NODIST": " ".join(self.cflags), "LDFLAGS_NODIST": " ".join(self.ldflags)}
        return {**dict(self.environment), **dict(self.cache), **flags}


@dataclass(frozen=True, kw_only=True)
class PlannedBuildPython:
    """The interpreter that runs while CPython is compiled for another processor, and the libraries that it links."""

    recipe: BuildPython
    libraries: tuple[PlannedLibrary, ...]


@dataclass(frozen=True, kw_only=True)
class PlannedProfiling:
    """How the profile of CPython is made: the instrumented build, what it runs, and where LLVM's tools come from.

    `tools` is empty where the host's own LLVM has them; `recipe` is how they are made. `given` is a profile that was made before: then nothing is
    instrumented and run. `native` is the triple of this machine where the target's programs do not run: the profile is then
    that of the same Python built for it, and is `given` before anything is built for the target.
    """

    configure: PlannedConfigure
    training: Training
    recipe: LlvmTools
    tools: tuple[Source, ...] = ()
    given: Path | None = None
    native: str = ""

    @property
    def given_counts(self) -> Path | None:
        """Return the counts of jumps that lie beside the given profile, as in an archive, if there are any."""
        counts = self.given.with_name(LAYOUT_FILE) if self.given else None
        return counts if counts and counts.is_file() else None


@dataclass(frozen=True, kw_only=True)
class ObtainedSource:
    """What was had of a source, and what vouches for it; `size` is in bytes.

    It depends on nothing but the bytes: the place that they came from this time does not matter. `published_by` are the
    kinds of places that publish these very bytes.
    """

    identity: str
    file: str
    sha256: str
    size: int
    trust: Trust
    published_by: tuple[Place, ...]
    signature: SignatureRecord


@dataclass(frozen=True, kw_only=True)
class PlannedCode:
    """Flags that libraries and CPython are all compiled with; builders of extension modules are told of `extension_cflags`."""

    cflags: tuple[str, ...] = ()
    extension_cflags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What a licence means for the whole distribution: under it alone the distribution may be conveyed.

    `libraries` are those that have the licence; `conflicts` are others, with the licence that forbids what it asks for.
    """

    license: str
    libraries: tuple[str, ...]
    conflicts: tuple[tuple[str, str], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what a person should know, a sentence each."""
        because = " and ".join(self.libraries)
        first = (
            f"with {because} in it, the whole distribution may be conveyed only under {self.license}, with its source"
        )
        return (
            first,
            *(
                f"{name} is under {other}, which contradicts {self.license}: it may be used, but not conveyed at all"
                for name, other in self.conflicts
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One distribution to build for `target` on `host`. `floor` is the oldest glibc (`2.12`), empty for musl.

    `tls` is the TLS library (`openssl-3.5`), `libpython` and `dependencies` tell how the interpreter and the
    third-party libraries are linked; `variant` are the words for what is not the default, besides build options.
    `left_out` are the extension modules that the request does not want or make possible, `left_out_programs` patterns
    of programs in `bin/` that do not start without them, `consequences` what the licences of the libraries mean for the
    whole distribution.
    `sysconfig` is what the installation says about compiling, `pip_patch` the patch of the bundled pip. `obtained` is what was
    had of each source, once that is known.
    `llvm_version` is the release of the toolchain's Clang, once it is known which one that is.
    `recipes` are how compilers and C library are made. `emulation` are the sources of what runs the target's programs where the host cannot.
    `code` are the flags that decide about all machine code, besides the target's.
    `python_patches` are the patches of CPython, in order; `deps` is where the merged libraries lie, seen from
    CPython's source tree.
    """

    python: Version
    python_source: Source
    target: Target
    host: BuildHost
    recipes: ToolkitRecipes
    floor: str
    toolchain: str
    sysconfig: Settings
    pip_patch: Patch
    build_options: tuple[BuildOption, ...]
    libraries: tuple[PlannedLibrary, ...]
    extensions: tuple[PlannedExtension, ...]
    tls: str = ""
    libpython: Linkage = Linkage.STATIC
    dependencies: Linkage = Linkage.STATIC
    variant: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    left_out_programs: tuple[str, ...] = ()
    consequences: tuple[Consequence, ...] = ()
    absent: tuple[AbsentExtension, ...] = ()
    shared_objects: tuple[SharedObject, ...] = ()
    shared_ldflags: tuple[str, ...] = ()
    code: PlannedCode = PlannedCode()
    configure: PlannedConfigure = PlannedConfigure()
    build_python: PlannedBuildPython | None = None
    profiling: PlannedProfiling | None = None
    sdk: OwnSdk | None = None
    python_patches: tuple[Patch, ...] = ()
    deps: str = "../deps"
    llvm_version: str = ""
    toolchain_sources: tuple[Source, ...] = ()
    sysroot_sources: tuple[Source, ...] = ()
    emulation: tuple[Source, ...] = ()
    obtained: tuple[ObtainedSource, ...] = ()
    archive_format: ArchiveFormat = ArchiveFormat.ZST

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return every source that building takes, CPython's first."""
        libraries = [source for item in self.libraries for source in (item.source, *item.extra_sources)]
        tools = self.profiling.tools if self.profiling else ()
        return (
            self.python_source,
            *self.toolchain_sources,
            *self.sysroot_sources,
            *self.emulation,
            *tools,
            *libraries,
        )

    @property
    def linked_extensions(self) -> tuple[PlannedExtension, ...]:
        """Return the extension modules that are built, in catalog order."""
        return tuple(item for item in self.extensions if item.link is not LinkMode.DISABLED)

    @property
    def is_cross(self) -> bool:
        """Tell whether what is built are programs of another processor than the one that builds."""
        return not self.host.builds_natively(self.target)

    @property
    def is_static(self) -> bool:
        """Tell whether the interpreter has the whole C library in it, and loads nothing."""
        return BuildOption.STATIC in self.build_options

    @property
    def options_text(self) -> str:
        """Return what is built as it stands in the archive's name (`noopt`, `pgo+lto+shared`)."""
        return SEPARATOR.join((options_text(self.build_options), *self.variant))

    @property
    def optimizations_text(self) -> str:
        """Return how far the compiler goes (`noopt`, `pgo+lto`)."""
        return optimizations_text(self.build_options)

    @property
    def abi_flags(self) -> str:
        """Return what `sys.abiflags` must be, and all names must tell (`t`, `d`, `td`; usually nothing)."""
        return abi_flags(self.build_options)

    @property
    def archive_stem(self) -> str:
        """Return the archive's name without its suffixes."""
        return stem("cpython", str(self.python), self.target.triple, self.options_text)

    @property
    def archive_name(self) -> str:
        """Return the file name of the full archive."""
        return full_name(self.archive_stem, self.archive_format)

    @property
    def for_describing(self) -> Plan:
        """Return the plan without what only packing looks at, and without places of this machine."""
        profiling = dataclasses.replace(self.profiling, given=None) if self.profiling else None
        sdk = dataclasses.replace(self.sdk, path=Path()) if self.sdk else None
        return dataclasses.replace(self, archive_format=ArchiveFormat.ZST, profiling=profiling, sdk=sdk)

    @property
    def for_staging(self) -> Plan:
        """Return the plan without what only later steps look at: it decides nothing about the staged tree."""
        return dataclasses.replace(
            self.for_describing, llvm_version="", variant=(), left_out=(), consequences=(), absent=(), obtained=()
        )

    def libraries_of(self, extension: PlannedExtension) -> tuple[PlannedLibrary, ...]:
        """Return the libraries that an extension links, in catalog order."""
        return tuple(item for item in self.libraries if item.name in extension.libraries)
