"""Model of `data/bootstrap-chain.toml`: the stages that build a Clang from only the C compiler of an environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, plural, read_toml
from setup_local.catalog.sources import Requirement
from setup_local.catalog.versions import specifier
from setup_local.errors import CatalogError

FILE = paths.DATA / "bootstrap-chain.toml"
SCHEMA = "bootstrap-chain"
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9:-]*)\}")
NEED = "need:"
# Placeholders of a stage besides `need:<stage>`.
PLACEHOLDERS = frozenset({"backends", "jobs", "out", "prefix", "source", "triple"})


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: a source, the stages whose programs and libraries it needs, and its commands.

    `keep` are the parts of the source that are unpacked, everything if it is empty. `inside` is the inner archive with
    the source, if the distribution's archive contains one. Commands of `prepare` run in the source tree, all others in
    a build directory. `build` resumes after a kill, so each of its commands must be able to resume; `install` runs
    again from its beginning.
    """

    name: str
    source: str
    versions: str
    configure: tuple[str, ...]
    build: tuple[tuple[str, ...], ...]
    install: tuple[tuple[str, ...], ...]
    needs: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    inside: str = ""
    prepare: tuple[tuple[str, ...], ...] = ()
    weight: float = 60

    @property
    def requirement(self) -> Requirement:
        """Return the source that the stage uses."""
        return Requirement(name=self.source, versions=self.versions)

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Return all commands."""
        return (*self.prepare, self.configure, *self.build, *self.install)

    @property
    def placeholders(self) -> frozenset[str]:
        """Return the placeholders in all commands."""
        return frozenset(name for words in self.commands for word in words for name in PLACEHOLDER.findall(word))


@dataclass(frozen=True, kw_only=True)
class BootstrapChain:
    """All stages, each after those that it needs; `programs` are the results, as paths below a stage's result."""

    prefix: str
    triple: str
    programs: dict[str, str]
    stages: tuple[Stage, ...]


@cache
def load_chain(path: Path = FILE) -> BootstrapChain:
    """Read the chain; raise `CatalogError` for stages that need more than those before them."""
    chain = convert(BootstrapChain, plural(read_toml(path, SCHEMA), "stage"), where=path)
    problems = [*_order(chain.stages), *_placeholders(chain.stages), *_programs(chain)]
    if problems:
        raise CatalogError("; ".join(problems), where=path)
    return chain


def _order(stages: Iterable[Stage]) -> Iterator[str]:
    seen: set[str] = set()
    for stage in stages:
        specifier(stage.versions)
        yield from (
            f"{stage.name} needs {name}, which is not listed before it" for name in stage.needs if name not in seen
        )
        if stage.name in seen:
            yield f"{stage.name} is listed twice"
        seen.add(stage.name)


def _placeholders(stages: Iterable[Stage]) -> Iterator[str]:
    for stage in stages:
        known = PLACEHOLDERS | {f"{NEED}{name}" for name in stage.needs}
        unknown = sorted(stage.placeholders - known)
        yield from (f"{stage.name} has the unknown placeholder {name}" for name in unknown)


def _programs(chain: BootstrapChain) -> Iterator[str]:
    names = {stage.name for stage in chain.stages}
    for program, place in chain.programs.items():
        if place.partition("/")[0] not in names:
            yield f"{program} comes from {place}, which does not belong to a stage"
