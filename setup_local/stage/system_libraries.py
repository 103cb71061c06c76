"""The system libraries that a libpython links: flags for parts of the C library, and frameworks of macOS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from setup_local.build import makefile

_NAME = "-l"
_FRAMEWORK = "-framework"
_VARIABLES = ("LIBS", "SYSLIBS")


@dataclass(frozen=True, kw_only=True)
class SystemLibraries:
    """Flags for the linker, each once, and the names of frameworks."""

    flags: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names (`m`, `dl`) of the C library's parts."""
        return tuple(flag.removeprefix(_NAME) for flag in self.flags if flag.startswith(_NAME))

    def words(self, frameworks: Iterable[str] = ()) -> tuple[str, ...]:
        """Return everything as words of a linker command, including further frameworks."""
        names = dict.fromkeys((*frameworks, *self.frameworks))
        return (*self.flags, *(word for name in names for word in (_FRAMEWORK, name)))


def system_libraries(variables: Mapping[str, str]) -> SystemLibraries:
    """Return the system libraries that the Makefile links libpython with."""
    words = [word for name in _VARIABLES for word in makefile.words(name, variables)]
    places = [place for place, word in enumerate(words) if word == _FRAMEWORK]
    frameworks = [words[place + 1] for place in places]
    taken = {place + step for place in places for step in (0, 1)}
    flags = (word for place, word in enumerate(words) if place not in taken)
    return SystemLibraries(flags=tuple(dict.fromkeys(flags)), frameworks=tuple(dict.fromkeys(frameworks)))
