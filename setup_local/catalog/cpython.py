"""Model of `data/cpython.toml`: how CPython itself is configured, compiled and linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.when import ALWAYS, When
from setup_local.values import BuildOption, Counters

FILE = "cpython.toml"
SCHEMA = "cpython"


@dataclass(frozen=True, kw_only=True)
class ConfigurePart:
    """Settings of CPython's `configure` that apply if `when` matches.

    `args` are arguments; `environment` variables that only `configure` sees; `cache` answers for its
    checks (`ac_cv_...`); `cflags` and `ldflags` are for CPython's own objects and links but not part of the
    flags with which users build extension modules (`CFLAGS_NODIST`, `LDFLAGS_NODIST`); `links` are additional flags for
    linking single goals of the makefile. `confirmed_by` are macros of which `pyconfig.h` must then define one as 1.
    Placeholders: `{deps}` the libraries' prefix relative to CPython's tree, `{triple}` the target, `{build}` the
    build host, `{build-python}` its interpreter, `{instrument}` the word of `Instrumenting`, `{profile}` the profile and
    `{lto-linker}` the linker of lto-linker.toml, both relative to CPython's tree, `{lto-objects}` the directory of
    `SeparateObjects`, `{archives}` the names of all static libraries that are linked, separated by colons.
    """

    args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    cache: Mapping[str, str] = field(default_factory=dict)
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    confirmed_by: tuple[str, ...] = ()
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class PatchPart:
    """A patch of CPython (`data/patches/<name>`) that is applied if `when` matches."""

    name: str
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class TrainingCommand:
    """Arguments of the interpreter. With `may_fail` it may report failures, but not crash."""

    argv: tuple[str, ...]
    may_fail: bool = False


@dataclass(frozen=True, kw_only=True)
class Training:
    """The workload of an instrumented interpreter, from which the compiler learns what is hot.

    Commands run one after the other in CPython's source tree. `environment` is added to that of the step.
    """

    environment: Mapping[str, str]
    command: tuple[TrainingCommand, ...]


@dataclass(frozen=True, kw_only=True)
class Instrumenting:
    """The word in Clang's flag (`-fprofile-...`) for each place of counters.

    `source_for` says which systems need the source's. So does every target with another word size or byte order than
    the native build.
    """

    words: Mapping[Counters, str]
    source_for: When


@dataclass(frozen=True, kw_only=True)
class BuildPython:
    """The interpreter for the build host, which runs while CPython is compiled for another processor.

    `libraries` are those of the catalog that its modules link; `args` and `environment` are for its `configure`, with
    `{deps}` for the libraries' prefix relative to CPython's tree.
    """

    libraries: tuple[str, ...]
    args: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class BuildPythonPart:
    """Additional arguments of the build Python's `configure`, used if `when` matches."""

    when: When
    args: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unshipped:
    """Programs that only the build itself and CPython's tests run, and additional flags for linking them."""

    programs: tuple[str, ...]
    ldflags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SeparateObjects:
    """Whether CPython is compiled a second time, without link-time optimization, for the objects that are shipped.

    This applies to builds that match `when`. `directory` is where the linker leaves the objects that it has compiled,
    relative to CPython's source tree; `unshipped_ldflags` replace those of `Unshipped`, which expect machine code.
    """

    when: When
    directory: str
    unshipped_ldflags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A shared libpython next to a program that contains libpython, if `when` matches without options of `without`.

    `goal` is the makefile's name for it, `soname` the name of the file; `{ldversion}` in both is the version with the
    ABI flags (`3.13t`). `ldflags` are additional flags for linking it.
    """

    goal: str
    soname: str
    ldflags: tuple[str, ...]
    without: tuple[BuildOption, ...] = ()
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Relayout:
    """Post-link layout of the interpreter with LLVM's BOLT, for builds that match `when`.

    `ldflags` are additional flags for linking it; `counting` are the arguments of llvm-bolt for instrumenting it,
    `layout` those for applying the layout. `copied` are functions and labels whose code the interpreter copies at run
    time, if it contains them: it stays as it was linked.
    """

    when: When
    ldflags: tuple[str, ...]
    counting: tuple[str, ...]
    layout: tuple[str, ...]
    copied: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CPythonCatalog:
    """The whole file.

    `deps` is the libraries' prefix, relative to CPython's source tree; `shared_ldflags` are for making shared
    libraries from the static ones, if a distribution has any.
    """

    deps: str
    shared_ldflags: tuple[str, ...] = ()
    configure: tuple[ConfigurePart, ...]
    build_python: BuildPython
    build_python_part: tuple[BuildPythonPart, ...] = ()
    instrumenting: Instrumenting
    training: Training
    unshipped: Unshipped
    separate_objects: SeparateObjects | None = None
    companion: tuple[Companion, ...] = ()
    relayout: Relayout | None = None
    patch: tuple[PatchPart, ...] = ()


def load_cpython(path: Path | None = None) -> CPythonCatalog:
    """Read how CPython is built; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(CPythonCatalog, read_toml(file, SCHEMA), where=file)
