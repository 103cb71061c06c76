"""Model of `data/libraries.toml`: how each third-party library is built as a static library."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, plural, read_toml
from setup_local.catalog.patches import patch_files
from setup_local.catalog.sources import Requirement
from setup_local.catalog.versions import specifier
from setup_local.catalog.when import ALWAYS, When
from setup_local.errors import CatalogError

# Placeholders of a recipe; docs/libraries.md explains each.
PLACEHOLDERS = frozenset(
    {
        "ar",
        "build",
        "build-cc",
        "cc",
        "cflags",
        "deps",
        "host",
        "prefix",
        "python",
        "ranlib",
        "recipe",
        "source",
        "stage",
        "version",
    }
)
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9.+:-]*)\}")
ARCH_WORDS = re.compile(r"\{arch:([a-z][a-z0-9-]*)\}")
"""A word of a command that stands for those which the target's architecture has under this name."""
LICENSE_ALTERNATIVE = " or "
RECIPES = paths.DATA / "recipes"
# Fields that decide when a library is built, but do not affect the result.
_CIRCUMSTANCES = ("versions", "when", "optional", "weight")


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of a recipe: an argv with `{placeholders}`, run in `directory` of the source tree.

    `env` is added to the environment of every command of a recipe. The command runs if `when` matches.
    """

    argv: tuple[str, ...]
    directory: str = "."
    env: dict[str, str] | None = None
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Library:
    """One library, or a set of data: its source, its dependencies, its commands, and the files that it must produce.

    `versions` are those of the source that the recipe supports, a PEP 440 specifier set (`>=3.5,<3.6`). `produces` are
    files below the prefix (`lib/libz.a`); `license_files` are patterns of paths in the source tree, with `A or B` for
    source forms that differ; `licenses` are SPDX identifiers of the parts that are linked. `keep` are patterns below
    the prefix for the files of the result; everything else that the commands install is dropped. `cflags` begin with
    those that the catalog sets for all libraries. `recipe_files` are files of `data/recipes` that the commands use, as
    `{recipe}/<name>`; `patches` are files of `data/patches`. `weight` is a rough build time in seconds on one core.
    """

    name: str
    source: str
    versions: str
    commands: tuple[Command, ...]
    produces: tuple[str, ...]
    licenses: tuple[str, ...]
    license_files: tuple[str, ...]
    needs: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    extra_sources: tuple[str, ...] = ()
    patches: tuple[str, ...] = ()
    recipe_files: tuple[str, ...] = ()
    keep: tuple[str, ...] = ("include/*", "lib/*.a")
    host_programs: tuple[str, ...] = ()
    optional: bool = False
    license_public_domain: bool = False
    weight: float = 10
    when: When = ALWAYS

    @property
    def requirement(self) -> Requirement:
        """Return the source that the recipe uses."""
        return Requirement(name=self.source, versions=self.versions)

    @property
    def license_name(self) -> str:
        """Return the name of the one file in `licenses/` with all licence texts of this library."""
        return f"LICENSE.{self.name}.txt"

    @property
    def is_data(self) -> bool:
        """Return whether none of it is linked: an extension module looks for it at run time."""
        return all(name.startswith("share/") for name in self.produces)

    @property
    def recipe(self) -> dict[str, object]:
        """Return the fields that affect what is built."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in _CIRCUMSTANCES}

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the data files that the recipe reads."""
        return tuple(RECIPES / name for name in self.recipe_files)


@cache
def load_libraries(path: Path = paths.DATA / "libraries.toml") -> tuple[Library, ...]:
    """Return the catalog of libraries; each comes after its dependencies. Raises `CatalogError`."""
    document = read_toml(path, "libraries")
    libraries = tuple(
        convert(Library, plural(raw, "command") | {"cflags": document["cflags"] + raw.get("cflags", [])}, where=path)
        for raw in document["library"]
    )
    problems = [*_order_problems(libraries), *(text for item in libraries for text in _own_problems(item))]
    if problems:
        raise CatalogError("; ".join(problems), where=path)
    return libraries


def _order_problems(libraries: Iterable[Library]) -> Iterable[str]:
    """Find dependencies that are not declared before: one rule against unknown names and cycles."""
    seen: set[str] = set()
    identities: set[tuple[str, str, When]] = set()
    for library in libraries:
        yield from (
            f"{library.name} needs {name}, which is not listed before it" for name in library.needs if name not in seen
        )
        if (library.name, library.versions, library.when) in identities:
            yield f"{library.name} {library.versions} is listed twice"
        identities.add((library.name, library.versions, library.when))
        seen.add(library.name)


def _own_problems(library: Library) -> Iterable[str]:
    known = PLACEHOLDERS | {f"source:{name}" for name in library.extra_sources}
    specifier(library.versions)
    texts = [*library.cflags, *library.ldflags]
    for command in library.commands:
        texts += [
            *(word for word in command.argv if not ARCH_WORDS.fullmatch(word)),
            command.directory,
            *(command.env or {}).values(),
        ]
    for name in sorted({name for text in texts for name in PLACEHOLDER.findall(text)} - known):
        yield f"{library.name} has the unknown placeholder {{{name}}}"
    for file in (*library.files, *patch_files(library.patches)):
        if not file.is_file():
            yield f"{library.name} names {file.name}, which is not in data/{file.parent.relative_to(paths.DATA)}"
