"""Model of `versions.json`, our index format 1; the fields are exactly those of `schema/index-1.schema.json`."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from itertools import islice
from typing import Any

import jsonschema

from setup_local import strict_json
from setup_local.archive_name import Flavor
from setup_local.catalog.limits import load_limits
from setup_local.catalog.load import schema
from setup_local.errors import SourceError
from setup_local.printable import printable

FORMAT = 1
FILE = "versions.json"
_SCHEMA = "index-1"
_MOST_ERRORS = 20
_SHOWN = 200  # characters of text that somebody else wrote


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
    """All distributions of one directory, the newest version first, and the debug information next to them."""

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
    """Return the index in a text; raise `SourceError` if it is not `versions.json` of format 1."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        document: Any = strict_json.parse(data, limit=load_limits().index_bytes)
        errors = jsonschema.Draft202012Validator(schema(_SCHEMA)).iter_errors(document)
        wrong = jsonschema.exceptions.best_match(islice(errors, _MOST_ERRORS))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"is not an index: {_short(str(error))}", where=where) from error
    if wrong is not None:
        what = _short(f"{wrong.json_path}: {wrong.message}")
        raise SourceError(f"is not an index of format {FORMAT}: {what}", where=where)
    raw = document["distributions"]
    listed = (*raw, *document.get("debug_information", []))
    for value in (value for item in listed for value in item.values()):
        if isinstance(value, str) and not value.isprintable():
            raise SourceError(f"is not an index: {_short(repr(value))} is not printable text", where=where)
    debug = document.get("debug_information", [])
    return Index(
        distributions=tuple(Distribution(**item | {"flavor": Flavor(item["flavor"])}) for item in raw),
        debug_information=tuple(DebugInformation(**item | {"build_ids": tuple(item["build_ids"])}) for item in debug),
    )


def _short(text: str) -> str:
    return printable(text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ...")
