"""Model of `data/extensions.toml`: every extension module of CPython and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from setup_local.catalog.when import ALWAYS, When
from setup_local.values import LinkMode


@dataclass(frozen=True, kw_only=True)
class Part:
    """Pieces of an extension module that are added where `when` holds.

    `sources` are below `Modules/` of CPython; `includes` are directories below CPython's source tree
    (`srcdir`) or, with the prefix `deps:`, below the libraries' prefix; `defines` are `NAME` or
    `NAME=value`; `libraries` are names of the library catalog; `archives` the static libraries to link, in
    link order (`libssl.a`); `system` are libraries of the C library (`m`, `crypt`).
    """

    sources: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How a module is linked where `when` holds; the first that matches counts.

    A `disabled` decision says why in `reason`.
    """

    link: LinkMode
    reason: str = ""
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Extension:
    """One extension module: where it exists (`when`), how it is linked, and its parts."""

    name: str
    parts: tuple[Part, ...] = ()
    decisions: tuple[Decision, ...] = (Decision(link=LinkMode.STATIC),)
    when: When = ALWAYS
    test: bool = False
