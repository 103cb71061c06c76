"""What an archive may demand of the machine that reads it: model and loader of `data/limits.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from setup_local import paths
from setup_local.catalog.load import convert, read_toml

FILE = "limits.toml"
SCHEMA = "limits"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Upper bounds for untrusted archives; the file explains each. Sizes are in bytes."""

    members: int
    name_bytes: int
    path_bytes: int
    path_depth: int
    member_bytes: int
    total_bytes: int
    ratio: int
    ratio_free_bytes: int
    window_bytes: int
    blocks: int
    header_bytes: int
    document_bytes: int
    archive_bytes: int
    index_bytes: int
    symbols: int
    references: int

    def unpacked(self, packed: int) -> int:
        """Return the maximum unpacked size of a file of `packed` bytes."""
        return min(self.total_bytes, max(self.ratio_free_bytes, self.ratio * packed))


@cache
def load_limits() -> Limits:
    """Read the limits. Raises `CatalogError`."""
    path = paths.DATA / FILE
    return convert(Limits, read_toml(path, SCHEMA), where=path)
