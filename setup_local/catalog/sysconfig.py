"""Model of `data/sysconfig.toml`: what an installed distribution says about compiling extensions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from setup_local import paths
from setup_local.catalog.cpython import Companion
from setup_local.catalog.load import convert, read_toml
from setup_local.values import BuildOption, OperatingSystem

_COMMON = "BASECFLAGS"  # the Makefile's variable for flags that apply at every optimization level


@dataclass(frozen=True, kw_only=True)
class Clear:
    """Makefile variables, as shell patterns, that become empty."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Inittab:
    """How the table of built-in modules is recompiled when relinking."""

    cflags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bytecode:
    """Source files, as shell patterns below the installation, whose bytecode is checked at each import."""

    checked: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """Link flags for a program that embeds Python: with the `shared` libpython, or with the static one.

    The static one is `library`, `exports` exports the C API to extensions, `hidden` applies if static libraries are
    linked.
    """

    shared: tuple[str, ...]
    library: tuple[str, ...]
    exports: tuple[str, ...]
    hidden: tuple[str, ...]

    def export_flags(self, archives: Sequence[str]) -> tuple[str, ...]:
        """Return the flags with which a program that links these static libraries exports only the C API."""
        hidden = (flag.format(archives=":".join(archives)) for flag in self.hidden if archives)
        return (*self.exports, *hidden)

    def library_flags(self, directory: str, name: str) -> tuple[str, ...]:
        """Return the flags for a static libpython of this file name."""
        library = name.removeprefix("lib").removesuffix(".a")
        return tuple(flag.format(directory=directory, name=name, library=library) for flag in self.library)


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Differences in builds that have all of `options`, on one of the systems `os` if any are given.

    They are values of variables, flags for the inittab and flags for embedding.
    """

    set: dict[str, str]
    options: tuple[BuildOption, ...] = ()
    os: tuple[OperatingSystem, ...] = ()
    inittab: Inittab | None = None
    embedding: Embedding | None = None

    def matches(self, options: Collection[BuildOption], system: OperatingSystem) -> bool:
        """Return whether it applies."""
        return set(self.options) <= set(options) and (not self.os or system in self.os)


@dataclass(frozen=True, kw_only=True)
class WithCompanion:
    """Differences if there is a shared libpython next to a program that contains libpython itself.

    In `set`, `{goal}` is the library's name for linkers, `{soname}` the name of the file.
    """

    set: dict[str, str]
    config_vars: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole file.

    `prefix` is the one CPython is configured with, `config_vars` are additional sysconfig variables.
    """

    prefix: str
    set: dict[str, str]
    config_vars: dict[str, int]
    companion: WithCompanion
    clear: Clear
    inittab: Inittab
    embedding: Embedding
    bytecode: Bytecode
    changed: tuple[Changed, ...]

    def of(
        self,
        options: Collection[BuildOption],
        companion: Companion | None = None,
        cflags: Sequence[str] = (),
        system: OperatingSystem = OperatingSystem.LINUX,
    ) -> Settings:
        """Return the settings of a build with these options, optionally with a shared libpython next to the program.

        `cflags` are additional flags for builders of extension modules.
        """
        settings = replace(self, set=self.set | {_COMMON: " ".join((self.set[_COMMON], *cflags))})
        if companion:
            names = {"goal": companion.goal, "soname": companion.soname}
            values = {name: value.format(**names) for name, value in self.companion.set.items()}
            config_vars = self.config_vars | self.companion.config_vars
            settings = replace(settings, set=settings.set | values, config_vars=config_vars)
        for part in self.changed:
            if part.matches(options, system):
                settings = replace(
                    settings,
                    set=settings.set | part.set,
                    inittab=part.inittab or settings.inittab,
                    embedding=part.embedding or settings.embedding,
                )
        return settings

    def replacement(self, name: str) -> str | None:
        """Return the new value of a Makefile variable, None if it keeps its own."""
        if name in self.set:
            return self.set[name]
        return "" if any(fnmatchcase(name, pattern) for pattern in self.clear.names) else None


def load_settings() -> Settings:
    """Read the file; raise `CatalogError`."""
    file = paths.DATA / "sysconfig.toml"
    return convert(Settings, read_toml(file, "sysconfig"), where=file)
