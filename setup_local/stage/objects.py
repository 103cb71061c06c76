"""The object files that CPython's build creates for extension modules, libpython and the table of modules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.version import Version

from setup_local.build import makefile
from setup_local.plan.model import Plan, PlannedExtension
from setup_local.values import LinkMode

INITTAB_SOURCE = "Modules/config.c"
INITTAB_OBJECT = "Modules/config.o"
MAIN_OBJECT = "Programs/python.o"

# Earlier, makesetup put the objects of all modules into one directory.
_KEEPS_DIRECTORIES = Version("3.11.0a1")
_ENTRY = re.compile(r'(?m)^\s*\{\s*"(?P<name>\w+)"\s*,\s*(?P<init>\w+)\s*\}')


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Object files by owner, as paths below the build directory; every file has one owner.

    `core` are the files of libpython that belong to no extension module, without the table of modules.
    """

    core: tuple[str, ...]
    extensions: Mapping[str, tuple[str, ...]]

    @property
    def all(self) -> tuple[str, ...]:
        """Return every object file that a distribution contains, sorted."""
        owned = {item for items in self.extensions.values() for item in items}
        return tuple(sorted({*self.core, *owned, INITTAB_OBJECT, MAIN_OBJECT}))


def object_of(source: str, python: Version) -> str:
    """Return the object file that a CPython's makesetup creates from a source below `Modules/`."""
    made = PurePosixPath(source).with_suffix(".o")
    return f"Modules/{made if python >= _KEEPS_DIRECTORIES else made.name}"


def objects_of(extension: PlannedExtension, python: Version) -> tuple[str, ...]:
    """Return an extension module's object files, in the order of its sources."""
    compiled = (source for source in extension.sources if source.endswith((".c", ".S", ".s")))
    return tuple(dict.fromkeys(object_of(source, python) for source in compiled))


def classify(plan: Plan, variables: Mapping[str, str]) -> Objects:
    """Assign the object files to owners, according to the plan and to the Makefile's contents of libpython.

    An object that several built-in modules name belongs to the core, so that each can be linked without the others.
    """
    named = {item.name: objects_of(item, plan.python) for item in plan.linked_extensions}
    builtin = (item.name for item in plan.linked_extensions if item.link is LinkMode.STATIC)
    users = Counter(item for name in builtin for item in named[name])
    extensions = {name: tuple(item for item in items if users[item] <= 1) for name, items in named.items()}
    taken = {item for items in extensions.values() for item in items}
    core = tuple(item for item in makefile.words("LIBRARY_OBJS", variables) if item not in {*taken, INITTAB_OBJECT})
    return Objects(core=tuple(sorted(set(core))), extensions=extensions)


def inittab(config_c: str) -> dict[str, str]:
    """Return the built-in modules and their init functions (`NULL`: none) from `Modules/config.c`."""
    return {match["name"]: match["init"] for match in _ENTRY.finditer(config_c)}


def module_names(setup: str) -> tuple[str, ...]:
    """Return the names of the modules in a file like `Modules/Setup.bootstrap`."""
    lines = (line.split("#")[0].split() for line in setup.splitlines())
    return tuple(words[0] for words in lines if words and "=" not in words[0] and not words[0].startswith("*"))
