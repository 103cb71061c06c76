"""What a target allows: model and loader of `data/policy/<triple>.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import cache, cached_property
from pathlib import Path

from setup_local import paths
from setup_local.audit.layout import Layout, load_layout
from setup_local.catalog import load
from setup_local.errors import RequestError
from setup_local.values import BinaryFormat, Libc, without_level

DIRECTORY = paths.DATA / "policy"
COMMON = "common"
UNIX = "unix"


@dataclass(frozen=True, kw_only=True)
class AllowedLibrary:
    """A shared library that may be needed.

    `only` restricts it to files with names that match one of these patterns, `names` to these symbols of it.
    """

    name: str
    only: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AllowedNames:
    """Symbols or paths that files matching `files` may have although the general rule forbids them, and why."""

    files: tuple[str, ...]
    names: tuple[str, ...]
    reason: str

    def covers(self, file: str, name: str) -> bool:
        """Return whether this exception applies to this name in this file."""
        return matches(file, self.files) and matches(name, self.names)


@dataclass(frozen=True, kw_only=True)
class ElfPolicy:
    """Limits for ELF files only."""

    libc: Libc


@dataclass(frozen=True, kw_only=True)
class PePolicy:
    """Limits for Windows files only.

    `newest_system` is the newest Windows that programs may require, `subsystems` what they may be (2 for windows, 3 for
    a console). `allowed_forwarders` are names whose targets may be missing. `vendor_files` are DLLs of the system's
    vendor, unchanged from their publication. `callbacks` is how many functions the C runtime has called for each thread
    before the entry point.
    """

    newest_system: str
    subsystems: tuple[int, ...]
    vendor_files: tuple[str, ...] = ()
    allowed_forwarders: tuple[AllowedNames, ...] = ()
    callbacks: int


@dataclass(frozen=True, kw_only=True)
class MachoPolicy:
    """Limits for Mach-O files only.

    `system_library` is the C library, whose names `libc_functions` lists. `signed` are the processors for which macOS
    runs nothing without a signature. `looked_up` are patterns of names that may be bound to whichever library has them.
    `first_systems` are the versions of macOS that introduced a processor: binaries for it cannot require an older one.
    """

    system_library: str
    signed: tuple[str, ...]
    looked_up: tuple[str, ...]
    first_systems: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All limits for the binaries and files of one target.

    `machine` is the processor, by the format's own name for it; `other_machines` are the additional ones of a universal
    target. `loader` starts programs (empty if programs do not name one). `{floor}` in `platform_tag` is replaced with
    the oldest system. `layout` names the file with the layout of the installation. Limits for one format only are in a
    table with that format's name. `crt_features` are what descriptions must state about the C library. `page_size` is
    the largest page size of kernels for the target. `default_floor` applies if no description names a floor;
    `newest_floor` is the newest that may be named (both are empty without symbol versions).

    `libc_functions` names the file, next to the policy, that lists the C library's functions; `unmistakable` are those
    of them that are not acceptable even as a file's own local functions. `compiler_functions` are patterns of its
    functions that only compilers call and that are in no such list. `own_libraries` are patterns of shared libraries
    that a distribution may provide from Python itself, `private_libraries` of others, which have their own names and
    symbol versions.

    `machine_paths` are prefixes of paths that exist only on a build machine, `drive_directories` the equivalent names
    of directories below a drive (`C:`); `known_paths` are whole paths that programs name for good reasons.
    `unnamed_files` need not be listed in PYTHON.json; `foreign_files` may be for other systems, so they are not checked
    as binaries. `other_code` are static libraries whose code is compiled differently from all other code. `laid_out` is
    whether hot code is contiguous in interpreters with pgo and lto, unless their names say otherwise.
    `allowed_instructions` names functions that are chosen at run time if the processor supports them.
    """

    triple: str
    format: BinaryFormat
    layout: str = UNIX
    machine: str
    other_machines: tuple[str, ...] = ()
    bits: int
    loader: str = ""
    platform_tag: str
    default_floor: str = ""
    newest_floor: str = ""
    crt_features: tuple[str, ...] = ()
    page_size: int = 4096
    needed: tuple[AllowedLibrary, ...]
    own_libraries: tuple[str, ...] = ()
    private_libraries: tuple[str, ...] = ()
    interpreter_exports: tuple[str, ...]
    module_exports: tuple[str, ...]
    library_exports: tuple[str, ...]
    allowed_exports: tuple[AllowedNames, ...] = ()
    libc_functions: str = ""
    unmistakable: tuple[str, ...] = ()
    compiler_functions: tuple[str, ...] = ()
    allowed_functions: tuple[AllowedNames, ...] = ()
    machine_paths: tuple[str, ...]
    drive_directories: tuple[str, ...] = ()
    known_paths: tuple[str, ...] = ()
    allowed_paths: tuple[AllowedNames, ...] = ()
    text_files: tuple[str, ...]
    unnamed_files: tuple[str, ...] = ()
    foreign_files: tuple[str, ...] = ()
    other_code: tuple[str, ...] = ()
    laid_out: bool = False
    allowed_instructions: tuple[AllowedNames, ...] = ()
    elf: ElfPolicy | None = None
    pe: PePolicy | None = None
    mach_o: MachoPolicy | None = None

    @property
    def libc(self) -> Libc | None:
        """Return the C library of a target with ELF files, None for any other."""
        return self.elf.libc if self.elf else None

    @property
    def tree(self) -> Layout:
        """Return the layout of an installation."""
        return load_layout(self.layout)

    @property
    def machines(self) -> tuple[str, ...]:
        """Return the processors of the target; a universal one has several."""
        return (self.machine, *self.other_machines)

    def offers(self, library: str, name: str) -> bool:
        """Return whether a system library has a symbol, as far as is known."""
        if self.mach_o and library == self.mach_o.system_library:
            return name in self.functions
        known = next((item.names for item in self.needed if item.name == library), ())
        return not known or name in known

    @cached_property
    def functions(self) -> dict[str, tuple[int, ...]]:
        """Return the C library's functions and the version that introduced each, empty if there are no versions."""
        return _functions(self.libc_functions) if self.libc_functions else {}

    def needs(self, library: str, file: str) -> bool:
        """Return whether this file may need this shared library of the system."""
        name = file.rpartition("/")[2]
        library = self.comparable(library)
        return any(
            self.comparable(item.name) == library and (not item.only or matches(name, item.only))
            for item in self.needed
        )

    def comparable(self, library: str) -> str:
        """Return a library's name in a comparable form: Windows ignores case."""
        return library.lower() if self.format is BinaryFormat.PE else library

    def is_libpython(self, library: str) -> bool:
        """Return whether a shared library that is needed is Python's own."""
        return self.tree.is_libpython(self.comparable(library.rpartition("/")[2]))

    def brings(self, library: str) -> bool:
        """Return whether a distribution may provide this shared library itself."""
        return matches(self.comparable(library), self.own_libraries) or self.is_private(library)

    def is_private(self, library: str) -> bool:
        """Return whether a shared library has a name that only our third-party libraries have."""
        return matches(library, self.private_libraries)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a shell pattern matches the whole name."""
    return _expression(patterns).match(name) is not None


def places(path: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a path, or its end after any directory, matches a pattern for paths in a distribution."""
    return _expression(_anywhere(patterns)).match(path) is not None


