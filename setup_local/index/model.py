"""Model of `versions.json`, our index format 1; the fields are exactly those of `schema/index-1.schema.json`."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import jsonschema

from setup_local.catalog.load import schema
from setup_local.errors import SourceError
from setup_local.index.names import Flavor

FORMAT = 1
FILE = "versions.json"
_SCHEMA = "index-1"


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One archive; `size` is in bytes, `url` absolute or relative to the index, `build_options` can be empty."""

    implementation: str
    version: str
    target_triple: str
    flavor: Flavor
    build_options: str
    file: str
    size: int
    sha256: str
    url: str


@dataclass(frozen=True, kw_only=True)
class DebugInformation:
    """An archive of detached debug information, for the programs and modules with these build ids."""

    file: str
    size: int
    sha256: str
    url: str
    build_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Index:
    """All distributions of one directory, the newest version first, and the debug information that lies beside them."""

    distributions: tuple[Distribution, ...]
    debug_information: tuple[DebugInformation, ...] = ()

    def to_json(self) -> str:
        """Return the text of `versions.json`."""
        listed = [dataclasses.asdict(item) | {"flavor": item.flavor.value} for item in self.distributions]
        document: dict[str, Any] = {"format": FORMAT, "distributions": listed}
        if self.debug_information:
            document["debug_information"] = [dataclasses.asdict(item) for item in self.debug_information]
        return json.dumps(document, indent=2) + "\n"


def parse_index(text: str | bytes, *, where: object) -> Index:
    """Return the index that a text holds; raise `SourceError` if it is not `versions.json` of format 1."""
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise SourceError(f"is no index: {error}", where=where) from error
    wrong = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema(_SCHEMA)).iter_errors(document))
    if wrong is not None:
        raise SourceError(f"is no index of format {FORMAT}: {wrong.json_path}: {wrong.message}", where=where)
    raw = document["distributions"]
    debug = document.get("debug_information", [])
    return Index(
        distributions=tuple(Distribution(**item | {"flavor": Flavor(item["flavor"])}) for item in raw),
        debug_information=tuple(DebugInformation(**item | {"build_ids": tuple(item["build_ids"])}) for item in debug),
    )
