"""The plan: every decision made before anything runs, as frozen values."""

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
from setup_local.values import ArchiveFormat, BuildOption, Counters, Linkage, LinkMode, OwnSdk

# The profile's name, and its path during CPython's compilation, relative to CPython's source tree.
PROFILE_FILE = "cpython.profdata"
LAYOUT_FILE = "cpython.fdata"
PROFILE = f"../profile/{PROFILE_FILE}"
# The linker for link-time optimization if it is not the toolchain's own, relative to the same tree.
LTO_LINKER = "../lto-linker/bin"
# The interpreter that runs while CPython is compiled for another processor, relative to the same tree.
BUILD_PYTHON = "../build-python/bin/python3"


@dataclass(frozen=True, kw_only=True)
class PlannedLibrary:
    """One library to build, with the sources that its recipe uses; `patches` are those that its version needs."""

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
    """A static library (`libz.a`) that is turned into a shared one: its version, and the shared library's name.

    The name is unique: a library loaded once in a process satisfies everything that needs that name.
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
        """Return the version node of all its symbols."""
        return f"SETUP_LOCAL_{self.version}"


@dataclass(frozen=True, kw_only=True)
class PlannedExtension:
    """One extension module with every condition already decided.

    `shared_objects` are the files that it links instead of its `archives` if libraries are shared.
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
        """Return the function in the inittab; `NULL` for modules that the interpreter creates itself."""
        return self.init or f"PyInit_{self.name}"


@dataclass(frozen=True, kw_only=True)
class AbsentExtension:
    """A module of CPython that does not exist on the plan's target, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PlannedConfigure:
    """How CPython's `configure` is called: every condition decided, every placeholder filled in.

    `links` are flags for linking individual goals of the makefile. `promises` are the build options that the result
    must show; `confirmations` are groups of macros, of each of which `configure` must have defined one; `unshipped` is
    about the build's own programs. `companion` is the shared libpython next to a program that contains libpython,
    None if there is none.
    `relayout` is the post-link layout of the interpreter, None if it keeps the linker's.
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
        """Return the environment variables that `configure` needs in addition to those of the toolchain."""
        flags = {"CFLAGS_NODIST": " ".join(self.cflags), "LDFLAGS_NODIST": " ".join(self.ldflags)}
        return {**dict(self.environment), **dict(self.cache), **flags}


@dataclass(frozen=True, kw_only=True)
class PlannedObjects:
    """How the objects that are shipped are compiled if they are not those that are linked.

    `directory` is where the linker leaves its own objects, relative to CPython's source tree.
    """

    configure: PlannedConfigure
    directory: str


@dataclass(frozen=True, kw_only=True)
class PlannedLto:
    """What link-time optimization needs besides flags: nothing where objects are fat and the linker can compile.

    `linker` is how the linker is made if it is not the toolchain's own; its sources are among those of the toolchain.
    """

    objects: PlannedObjects | None = None
    linker: LlvmTools | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedBuildPython:
    """The interpreter that runs while CPython is compiled for another processor, and the libraries that it links."""

    recipe: BuildPython
    libraries: tuple[PlannedLibrary, ...]


@dataclass(frozen=True, kw_only=True)
class PlannedProfiling:
    """How the profile of CPython is made: the instrumented build, what it runs, and where LLVM's tools come from.

    `counters` says where the compiler counts; a given profile must come from such counters, too.
    `tools` is empty if the host's own LLVM has them; `recipe` is how they are made. `given` is an existing profile:
    nothing is instrumented or run then. `native` is the triple of this machine if the target's programs do not run
    here: the profile is then that of the same Python built for this machine, and is `given` before anything is built
    for the target.
    """

    configure: PlannedConfigure
    counters: Counters
    training: Training
    recipe: LlvmTools
    tools: tuple[Source, ...] = ()
    given: Path | None = None
    native: str = ""

    @property
    def given_counts(self) -> Path | None:
        """Return the jump counts next to the given profile, as in an archive, if there are any."""
        counts = self.given.with_name(LAYOUT_FILE) if self.given else None
        return counts if counts and counts.is_file() else None