@cache
def _anywhere(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return (*patterns, *(f"*/{pattern}" for pattern in patterns))


@cache
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return one expression that matches whole names for any of the shell patterns."""
    return re.compile("|".join(map(translate, patterns)) or r"(?!)")


def version(text: str) -> tuple[int, ...]:
    """Return `2.12` as (2, 12); an empty tuple for anything that is not a version."""
    return tuple(int(part) for part in text.split(".")) if re.fullmatch(r"\d+(\.\d+)*", text) else ()


def named_floor(words: Iterable[str]) -> str:
    """Return the oldest glibc or macOS (`2.17`) in the words of an archive's name (`glibc2.17`), empty if none."""
    found = (re.fullmatch(r"(?:glibc|macos)(\d+\.\d+)", word) for word in words)
    return next((match[1] for match in found if match), "")


def triples() -> tuple[str, ...]:
    """Return the targets that have a policy."""
    return tuple(sorted(path.stem for path in DIRECTORY.glob("*.toml")))


def triple_in(target: str) -> str | None:
    """Return the triple with a policy at the beginning of a target in an archive's name; build options may follow."""
    found = [triple for triple in triples() if f"{without_level(target)}-".startswith(f"{triple}-")]
    return max(found, key=len, default=None)


@cache
def load_policy(triple: str) -> Policy:
    """Read the policy of a target, the same for all levels of its processors. Raises `RequestError`, `CatalogError`."""
    system = without_level(triple)
    path = DIRECTORY / f"{system}.toml"
    if system not in triples():
        raise RequestError(f"no policy for the target {triple!r}", hint=f"known targets: {', '.join(triples())}")
    return load.convert(Policy, load.read_inheriting(path, "policy", DIRECTORY / COMMON), where=path)


@cache
def _functions(name: str) -> dict[str, tuple[int, ...]]:
    lines = Path(DIRECTORY / name).read_text(encoding="ascii").splitlines()
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {function: version(introduced) for function, _, introduced in pairs}
