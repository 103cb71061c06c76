"""The options that choose a variant: the same for every command that plans a distribution."""

from __future__ import annotations

import functools
import inspect
import platform
from collections.abc import Callable, Iterable
from typing import Any

import click

from setup_local.commands.choice import EnumChoice
from setup_local.errors import RequestError
from setup_local.values import (
    DEFAULT_TRIPLES,
    NATIVE,
    NO_OPTIONS,
    OPTIMIZED,
    WITHOUT_LAYOUT,
    LayoutChoice,
    Linkage,
    OperatingSystem,
    Request,
    system_of,
)

_MUSL_TRIPLE = "x86_64-unknown-linux-musl"
_LIBRESSL = "libressl"
_TLS_FEATURE = "ssl"
_LINKAGES = EnumChoice(Linkage)
_DEFAULTS = ", ".join(f"{triple} ({system.command})" for system, triple in DEFAULT_TRIPLES.items())

_OPTIONS = (
    click.option(
        "--target-triple",
        metavar="TRIPLE",
        help=f"System to build for: a target triple, x86_64_v3-... for newer processors, or native for this machine.  [default: {_DEFAULTS}]",
    ),
    click.option("--system", type=EnumChoice(OperatingSystem), hidden=True),
    click.option("--musl", is_flag=True, help=f"The same as --target-triple {_MUSL_TRIPLE}."),
    click.option("--optimized", is_flag=True, help=f"The fastest build: the same as --options {OPTIMIZED}."),
    click.option(
        "--options",
        metavar="OPTIONS",
        help=f"freethreaded, debug, pgo, lto, static, joined by +.  [default: {NO_OPTIONS}]",
    ),
    click.option(
        "--no-layout", is_flag=True, help=f"With {OPTIMIZED}: leave out the post-link layout of the interpreter (BOLT)."
    ),
    click.option("--glibc", metavar="X.Y", help="Oldest glibc the result runs on.  [default: the target's]"),
    click.option("--macos-minimum", metavar="X.Y", help="Oldest macOS the result runs on.  [default: the target's]"),
    click.option("--openssl", metavar="X.Y", help="OpenSSL of this series.  [default: the newest that fits]"),
    click.option(
        "--libressl",
        is_flag=False,
        flag_value="",
        metavar="[X.Y]",
        help="LibreSSL instead of OpenSSL, of this series.  [default: the newest]",
    ),
    click.option("--libpython", type=_LINKAGES, default="static", show_default=True, help="How libpython is linked."),
    click.option(
        "--link-dependencies",
        type=_LINKAGES,
        default="static",
        show_default=True,
        help="How the third-party libraries are linked.",
    ),
    click.option(
        "--extensions",
        type=_LINKAGES,
        default="static",
        show_default=True,
        help="For Windows: how extension modules are linked, shared for one .pyd file each.",
    ),
    click.option(
        "--with",
        "with_features",
        multiple=True,
        metavar="FEATURE",
        help="Add a feature that is off by default: readline, gdbm, tail-call-interpreter. May be repeated, or list several"
        " separated by commas.",
    ),
    click.option(
        "--without",
        "without_features",
        multiple=True,
        metavar="FEATURE",
        help="Leave out a group of extension modules (tkinter, ssl, ...), or a property of the code (frame-pointers, hardening)."
        " `setup-local emit --features` lists them.",
    ),
    click.option(
        "--without-modules",
        multiple=True,
        metavar="MODULE",
        help="Leave out single extension modules, separated by commas.",
    ),
)


