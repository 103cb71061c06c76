"""Model of `data/universal.toml`: the distribution for macOS with the code of several processors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sysconfig import Settings
from setup_local.catalog.targets import Target
from setup_local.errors import CatalogError

_SYSTEM = "-apple-macos"


@dataclass(frozen=True, kw_only=True)
class Universal:
    """The whole file. `halves` are the two triples that are merged, each built separately, with their C macros.

    `flags` make compilers generate code for all of them, in these `variables` of the Makefile. `texts` and `headers`
    are shell patterns of files whose halves may differ: of texts the first half's is kept, in headers the compiler
    chooses.
    """

    triple: str
    halves: Mapping[str, str]
    flags: tuple[str, ...]
    variables: tuple[str, ...]
    texts: tuple[str, ...]
    headers: tuple[str, ...]

    def targets_of(self, targets: Sequence[Target]) -> tuple[Target, ...]:
        """Return the targets of the halves; raise `CatalogError` if one does not exist."""
        known = {target.triple: target for target in targets}
        if missing := [triple for triple in self.halves if triple not in known]:
            raise CatalogError(f"{self.triple} is built from {missing[0]}, which is not a target")
        return tuple(known[triple] for triple in self.halves)

    def target(self, targets: Sequence[Target]) -> Target:
        """Return the universal system as a target: the first half's processor stands for both."""
        base = self.targets_of(targets)[0]
        port = dataclasses.replace(base.darwin, triple=self.triple.partition("-")[0] + _SYSTEM)
        return dataclasses.replace(base, triple=self.triple, arch=dataclasses.replace(base.arch, darwin=port))

    def settings(self, settings: Settings, floor: str) -> Settings:
        """Return an installation's settings for compiling extensions, for all halves."""
        words = " ".join(self.flags)
        flags = {name: f"{settings.set.get(name, '')} {words}".strip() for name in self.variables}
        return dataclasses.replace(settings, set={**settings.set, **flags, "MACOSX_DEPLOYMENT_TARGET": floor})


def load_universal() -> Universal:
    """Read the file; raise `CatalogError`."""
    file: Path = paths.DATA / "universal.toml"
    return convert(Universal, read_toml(file, "universal"), where=file)