@dataclass(frozen=True, kw_only=True)
class ObtainedSource:
    """What was obtained of a source, and what vouches for it; `size` is in bytes.

    It depends on nothing but the bytes, not on where they came from this time. `published_by` are the kinds of
    places that publish exactly these bytes.
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
    """Flags for compiling libraries and CPython; `extension_cflags` are also passed on to builders of extensions."""

    cflags: tuple[str, ...] = ()
    extension_cflags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What a licence means for the whole distribution, which may be conveyed only under that licence.

    `libraries` are those under the licence; `conflicts` are others, with their licence that contradicts it.
    """

    license: str
    libraries: tuple[str, ...]
    conflicts: tuple[tuple[str, str], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the explanation for users, one sentence each."""
        because = " and ".join(self.libraries)
        first = f"because it contains {because}, the whole distribution may be conveyed only under {self.license}, with its source"
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

    `tls` is the TLS library (`openssl-3.5`), `libpython` and `dependencies` say how the interpreter and the
    third-party libraries are linked; `variant` are the words for what is not the default, apart from build options.
    `left_out` are the extension modules that the request excludes or rules out, `left_out_programs` patterns
    of programs in `bin/` that do not start without them, `consequences` what the licences of the libraries mean for the
    whole distribution.
    `sysconfig` is what the installation says about compiling, `pip_patch` the patch of the bundled pip. `obtained` is
    what was obtained of each source, once known.
    `llvm_version` is the release of the toolchain's Clang, once known.
    `recipes` are how compilers and C library are made. `emulation` are the sources of the emulator that runs the
    target's programs if the host cannot.
    `code` are the flags for all machine code, in addition to the target's.
    `python_patches` are the patches of CPython, in order; `deps` is the directory of the merged libraries, relative to
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
    lto: PlannedLto = PlannedLto()
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
        """Return every source that the build uses, CPython's first."""
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
    def interpreter(self) -> str:
        """Return the file name of the interpreter in `bin/`."""
        return f"python{self.python.major}.{self.python.minor}{self.abi_flags}"

    @property
    def linked_extensions(self) -> tuple[PlannedExtension, ...]:
        """Return the extension modules that are built, in catalog order."""
        return tuple(item for item in self.extensions if item.link is not LinkMode.DISABLED)

    @property
    def is_cross(self) -> bool:
        """Return whether the build is a cross build: for another processor than that of the build host."""
        return not self.host.builds_natively(self.target)

    @property
    def is_static(self) -> bool:
        """Return whether the interpreter contains the whole C library and loads nothing."""
        return BuildOption.STATIC in self.build_options

    @property
    def options_text(self) -> str:
        """Return the build options as written in the archive name (`noopt`, `pgo+lto+shared`)."""
        return SEPARATOR.join((options_text(self.build_options), *self.variant))

    @property
    def optimizations_text(self) -> str:
        """Return the optimizations (`noopt`, `pgo+lto`)."""
        return optimizations_text(self.build_options)

    @property
    def abi_flags(self) -> str:
        """Return the value of `sys.abiflags`, which names must contain (`t`, `d`, `td`; usually nothing)."""
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
        """Return the plan without what only packing uses, and without paths of this machine."""
        profiling = dataclasses.replace(self.profiling, given=None) if self.profiling else None
        sdk = dataclasses.replace(self.sdk, path=Path()) if self.sdk else None
        return dataclasses.replace(self, archive_format=ArchiveFormat.ZST, profiling=profiling, sdk=sdk)

    @property
    def for_staging(self) -> Plan:
        """Return the plan without what only later steps use and what does not affect the staged tree."""
        return dataclasses.replace(
            self.for_describing, llvm_version="", variant=(), left_out=(), consequences=(), absent=(), obtained=()
        )

    def libraries_of(self, extension: PlannedExtension) -> tuple[PlannedLibrary, ...]:
        """Return the libraries that an extension links, in catalog order."""
        return tuple(item for item in self.libraries if item.name in extension.libraries)
