"""Edits the text of `data/sources.toml`: unchanged parts keep their bytes, including comments."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import Any

import tomlkit

from setup_local.catalog.sources import Form, Source


def with_pin(text: str, source: Source, like: Source) -> str:
    """Return the catalog's text with a new pin before the pin `like`, in the same layout.

    `source` has the forms whose bytes were seen; other fields of the existing pin (flags, addresses) are kept.
    """
    document = tomlkit.parse(text)
    pins: Any = document["sources"]
    place = _place(pins, like)
    fresh = copy.deepcopy(pins[place])
    fresh["version"] = source.version
    shapes = list(zip(like.forms, fresh["forms"], strict=True))
    forms = tomlkit.aot()
    for form in source.forms:
        forms.append(_form(form, _nearest(form, shapes), source.version))
    fresh["forms"] = forms
    pins.insert(place, fresh)
    return tomlkit.dumps(document)


def without_pin(text: str, source: Source) -> str:
    """Return the catalog's text without a pin."""
    document = tomlkit.parse(text)
    pins: Any = document["sources"]
    del pins[_place(pins, source)]
    return tomlkit.dumps(document)


def _place(pins: Any, source: Source) -> int:
    wanted = (source.name, source.version)
    return next(number for number, pin in enumerate(pins) if (pin["name"], pin["version"]) == wanted)


def _nearest(form: Form, shapes: list[tuple[Form, Any]]) -> Any:
    """Return the pinned form most similar to a new one: of the same kind, from the same package or project."""

    def distance(pair: tuple[Form, Any]) -> tuple[bool, bool, bool]:
        old, _ = pair
        packages = tuple(item.apt.package if item.apt else "" for item in (old, form))
        return (old.kind is not form.kind, packages[0] != packages[1], bool(old.urls) != bool(form.urls))

    return copy.deepcopy(min(shapes, key=distance)[1])


def _form(form: Form, raw: Any, version: str) -> Any:
    """Fill a copy of a pinned form with the new values."""
    raw["file"] = _templated(form.file, version)
    raw["sha256"] = form.sha256
    raw["size"] = form.size
    if form.root:
        raw["root"] = _templated(form.root, version)
    for name in ("verified", "extent"):
        raw.pop(name, None)
    if form.apt and "apt" in raw:
        raw["apt"]["version"] = _templated(form.apt.version, version)
        raw["apt"]["file"] = _templated(form.apt.file, version)
        raw["apt"]["suites"] = list(form.apt.suites)
    _sign(form, raw, version)
    return raw


def _sign(form: Form, raw: Any, version: str) -> None:
    """Insert the signature of a form, and the reason if it was not checked."""
    for name in ("signature", "sigstore", "unsigned"):
        raw.pop(name, None)
    described = form.signature or form.sigstore
    if described:
        facts = _plain(dataclasses.asdict(described), version)
        raw["signature" if form.signature else "sigstore"] = _inline(facts)
    if form.unsigned:
        raw["unsigned"] = form.unsigned


def _plain(value: Any, version: str) -> Any:
    """Return a value of the model as written in the file: without empty values, with placeholders for the version."""
    match value:
        case dict():
            return {key: _plain(item, version) for key, item in value.items() if item}
        case tuple():
            return [_plain(item, version) for item in value]
        case str():
            return _templated(value, version)
        case _:
            return value


def _inline(facts: dict[str, Any]) -> Any:
    """Return an inline table, spaced as in the rest of the file."""
    return tomlkit.value(_text(facts))


def _text(value: Any) -> str:
    match value:
        case dict():
            return f"{{ {', '.join(f'{key} = {_text(item)}' for key, item in value.items())} }}"
        case list():
            return f"[{', '.join(map(_text, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _templated(text: str, version: str) -> str:
    """Return a text with placeholders for the version it names."""
    return text.replace(version, "{version}").replace(version.replace(".", "_"), "{underscored}")
