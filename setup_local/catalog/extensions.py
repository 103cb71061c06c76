"""Model of `data/extensions.toml`: every extension module of CPython and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.when import ALWAYS, Facts, When
from setup_local.values import LinkMode

FILE = "extensions.toml"
SCHEMA = "extensions"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Pieces of an extension module that are added if `when` matches.

    `sources` are below `Modules/` of CPython; `includes` are directories below CPython's source tree
    (`srcdir`) or, with the prefix `deps:`, below the libraries' prefix; `defines` are `NAME` or
    `NAME=value`; `libraries` are names of the library catalog; `archives` the static libraries to link, in
    link order (`libssl.a`); `system` are libraries of the C library (`m`, `crypt`), `frameworks` those of macOS.
    `exports` are the archives whose public symbols a shared module exports, `ldflags` are for the link of a shared
    module.
    """

    sources: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How a module is linked if `when` matches; the first match counts.

    A `disabled` decision gives the reason in `reason`.
    """

    link: LinkMode
    reason: str = ""
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Extension:
    """One extension module: where it exists (`when`), how it is linked, and its parts.

    `in_core` matches if CPython links the module itself (`Setup.bootstrap`, `config.c.in`), so that `Setup.local` must
    not list it. `init` is the function in the inittab if it is not `PyInit_<name>` (`NULL`: none). `elsewhere` says why
    a target that `when` excludes does not have the module. `needs` are the extension modules that it cannot work
    without.
    """

    name: str
    parts: tuple[Part, ...] = ()
    decisions: tuple[Decision, ...] = (Decision(link=LinkMode.STATIC),)
    when: When = ALWAYS
    in_core: When | None = None
    init: str = ""
    elsewhere: str = ""
    test: bool = False
    needs: tuple[str, ...] = ()

    def is_core(self, facts: Facts) -> bool:
        """Return whether CPython links this module itself."""
        return self.in_core is not None and self.in_core.matches(facts)

    def decision(self, facts: Facts) -> Decision | None:
        """Return how the module is linked, None if no decision matches."""
        return next((item for item in self.decisions if item.when.matches(facts)), None)


@dataclass(frozen=True, kw_only=True)
class ExtensionCatalog:
    """The whole file, in its order; a name may occur several times if the conditions exclude each other."""

    extensions: tuple[Extension, ...]


def load_extensions(path: Path | None = None) -> tuple[Extension, ...]:
    """Read the catalog of extension modules; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(ExtensionCatalog, read_toml(file, SCHEMA), where=file).extensions