def variant_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a variant to a command, as one argument `variant`: a request without a Python."""

    @functools.wraps(command)
    def with_variant(**values: Any) -> None:
        wishes = {name: values.pop(name) for name in inspect.signature(_requested).parameters}
        command(variant=_requested(**wishes), **values)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), with_variant)


def _requested(
    *,
    system: OperatingSystem | None,
    target_triple: str | None,
    musl: bool,
    optimized: bool,
    options: str | None,
    no_layout: bool,
    glibc: str | None,
    macos_minimum: str | None,
    openssl: str | None,
    libressl: str | None,
    libpython: Linkage,
    link_dependencies: Linkage,
    extensions: Linkage,
    with_features: tuple[str, ...],
    without_features: tuple[str, ...],
    without_modules: tuple[str, ...],
) -> Request:
    """Return the request that the options describe; each parameter is the option of that name."""
    refuse_useless_tls(openssl=openssl, without=listed(without_features))
    return Request(
        python="",
        target_triple=choose_triple(system, musl=musl, triple=target_triple),
        glibc=glibc,
        macos_minimum=macos_minimum,
        options=choose_options(optimized=optimized, options=options),
        layout=choose_layout(optimized=optimized, no_layout=no_layout),
        tls=choose_tls(openssl=openssl, libressl=libressl),
        libpython=libpython,
        dependencies=link_dependencies,
        extensions=extensions,
        with_features=listed(with_features),
        without_features=listed(without_features),
        without_modules=listed(without_modules),
    )


def listed(values: Iterable[str]) -> tuple[str, ...]:
    """Return the names in an option that may be repeated and may list several names separated by commas."""
    return tuple(name for value in values for name in value.replace(",", " ").split())


def choose_triple(system: OperatingSystem | None, *, musl: bool, triple: str | None) -> str:
    """Return the target triple selected by `musl` or `triple`.

    `system` is the one that the command builds for, None for commands that cover all. Raises `RequestError` if the
    options contradict each other, or for the target of another command.
    """
    if musl and triple not in (None, _MUSL_TRIPLE):
        raise RequestError(f"--musl means --target-triple {_MUSL_TRIPLE}, not {triple}", hint="leave one of them out")
    chosen = _MUSL_TRIPLE if musl else triple or _default_triple(system or OperatingSystem.LINUX)
    if chosen == NATIVE:
        chosen = _own_triple()
    meant = system_of(chosen)
    if system and meant not in (None, system):
        what = f"{system.command} builds for {system.title}, and {chosen} is {meant.title}"
        raise RequestError(what, hint=f"{meant.command} --target-triple {chosen}")
    return chosen


def _default_triple(system: OperatingSystem) -> str:
    """Return the target of a command without a requested one: on a Mac, `build-macos.py` builds for its processor."""
    on_mac = system is OperatingSystem.DARWIN and platform.system() == "Darwin"
    return NATIVE if on_mac else DEFAULT_TRIPLES[system]


def _own_triple() -> str:
    """Return the target of this machine; raise `HostError` if nothing is built on such machines."""
    from setup_local.catalog.hosts import this_host
    from setup_local.catalog.targets import load_targets

    return this_host(load_targets()).target.triple


def choose_options(*, optimized: bool, options: str | None) -> str:
    """Return the build options selected by `optimized` or `options`; raise `RequestError` if they disagree."""
    if optimized and options not in (None, OPTIMIZED):
        raise RequestError(f"--optimized means --options {OPTIMIZED}, not {options}", hint="leave one of them out")
    if options is not None and not options.strip():
        raise RequestError("an empty list of build options", where="--options ''", hint="for example --options debug")
    return OPTIMIZED if optimized else options or NO_OPTIONS


def choose_layout(*, optimized: bool, no_layout: bool) -> LayoutChoice:
    """Return whether an optimized build gets a layout; raise `RequestError` if the options contradict each other."""
    if optimized and no_layout:
        raise RequestError("--optimized includes the layout", hint=WITHOUT_LAYOUT)
    return LayoutChoice.NONE if no_layout else LayoutChoice.AUTO


def refuse_useless_tls(*, openssl: str | None, without: tuple[str, ...]) -> None:
    """Raise `RequestError` for the choice of a TLS library that the build would not use."""
    if openssl and _TLS_FEATURE in without:
        where = f"--openssl {openssl} --without {_TLS_FEATURE}"
        raise RequestError(
            "selects a library and leaves out the modules that need it", where=where, hint="leave one of them out"
        )


def choose_tls(*, openssl: str | None, libressl: str | None) -> str:
    """Return the TLS library selected by two options, empty for the default; raise `RequestError` if they disagree.

    `libressl` is a series, empty for the newest, None for another library.
    """
    if openssl and libressl is not None:
        raise RequestError("--openssl and --libressl contradict each other", hint="leave one of them out")
    if libressl is not None:
        return f"{_LIBRESSL}-{libressl}" if libressl else _LIBRESSL
    return f"openssl-{openssl}" if openssl else ""
