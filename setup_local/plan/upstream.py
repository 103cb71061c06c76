"""Parses the files in which CPython itself declares its extension modules: text in, facts out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePosixPath

from setup_local.plan.setup_script import scan_setup_script, source_of

BOOTSTRAP = "Modules/Setup.bootstrap.in"
STDLIB = "Modules/Setup.stdlib.in"
SETUP = "Modules/Setup"
CONFIG = "Modules/config.c.in"
MAKEFILE = "Makefile.pre.in"
SCRIPT = "setup.py"
PATCHLEVEL = "Include/patchlevel.h"
FILES = (BOOTSTRAP, STDLIB, SETUP, CONFIG, MAKEFILE, SCRIPT, PATCHLEVEL)

_TEMPLATE = re.compile(r"^#?@MODULE_\w+_TRUE@")
_SUBSTITUTION = re.compile(r"@\w+@")
_SECTION = re.compile(r"^\*(\w+|@\w+@)\*$")
_INITTAB = re.compile(r'\{"(\w+)",\s*(\w+)\}')
_ARCHIVE = re.compile(r"^(\w+)_A\s*=\s*(\S+\.a)\s*$", re.MULTILINE)
_OBJECTS = re.compile(r"^(\w+_OBJS)\s*=", re.MULTILINE)
_MODULE_OBJECTS = re.compile(r"^MODULE_(\w+)_LDEPS\s*=\s*\$\((\w+)_LIB_@\w+@\)", re.MULTILINE)
_RULE = re.compile(r"^(Modules/\S+\.o):", re.MULTILINE)
_REFERENCE = re.compile(r"\$\((\w+)\)")
_SOURCE_SUFFIXES = (".c", ".cc", ".cpp", ".cxx", ".c++", ".m")


class Origin(Enum):
    """The file that declares a module."""

    INITTAB = "config.c.in"
    BOOTSTRAP = "Setup.bootstrap"
    CORE_SETUP = "Setup (linked by CPython itself)"
    STDLIB = "Setup.stdlib"
    SETUP = "Setup"
    SCRIPT = "setup.py"


@dataclass(frozen=True, kw_only=True)
class UpstreamModule:
    """One extension module as CPython declares it; `sources` are below `Modules/`.

    `optional_sources` are added by `setup.py` or `configure` on some systems only. `must_be_shared` is true
    for test modules that CPython refuses to build in. `init` is the function in `config.c.in`.
    """

    name: str
    origin: Origin
    sources: tuple[str, ...] = ()
    optional_sources: tuple[str, ...] = ()
    must_be_shared: bool = False
    init: str = ""

    @property
    def in_core(self) -> bool:
        """Return whether CPython itself links the module into every interpreter."""
        return self.origin in (Origin.INITTAB, Origin.BOOTSTRAP, Origin.CORE_SETUP)


@dataclass(frozen=True, kw_only=True)
class BundledObjects:
    """Sources of objects that CPython's makefile links into a module in addition to those on its Setup line."""

    sources: tuple[str, ...] = ()
    optional_sources: tuple[str, ...] = ()

    def added_to(self, module: UpstreamModule) -> UpstreamModule:
        """Return the module with these sources."""
        return replace(
            module,
            sources=tuple(dict.fromkeys((*module.sources, *self.sources))),
            optional_sources=(*module.optional_sources, *self.optional_sources),
        )


_NO_OBJECTS = BundledObjects()


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """The facts about a CPython source tree: its version, its modules by name, and its files.

    `files` are paths below `Modules/`; `directories` are all directories below the tree.
    """

    version: str
    modules: Mapping[str, UpstreamModule]
    files: frozenset[str]
    directories: frozenset[str]


def parse_upstream(texts: Mapping[str, str], paths: Iterable[str]) -> Upstream:
    """Parse the texts of `FILES` (those that exist) and all paths of the tree into facts.

    The first declaration of a module counts, as with makesetup.
    """
    modules: dict[str, UpstreamModule] = {}
    archives = parse_archives(texts.get(MAKEFILE, ""))
    bundled = parse_module_objects(texts.get(MAKEFILE, ""))
    for module in _declarations(texts, archives):
        modules.setdefault(module.name, bundled.get(module.name.upper(), _NO_OBJECTS).added_to(module))
    known = [PurePosixPath(path) for path in paths]
    return Upstream(
        version=parse_version(texts.get(PATCHLEVEL, "")),
        modules=modules,
        files=frozenset(str(path.relative_to("Modules")) for path in known if path.is_relative_to("Modules")),
        directories=frozenset(str(parent) for path in known for parent in path.parents),
    )


