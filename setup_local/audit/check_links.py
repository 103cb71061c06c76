"""Rules that check the stated links against the symbols that objects require: PYTHON.json must suffice to relink."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from setup_local.audit.check_binary import listed
from setup_local.audit.description import Extension, Link
from setup_local.audit.facts import Distribution, FileFacts
from setup_local.audit.model import Group, Rule
from setup_local.audit.policy import Policy, matches
from setup_local.binfmt.coff_symbols import POINTER
from setup_local.values import BinaryFormat

Breaches = Iterator[tuple[str, str]]
_BY_LINKER = ("section$", "segment$", "__start_", "__stop_", "__init_array_", "__fini_array_", "__preinit_array_")
_LINKER_NAMES = frozenset(
    {
        "_GLOBAL_OFFSET_TABLE_",
        "_DYNAMIC",
        "__ehdr_start",
        "_mh_execute_header",
        "__dso_handle",
        "_TLS_MODULE_BASE_",
        ".TOC.",
        "_end",
        "_edata",
        "_etext",
    }
)


def _wanted(dist: Distribution, paths: Iterable[str]) -> frozenset[str]:
    """Return the symbols that object files require and do not define for one another.

    Windows objects name a pointer to a symbol that may be in a DLL; linkers create one for a symbol that is not.
    """
    tables = [binary.image.symbols for path in paths if path in dist.files for binary in dist.files[path].binaries]
    names = frozenset().union(*(table.undefined - table.optional for table in tables))
    wanted = frozenset(name.removeprefix(POINTER) for name in names)
    return wanted - frozenset().union(*(table.linkable for table in tables)) - _LINKER_NAMES


def _offered(dist: Distribution, links: Iterable[Link], objects: Iterable[str] = ()) -> frozenset[str]:
    libraries = (link.path_static for link in links if link.path_static)
    return frozenset().union(*(dist.linkable(path) for path in (*libraries, *objects)))


def _from_system(dist: Distribution) -> frozenset[str]:
    """Return what libpython imports from shared libraries, and what every program links from the C library."""
    if dist.carrier is None or dist.carrier.image is None:
        return frozenset()
    names = (name for item in dist.policy.allowed_functions for name in item.names)
    return _imported(dist.carrier) | frozenset(names)


def _imported(facts: FileFacts | None) -> frozenset[str]:
    """Return what a program or a library imports from shared libraries.

    Windows' C runtime prefixes POSIX names with an underscore (`_close`); import libraries also offer them without it.
    """
    if facts is None or facts.image is None:
        return frozenset()
    imports = facts.image.imports
    if facts.image.format is BinaryFormat.PE:
        imports |= {name.removeprefix("_") for name in imports}
    return imports


def _of_c_library(dist: Distribution) -> frozenset[str]:
    """Return the functions of the oldest C library on which the interpreter runs.

    The interpreter need not use everything that objects require of it: a link-time optimizer replaces some functions,
    others are replaced by another function (ld(1), `--wrap`), and of an archive, only the needed objects are linked (up
    to 3.10).
    """
    binaries = dist.program.binaries if dist.program else ()
    return frozenset(name for item in binaries for name, since in dist.policy.functions.items() if since <= item.floor)


def _complete(dist: Distribution) -> Breaches:
    info = dist.description.build_info
    always = [item for _, item in dist.description.extensions() if item.builtin and item.required]
    core = (*info.core.objs, *(path for item in always for path in item.objs))
    links = (*info.core.links, *(link for item in always for link in item.links))
    common = _from_system(dist) | _of_c_library(dist) | _offered(dist, links, (*core, info.inittab_object))
    yield from _missing("the core", _wanted(dist, core) - common, dist.policy)
    for label, extension in dist.description.extensions():
        if not (extension.builtin and extension.required):
            offered = common | _offered(dist, extension.links) | _from_module(dist, extension)
            yield from _missing(label, _wanted(dist, extension.objs) - offered, dist.policy)


def _from_module(dist: Distribution, extension: Extension) -> frozenset[str]:
    """Return what a shared module imports from shared libraries and from the interpreter."""
    return _imported(dist.files.get(extension.shared_lib or ""))


def _missing(label: str, names: frozenset[str], policy: Policy) -> Breaches:
    by_linker = (name for name in names if name.startswith(_BY_LINKER))
    missing = names.difference(by_linker, (name for name in names if matches(name, policy.compiler_functions)))
    if missing:
        yield label, f"its objects need symbols that neither the core nor its links define: {listed(missing)}"


def _used(dist: Distribution) -> Breaches:
    for label, extension in dist.description.extensions():
        if not extension.objs:
            continue
        wanted = _closure(dist, extension.objs, extension.links)
        for link in extension.links:
            if link.path_static and not dist.linkable(link.path_static) & wanted:
                yield label, f"its objects use nothing from {link.path_static}"


def _closure(dist: Distribution, objects: Iterable[str], links: Iterable[Link]) -> frozenset[str]:
    """Return the symbols that the objects and every library of their links require."""
    libraries = (link.path_static for link in links if link.path_static)
    wanted = _wanted(dist, objects)
    return wanted.union(*(_all_undefined(dist, path) for path in libraries))


def _all_undefined(dist: Distribution, path: str) -> frozenset[str]:
    facts = dist.files.get(path)
    own = dist.linkable(path)
    return frozenset().union(*(item.image.symbols.undefined for item in facts.binaries)) - own if facts else frozenset()


RULES: tuple[Rule[Distribution], ...] = tuple(
    Rule(id=name, title=title, group=Group.DESCRIPTION, check=check)
    for name, title, check in (
        ("links-complete", "PYTHON.json names everything that is needed to link the objects", _complete),
        ("links-used", "extensions use every bundled library in their links", _used),
    )
)
