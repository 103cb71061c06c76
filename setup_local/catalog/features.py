"""Model of `data/features.toml`: named groups of extension modules, modules that must stay, properties of the code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.extensions import Extension
from setup_local.catalog.load import convert, plural, read_toml
from setup_local.catalog.when import ALWAYS, Facts, When

FILE = "features.toml"
SCHEMA = "features"


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A named group of extension modules: `modules`, or if `test` is true, all that are marked as tests.

    `programs` are patterns of names in `bin/` that do not start without them.
    `adds` says what `--with` adds; it is empty for features that are complete without it.
    """

    name: str
    title: str
    modules: tuple[str, ...] = ()
    test: bool = False
    programs: tuple[str, ...] = ()
    adds: str = ""

    def covers(self, extension: Extension) -> bool:
        """Return whether an extension module belongs to the feature."""
        return extension.name in self.modules or (self.test and extension.test)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Modules that cannot be left out, and why: the end of "... cannot be left out: ".

    They can be left out if all modules of `unless` are included, if it names any.
    """

    modules: tuple[str, ...]
    reason: str
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CodeFlags:
    """Compiler flags used if `when` matches; with `extensions`, builders of extension modules also get them."""

    cflags: tuple[str, ...]
    extensions: bool = False
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class CodeFeature:
    """A property of all machine code, in libraries and CPython.

    `adds` says what `--with` adds; it is empty for what is on unless `--without` leaves it out.
    """

    name: str
    title: str
    adds: str = ""
    flags: tuple[CodeFlags, ...] = ()

    def flags_for(self, facts: Facts) -> tuple[CodeFlags, ...]:
        """Return the flags whose conditions match."""
        return tuple(item for item in self.flags if item.when.matches(facts))

    def is_known_to(self, facts: Facts) -> bool:
        """Return whether it has an effect under these facts."""
        return not self.flags or bool(self.flags_for(facts))

    def is_default(self, facts: Facts) -> bool:
        """Return whether it is on without being requested."""
        return not self.adds and self.is_known_to(facts)


@dataclass(frozen=True, kw_only=True)
class FeatureCatalog:
    """The whole file."""

    features: tuple[Feature, ...]
    kept: tuple[Kept, ...] = ()
    code: tuple[CodeFeature, ...] = ()

    @property
    def optional(self) -> frozenset[str]:
        """Return the names of the groups of modules that `--with` affects."""
        return frozenset(feature.name for feature in self.features if feature.adds)

    @property
    def names(self) -> frozenset[str]:
        """Return all names for `--with` and `--without`."""
        return frozenset(item.name for item in self.features) | {item.name for item in self.code}


def load_features(path: Path | None = None) -> FeatureCatalog:
    """Read the features; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(FeatureCatalog, plural(read_toml(file, SCHEMA), "feature"), where=file)


def feature_problems(catalog: FeatureCatalog, extensions: Iterable[Extension]) -> Iterable[str]:
    """Find modules that do not exist, ambiguous names, and features with more than the module of their name."""
    known = {extension.name for extension in extensions}
    groups = {feature.name for feature in catalog.features}
    yield from (
        f"{item.name} is both a group of modules and a property of the code"
        for item in catalog.code
        if item.name in groups
    )
    for feature in catalog.features:
        yield from (f"the feature {feature.name} has no module {name}" for name in feature.modules if name not in known)
        if feature.name in known and feature.modules != (feature.name,):
            yield f"the feature {feature.name} includes more than the module of that name"
    for item in catalog.kept:
        for name in (*item.modules, *item.unless):
            if name not in known:
                yield f"{name} is kept, but does not exist"
