"""Which object files CPython's build makes of what: extension modules, libpython, the table of modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from setup_local.build import makefile
from setup_local.plan.model import Plan, PlannedExtension

INITTAB_SOURCE = "Modules/config.c"
INITTAB_OBJECT = "Modules/config.o"
MAIN_OBJECT = "Programs/python.o"

_ENTRY = re.compile(r'(?m)^\s*\{\s*"(?P<name>\w+)"\s*,\s*(?P<init>\w+)\s*\}')


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Object files by owner, as paths below the build directory; every file has one owner.

    `core` are those of libpython that belong to no extension module, without the table of modules.
    """

    core: tuple[str, ...]
    extensions: Mapping[str, tuple[str, ...]]

    @property
    def all(self) -> tuple[str, ...]:
        """Return every object file that a distribution carries, sorted."""
        owned = {item for items in self.extensions.values() for item in items}
        return tuple(sorted({*self.core, *owned, INITTAB_OBJECT, MAIN_OBJECT}))


def object_of(source: str) -> str:
    """Return the object file that makesetup makes of a source below `Modules/`."""
    return f"Modules/{PurePosixPath(source).with_suffix('.o')}"


def objects_of(extension: PlannedExtension) -> tuple[str, ...]:
    """Return an extension module's object files, in the order of its sources."""
    compiled = (source for source in extension.sources if source.endswith((".c", ".S", ".s")))
    return tuple(dict.fromkeys(object_of(source) for source in compiled))


def classify(plan: Plan, variables: Mapping[str, str]) -> Objects:
    """Share out the object files by the plan and by what the Makefile puts into libpython.

    An object that several modules name belongs to the first of them.
    """
    taken: set[str] = set()
    extensions: dict[str, tuple[str, ...]] = {}
    for extension in plan.linked_extensions:
        extensions[extension.name] = tuple(item for item in objects_of(extension) if item not in taken)
        taken.update(extensions[extension.name])
    core = tuple(item for item in makefile.words("LIBRARY_OBJS", variables) if item not in {*taken, INITTAB_OBJECT})
    return Objects(core=tuple(sorted(set(core))), extensions=extensions)


def inittab(config_c: str) -> dict[str, str]:
    """Return the built-in modules and their init functions (`NULL`: none) from `Modules/config.c`."""
    return {match["name"]: match["init"] for match in _ENTRY.finditer(config_c)}


def module_names(setup: str) -> tuple[str, ...]:
    """Return the names of the modules in a file like `Modules/Setup.bootstrap`."""
    lines = (line.split("#")[0].split() for line in setup.splitlines())
    return tuple(words[0] for words in lines if words and "=" not in words[0] and not words[0].startswith("*"))
