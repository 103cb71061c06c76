"""Finds the code that a step's action runs by reading it, so that nobody has to list that part of the step's key.

Starting at the function that creates the action, it follows every definition in this package that the code names,
across modules. For a class that only annotations name, only those members count that the code names: a new field of
the plan that building a library never uses does not rebuild any library. What the engine does around a step (running,
logging, storing) is not part of the key, nor is the code of other packages.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING

from setup_local import paths

if TYPE_CHECKING:
    from setup_local.build.code_graph import Definition, ModuleCode

PACKAGE = paths.PACKAGE.name


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """The location of a piece of code: a module, a name at its top level, a member of that class.

    Without a name, it stands for the code that runs when the module is imported.
    """

    module: str
    name: str = ""
    member: str = ""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """All code reachable from a definition: the digest of each piece, and the modules that were read to find it."""

    pieces: dict[Place, str]
    modules: frozenset[str]


def place_of(action: Callable[..., object]) -> Place:
    """Return the top-level definition that creates an action."""
    made = action if isinstance(action, FunctionType) else type(action)
    return Place(module=made.__module__, name=made.__qualname__.partition(".")[0])


def module_file(module: str) -> Path | None:
    """Return the file of a module of this package, or of a loaded one; None if there is none."""
    if module != PACKAGE and not module.startswith(f"{PACKAGE}."):
        found = getattr(sys.modules.get(module), "__file__", None)
        return Path(found) if found else None
    place = paths.PACKAGE.parent.joinpath(*module.split("."))
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


class Code:
    """The code of this package; `load` returns the content of a file."""

    def __init__(self, load: Callable[[Path], bytes] = Path.read_bytes) -> None:
        self._load = load
        self._modules: dict[str, ModuleCode] = {}
        self._consulted: set[str] = set()

    def reached(self, root: Place) -> Reached:
        """Return the code reachable from a definition.

        Raises `ValueError` for a name of this package that cannot be followed.
        """
        self._consulted = set()
        pieces = _Walk(self).run(root)
        return Reached(pieces=pieces, modules=frozenset(self._consulted))

    def module(self, name: str) -> ModuleCode:
        """Return the parsed module; raise `ValueError` if there is none."""
        from setup_local.build.code_graph import read_module  # noqa: PLC0415 (most keys are remembered)

        self._consulted.add(name)
        if name not in self._modules:
            file = module_file(name)
            if file is None:
                raise ValueError(f"there is no module {name}")
            self._modules[name] = read_module(self._load(file).decode())
        return self._modules[name]

    def find(self, module: str, name: str) -> Iterator[Place]:
        """Yield what a name or attribute (`name.attribute`) refers to in a module; nothing for other packages."""
        own, _, attribute = name.partition(".")
        code = self.module(module)
        if own in code.definitions:
            yield Place(module=module, name=own)
        for target in code.imports.get(own, ()):
            if target.partition(".")[0] == PACKAGE:
                yield from self._imported(target, attribute)

    def _imported(self, target: str, attribute: str) -> Iterator[Place]:
        """Yield what an imported name refers to: a definition, or all those of a module that is used as a value."""
        parent, _, own = target.rpartition(".")
        if parent and self._has(parent, own):
            yield from self.find(parent, own)
        elif not attribute:
            yield from (Place(module=target, name=name) for name in self.module(target).definitions)
        elif self._has(target, attribute):
            yield from self.find(target, attribute)
        elif not attribute.startswith("__"):
            yield from self._imported(f"{target}.{attribute}", "")

    def _has(self, module: str, name: str) -> bool:
        if module_file(module) is None:
            return False
        code = self.module(module)
        return name in code.definitions or name in code.imports


class _Walk:
    """Follows names from one definition on; of the classes in `partly`, only members that something names count."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._pieces: dict[Place, str] = {}
        self._partly: dict[Place, Definition] = {}
        self._attributes: set[str] = set()
        self._waiting: list[tuple[str, str, bool]] = []

    def run(self, root: Place) -> dict[Place, str]:
        """Return every reachable piece of code with its digest."""
        code = self._code.module(root.module)
        names = [root.name] if root.name in code.definitions else [*code.definitions]  # a lambda has no name of its own
        self._waiting = [(root.module, name, True) for name in names]
        while self._waiting or self._named_since():
            module, name, whole = self._waiting.pop()
            for place in self._code.find(module, name):
                self._visit(place, whole=whole)
        return self._pieces

    def _visit(self, place: Place, *, whole: bool) -> None:
        code = self._code.module(place.module)
        definition = code.definitions[place.name]
        if place not in self._pieces:
            self._take(place, definition)
            self._partly[place] = definition
            effects = Place(module=place.module)
            if code.effects and effects not in self._pieces:
                self._take(effects, code.effects)
        if whole and place in self._partly:
            members = self._partly.pop(place).members
            self._take_members(place, members)
            # Plain data is converted together with the types of all its fields.
            hints = {name for member in members.values() for name in member.hints}
            self._waiting.extend((place.module, name, True) for name in sorted(hints))

    def _take(self, place: Place, definition: Definition) -> None:
        self._pieces[place] = definition.digest
        self._attributes.update(definition.attributes)
        self._waiting.extend((place.module, name, True) for name in definition.values)
        self._waiting.extend((place.module, name, False) for name in definition.hints)

    def _take_members(self, owner: Place, names: Iterable[str]) -> None:
        members = self._code.module(owner.module).definitions[owner.name].members
        for name in names:
            place = Place(module=owner.module, name=owner.name, member=name)
            if place not in self._pieces:
                self._take(place, members[name])

    def _named_since(self) -> bool:
        """Add the members that were named after they had been skipped; return whether there is more to follow."""
        before = len(self._pieces)
        for place, definition in self._partly.items():
            named = [name for name in definition.members if name in self._attributes or name.startswith("__")]
            self._take_members(place, named)
        return len(self._pieces) > before and bool(self._waiting)
