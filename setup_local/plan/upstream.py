"""Reads the files in which CPython itself says what its extension modules are: text in, facts out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from setup_local.plan.setup_script import scan_setup_script

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
_SOURCE_SUFFIXES = (".c", ".cc", ".cpp", ".cxx", ".c++", ".m")


class Origin(Enum):
    """File that declares a module."""

    INITTAB = "config.c.in"
    BOOTSTRAP = "Setup.bootstrap"
    STDLIB = "Setup.stdlib"
    SETUP = "Setup"
    SCRIPT = "setup.py"


@dataclass(frozen=True, kw_only=True)
class UpstreamModule:
    """One extension module as CPython declares it; `sources` are below `Modules/`.

    `optional_sources` are added by `setup.py` on some systems only. `must_be_shared` is true for test
    modules that CPython refuses to build in. `init` is the function in `config.c.in`.
    """

    name: str
    origin: Origin
    sources: tuple[str, ...] = ()
    optional_sources: tuple[str, ...] = ()
    must_be_shared: bool = False
    init: str = ""

    @property
    def in_core(self) -> bool:
        """Tell whether CPython links the module into every interpreter by itself."""
        return self.origin in (Origin.INITTAB, Origin.BOOTSTRAP)


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """What a CPython source tree says: its version, its modules by name, and which files it has.

    `files` are paths below `Modules/`; `directories` are all directories below the tree.
    """

    version: str
    modules: Mapping[str, UpstreamModule]
    files: frozenset[str]
    directories: frozenset[str]


def parse_upstream(texts: Mapping[str, str], paths: Iterable[str]) -> Upstream:
    """Turn the texts of `FILES` (those that exist) and all paths of the tree into facts.

    The first declaration of a module counts, as with makesetup.
    """
    modules: dict[str, UpstreamModule] = {}
    archives = parse_archives(texts.get(MAKEFILE, ""))
    for module in _declarations(texts, archives):
        modules.setdefault(module.name, module)
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
    yield from parse_setup(texts.get(SETUP, ""), Origin.SETUP, archives)
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
    found: dict[str, tuple[str, ...]] = {}
    for stem, archive in _ARCHIVE.findall(makefile):
        objects = re.search(rf"^{stem}_OBJS\s*=((?:[^\n]*\\\n)*[^\n]*)", makefile, re.MULTILINE)
        words = objects[1].replace("\\\n", " ").split() if objects else []
        found[archive] = tuple(
            str(PurePosixPath(word).relative_to("Modules").with_suffix(".c"))
            for word in words
            if word.startswith("Modules/")
        )
    return found


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