def _declarations(texts: Mapping[str, str], archives: Mapping[str, tuple[str, ...]]) -> Iterator[UpstreamModule]:
    yield from parse_inittab(texts.get(CONFIG, ""))
    yield from parse_setup(texts.get(BOOTSTRAP, ""), Origin.BOOTSTRAP, archives)
    yield from parse_setup(texts.get(STDLIB, ""), Origin.STDLIB, archives)
    # Before Setup.bootstrap existed (up to 3.10), Setup itself listed the modules of every interpreter.
    yield from parse_setup(texts.get(SETUP, ""), Origin.SETUP if BOOTSTRAP in texts else Origin.CORE_SETUP, archives)
    for found in scan_setup_script(texts.get(SCRIPT, "")):
        yield UpstreamModule(
            name=found.name, origin=Origin.SCRIPT, sources=found.sources, optional_sources=found.optional_sources
        )


def parse_version(text: str) -> str:
    """Return the version that `patchlevel.h` defines, empty if it defines none."""
    match = re.search(r'#define\s+PY_VERSION\s+"([^"]+)"', text)
    return match[1] if match else ""


def parse_inittab(text: str) -> list[UpstreamModule]:
    """Return the modules that `config.c.in` names itself, with their init functions."""
    return [UpstreamModule(name=name, origin=Origin.INITTAB, init=init) for name, init in _INITTAB.findall(text)]


def parse_archives(makefile: str) -> dict[str, tuple[str, ...]]:
    """Return the static libraries that CPython's makefile builds for itself: path to sources below `Modules/`."""
    return {archive: _sources(makefile, f"{stem}_OBJS") for stem, archive in _ARCHIVE.findall(makefile)}


def parse_module_objects(makefile: str) -> dict[str, BundledObjects]:
    """Return the objects that the makefile, not Setup, adds to modules (from 3.14 on), by module name in capitals.

    Objects that have their own rule but are in no list are the ones that `configure` may choose.
    """
    ruled = {source for source in (_source(word) for word in _RULE.findall(makefile)) if source}
    listed = {source for name in _OBJECTS.findall(makefile) for source in _sources(makefile, name)}
    found: dict[str, BundledObjects] = {}
    for module, stem in _MODULE_OBJECTS.findall(makefile):
        sources = _sources(makefile, f"{stem}_OBJS")
        folders = {PurePosixPath(source).parent for source in sources}
        optional = sorted(source for source in ruled - listed if PurePosixPath(source).parent in folders)
        found[module] = BundledObjects(sources=sources, optional_sources=tuple(optional))
    return found


def _sources(makefile: str, variable: str) -> tuple[str, ...]:
    """Return the sources of a list of objects in a makefile, and of the lists that it refers to."""
    objects = re.search(rf"^{variable}\s*=((?:[^\n]*\\\n)*[^\n]*)", makefile, re.MULTILINE)
    found: list[str] = []
    for word in objects[1].replace("\\\n", " ").split() if objects else []:
        inner = _REFERENCE.fullmatch(word)
        found += _sources(makefile, inner[1]) if inner else filter(None, [_source(word)])
    return tuple(dict.fromkeys(found))


def _source(word: str) -> str:
    """Return the source, below `Modules/`, of an object; empty for any other word."""
    return source_of(word) if word.startswith("Modules/") else ""


def parse_setup(text: str, origin: Origin, archives: Mapping[str, tuple[str, ...]]) -> list[UpstreamModule]:
    """Return the modules of one Setup file.

    A line `#@MODULE_X_TRUE@x x.c` counts: 3.11 leaves these to `setup.py` but declares them here. A bundled
    static library among the words stands for its sources.
    """
    modules: list[UpstreamModule] = []
    literal_shared = False
    for line in _lines(text):
        section = _SECTION.match(line)
        if section:
            literal_shared = section[1] == "shared"
        elif "=" not in line.split()[0]:
            modules.append(_module(line.split(), origin, archives, must_be_shared=literal_shared))
    return modules


def _lines(text: str) -> Iterator[str]:
    """Yield the lines that declare something: joined, without templates and comments."""
    for line in text.replace("\\\n", " ").splitlines():
        bare = _TEMPLATE.sub("", line)
        if not bare.startswith("*"):
            bare = _SUBSTITUTION.sub("", bare)
        words = bare.split("#", 1)[0].strip()
        if words:
            yield words


def _module(
    words: list[str], origin: Origin, archives: Mapping[str, tuple[str, ...]], *, must_be_shared: bool
) -> UpstreamModule:
    sources: list[str] = []
    for word in words[1:]:
        if word.endswith(_SOURCE_SUFFIXES):
            sources.append(word)
        elif word.endswith(".a"):
            sources.extend(archives.get(word, ()))
    return UpstreamModule(name=words[0], origin=origin, sources=tuple(sources), must_be_shared=must_be_shared)
