"""Model of `data/variants.toml`: the choices besides the default, and the combinations that are refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.when import ALWAYS, When

FILE = "variants.toml"
SCHEMA = "variants"


@dataclass(frozen=True, kw_only=True)
class TlsChoice:
    """A TLS library that can be requested: `name` is its name in conditions (`openssl-3.5`)."""

    name: str
    title: str
    when: When = ALWAYS

    @property
    def family(self) -> str:
        """Return the name without the version."""
        return self.name.partition("-")[0]


@dataclass(frozen=True, kw_only=True)
class Impossible:
    """A combination that is refused: why (the end of "cannot be built: ..."), and what is possible."""

    when: When
    reason: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class VariantCatalog:
    """The whole file; TLS libraries in order of preference."""

    tls: tuple[TlsChoice, ...]
    impossible: tuple[Impossible, ...] = ()


def load_variants(path: Path | None = None) -> VariantCatalog:
    """Read the variants; raise `CatalogError`."""
    file = path or paths.DATA / FILE
    return convert(VariantCatalog, read_toml(file, SCHEMA), where=file)
