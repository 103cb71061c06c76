"""Model of `data/cpython.toml`: how CPython itself is configured, compiled and linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.when import ALWAYS, When
from setup_local.values import BuildOption

FILE = "cpython.toml"
SCHEMA = "cpython"


@dataclass(frozen=True, kw_only=True)
class ConfigurePart:
    """Settings of CPython's `configure` that count where `when` holds.

    `args` are arguments; `environment` variables that only `configure` sees; `cache` answers to its
    questions (`ac_cv_...`); `cflags` and `ldflags` go to CPython's own objects and links but not into the
    flags with which users build extension modules (`CFLAGS_NODIST`, `LDFLAGS_NODIST`); `links` are what the links of
    single goals of the makefile have besides. `confirmed_by` are macros of which `pyconfig.h` must then define one as 1.
    Placeholders: `{deps}` the libraries' prefix seen from CPython's tree, `{triple}` the target, `{build}` the
    machine that builds, `{build-python}` its interpreter, `{profile}` the
    profile seen from CPython's tree, `{archives}` the names of all static libraries that are linked, separated by
    colons.
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
    """A patch of CPython (`data/patches/<name>`) that is made where `when` holds."""

    name: str
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class TrainingCommand:
    """Arguments of the interpreter. With `may_fail` it may say that something has failed, but not crash."""

    argv: tuple[str, ...]
    may_fail: bool = False


@dataclass(frozen=True, kw_only=True)
class Training:
    """What an instrumented interpreter runs, so that the compiler learns what matters.

    Commands are run one after the other in CPython's source tree. `environment` is what they get besides that of the step.
    """

    environment: Mapping[str, str]
    command: tuple[TrainingCommand, ...]


@dataclass(frozen=True, kw_only=True)
class BuildPython:
    """The interpreter for the machine that builds, which runs while CPython is compiled for another processor.

    `libraries` are those of the catalog that its modules link; `args` and `environment` are what its `configure` gets, with
    `{deps}` for the libraries' prefix seen from CPython's tree.
    """

    libraries: tuple[str, ...]
    args: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class BuildPythonPart:
    """What the build Python's `configure` gets as well, where `when` holds for what is built with it."""

    when: When
    args: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unshipped:
    """Programs that only the build itself and CPython's tests run, and what their links have besides."""

    programs: tuple[str, ...]
    ldflags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A shared libpython beside the program that holds libpython itself, where `when` holds and with none of the options `without`.

    `goal` is the makefile's name for it, `soname` the name of the file; `{ldversion}` in both is the version with the
    ABI flags (`3.13t`). `ldflags` is what its link has besides.
    """

    goal: str
    soname: str
    ldflags: tuple[str, ...]
    without: tuple[BuildOption, ...] = ()
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Relayout:
    """Post-link layout of the interpreter with LLVM's BOLT, for builds that `when` is about.

    `ldflags` is what its link has besides; `counting` and `layout` are the arguments of llvm-bolt that make it count
    what it runs, and that put it in order by what was counted.
    """

    when: When
    ldflags: tuple[str, ...]
    counting: tuple[str, ...]
    layout: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CPythonCatalog:
    """The whole file.

    `deps` is where the libraries' prefix lies, seen from CPython's source tree; `shared_ldflags` is how shared
    libraries are made of the static ones, where a distribution has such.
    """

    deps: str
    shared_ldflags: tuple[str, ...] = ()
    configure: tuple[ConfigurePart, ...]
    build_python: BuildPython
    build_python_part: tuple[BuildPythonPart, ...] = ()
    training: Training
    unshipped: Unshipped
    companion: tuple[Companion, ...] = ()
    relayout: Relayout | None = None
    patch: tuple[PatchPart, ...] = ()


def load_cpython(path: Path | None = None) -> CPythonCatalog:
    """Read how CPython is built; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(CPythonCatalog, read_toml(file, SCHEMA), where=file)
