"""Turns a TOML or JSON file into frozen dataclasses: schema first, then strict conversion.

The schema library is loaded only when a document is validated: once for each state of a file and of its schema.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from cattrs.gen import make_dict_structure_fn

from setup_local import paths
from setup_local.catalog import validity
from setup_local.errors import CatalogError

T = TypeVar("T")


def _kebab(name: str) -> str:
    return name.replace("_", "-")


@cache
def _converter() -> cattrs.Converter:
    """Return a converter that rejects unknown keys and reads `kebab-case` keys into `snake_case` fields."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)

    def structure_hook(cls: Any) -> Any:
        renames: dict[str, Any] = {
            field.name: cattrs.override(rename=_kebab(field.name))
            for field in dataclasses.fields(cls)
            if _kebab(field.name) != field.name
        }
        return make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **renames)

    converter.register_structure_hook_factory(dataclasses.is_dataclass, structure_hook)
    return converter


@cache
def schema(name: str) -> Any:
    """Return the JSON Schema `schema/<name>.schema.json`."""
    import jsonschema  # noqa: PLC0415 (see above)

    path = schema_file(name)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(document)
    except (OSError, ValueError, jsonschema.SchemaError) as error:
        raise CatalogError(f"unusable schema: {error}", where=path) from error
    return document


def schema_file(name: str) -> Path:
    """Return the file of a schema."""
    return paths.SCHEMA / f"{name}.schema.json"


def check(document: Any, schema_name: str, *, where: object) -> None:
    """Raise `CatalogError` that names the first place where a document violates its schema."""
    import jsonschema  # noqa: PLC0415 (see above)

    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema(schema_name)).iter_errors(document))
    if error is not None:
        raise CatalogError(f"{error.json_path}: {error.message}", where=where)


def convert(cls: type[T], raw: Any, *, where: object) -> T:
    """Convert plain data to a frozen dataclass; raise `CatalogError` for anything that does not fit."""
    try:
        return _converter().structure(raw, cls)
    except Exception as error:  # cattrs raises exception groups of any kind; all mean bad data
        reasons = "; ".join(cattrs.transform_error(error))
        raise CatalogError(reasons, where=where) from error


def plural(raw: dict[str, Any], key: str) -> dict[str, Any]:
    """Rename the array of tables `[[...key]]` to the field that holds all of them."""
    return {(f"{name}s" if name == key else name): value for name, value in raw.items()}


def read_toml(path: Path, schema_name: str) -> Any:
    """Read a TOML file that follows a schema; raise `CatalogError`.

    A file that was validated before is not validated again until it or its schema changes.
    """
    content, document = _parsed(path)
    _check_once(document, content, schema_name, path)
    return document


def read_inheriting(path: Path, schema_name: str, directory: Path) -> Any:
    """Read a TOML file on top of the one that it `inherits`, `directory/<name>.toml`; together they follow the schema.

    Arrays of tables are concatenated; for everything else the file's own value counts. Raises `CatalogError`.
    """
    content, document = _parsed(path)
    if "inherits" in document:
        base, inherited = _parsed(directory / f"{document.pop('inherits')}.toml")
        both = {name for name in inherited.keys() & document.keys() if _is_tables(inherited[name])}
        tables = {name: inherited[name] + document[name] for name in both}
        content, document = base + content, {**inherited, **document, **tables}
    _check_once(document, content, schema_name, path)
    return document


def _is_tables(value: Any) -> bool:
    """Return whether a value is an array of tables (`[[needed]]`)."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _parsed(path: Path) -> tuple[bytes, Any]:
    try:
        content = path.read_bytes()
        return content, tomllib.loads(content.decode())
    except (OSError, ValueError) as error:
        raise CatalogError(f"cannot be read: {error}", where=path) from error


def _check_once(document: Any, content: bytes, schema_name: str, path: Path) -> None:
    mark = validity.mark(content, schema_file(schema_name))
    if not validity.is_known(mark):
        check(document, schema_name, where=path)
        validity.remember(mark)
