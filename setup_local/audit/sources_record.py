"""Reads the record of sources, `build/sources.json`: JSON, then its schema, then frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import cattrs
import jsonschema

from setup_local import strict_json
from setup_local.audit.description import shortened
from setup_local.catalog import load
from setup_local.catalog.limits import load_limits

PATH = "build/sources.json"
SCHEMA = "sources-record-1"
_MOST_ERRORS = 20


class BadRecord(Exception):
    """The record is invalid; the text says where and why."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch that was applied to a source."""

    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who signed a source (`verified`), or why no signature was checked (`unsigned`)."""

    status: str
    signer: str
    fingerprint: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a source was used for."""

    python: bool
    libraries: tuple[str, ...]
    files: tuple[str, ...]
    modules: tuple[str, ...]
    tools: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source, and what confirms its bytes."""

    name: str
    version: str
    file: str
    sha256: str
    size: int
    trust: str
    published_by: tuple[str, ...]
    signature: Signature
    patches: tuple[Patch, ...]
    used_by: Use


@dataclass(frozen=True, kw_only=True)
class SourcesRecord:
    """The whole record; `own_files` are libraries built from the generator's own code."""

    version: str
    sources: tuple[Source, ...]
    own_files: tuple[str, ...]


def read_record(data: bytes) -> SourcesRecord:
    """Return the record in a file; raise `BadRecord`."""
    try:
        document: Any = strict_json.parse(data, limit=load_limits().document_bytes)
        validator = jsonschema.Draft202012Validator(load.schema(SCHEMA))
        breach = jsonschema.exceptions.best_match(islice(validator.iter_errors(document), _MOST_ERRORS))
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"is not JSON: {shortened(str(error))}") from error
    if breach is not None:
        raise BadRecord(f"{shortened(breach.json_path)}: {shortened(breach.message)}")
    return cattrs.structure(document, SourcesRecord)
