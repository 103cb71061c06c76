"""Model of `data/features.toml`: named groups of extension modules, and the modules that must stay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.extensions import Extension
from setup_local.catalog.load import convert, plural, read_toml

FILE = "features.toml"
SCHEMA = "features"


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A named group of extension modules: `modules`, or where `test` is true all that are marked as tests.

    `programs` are patterns of the names in `bin/` that do not start without them.
    `adds` says what `--with` brings; it is empty for features that are wholly there without it.
    """

    name: str
    title: str
    modules: tuple[str, ...] = ()
    test: bool = False
    programs: tuple[str, ...] = ()
    adds: str = ""

    def covers(self, extension: Extension) -> bool:
        """Tell whether an extension module belongs to the feature."""
        return extension.name in self.modules or (self.test and extension.test)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Modules that cannot be left out, and why: the end of "... cannot be left out: ".

    They can be left out where all modules of `unless` are there, if it names any.
    """

    modules: tuple[str, ...]
    reason: str
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FeatureCatalog:
    """The whole file."""

    features: tuple[Feature, ...]
    kept: tuple[Kept, ...] = ()

    @property
    def optional(self) -> frozenset[str]:
        """Return the names of the features that `--with` changes something about."""
        return frozenset(feature.name for feature in self.features if feature.adds)


def load_features(path: Path | None = None) -> FeatureCatalog:
    """Read the features; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(FeatureCatalog, plural(read_toml(file, SCHEMA), "feature"), where=file)


def feature_problems(catalog: FeatureCatalog, extensions: Iterable[Extension]) -> Iterable[str]:
    """Find modules that do not exist, and features with the name of a module that is not all they have."""
    known = {extension.name for extension in extensions}
    for feature in catalog.features:
        yield from (f"the feature {feature.name} has no module {name}" for name in feature.modules if name not in known)
        if feature.name in known and feature.modules != (feature.name,):
            yield f"the feature {feature.name} is more than the module of that name"
    for item in catalog.kept:
        for name in (*item.modules, *item.unless):
            if name not in known:
                yield f"{name} is kept, but does not exist"
