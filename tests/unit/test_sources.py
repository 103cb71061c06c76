"""The pinned sources: data, schema and model agree, pins are unique, and look-ups report errors."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from setup_local import paths
from setup_local.catalog.load import check, convert, schema
from setup_local.catalog.sources import (
    AptPlace,
    ArchiveKind,
    NoCandidate,
    Requirement,
    Sources,
    filled,
    load_sources,
)
from setup_local.errors import CatalogError, RequestError

SHA = "0" * 64
FORM = {"file": "a.tar.gz", "sha256": SHA, "size": 1, "urls": ["https://example.org/a.tar.gz"]}


def document(**changes: Any) -> dict[str, Any]:
    return {"sources": [{"name": "a", "version": "1", "forms": [FORM | changes]}]}


def properties(*path: str) -> dict[str, Any]:
    node = schema("sources")
    for key in path:
        node = node[key]
    return dict(node["properties"])


def test_schema_and_model_have_the_same_kinds() -> None:
    assert properties("$defs", "form")["kind"]["enum"] == [kind.value for kind in ArchiveKind]


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": SHA[1:]},
        {"sha256": "G" * 64},
        {"size": 0},
        {"file": "../a.tar.gz"},
        {"file": ".hidden"},
        {"root": "/etc"},
        {"root": "a/../.."},
        {"urls": ["http://example.org/a.tar.gz"]},
        {"kind": "rar"},
        {"surprise": 1},
    ],
    ids=str,
)
def test_schema_rejects(changes: dict[str, Any]) -> None:
    check(document(), "sources", where="test")
    with pytest.raises(CatalogError):
        check(document(**changes), "sources", where="test")


def test_a_size_may_be_unknown_only_for_unchecked_bytes() -> None:
    form = {key: value for key, value in FORM.items() if key != "size"}
    check({"sources": [{"name": "a", "version": "1", "forms": [form | {"verified": False}]}]}, "sources", where="test")
    with pytest.raises(CatalogError):
        check({"sources": [{"name": "a", "version": "1", "forms": [form]}]}, "sources", where="test")


def test_every_source_is_pinned_once() -> None:
    counts = Counter(source.identity for source in load_sources().sources)
    assert [identity for identity, count in counts.items() if count > 1] == []


def test_no_bytes_are_pinned_for_two_trees() -> None:
    """An archive may serve two sources, but then each uses a different tree in it."""
    counts = Counter((form.sha256, form.root) for source in load_sources().sources for form in source.forms)
    assert [pin for pin, count in counts.items() if count > 1] == []


def test_one_hash_has_one_size_and_file() -> None:
    facts: dict[str, set[tuple[str, int]]] = {}
    for source in load_sources().sources:
        for form in source.forms:
            facts.setdefault(form.sha256, set()).add((form.file, form.size))
    assert [sha256 for sha256, found in facts.items() if len(found) > 1] == []


def test_no_version_stands_twice() -> None:
    """A bump changes a version, hashes and sizes: everything else is derived."""
    for raw in tomllib.loads((paths.DATA / "sources.toml").read_text())["sources"]:
        whole = re.compile(rf"(?<![0-9])(?<![0-9]\.){re.escape(raw['version'])}(?![0-9]|\.[0-9])")
        assert not whole.search(json.dumps(raw["forms"])), raw["version"]


def test_a_version_is_put_in_wherever_it_is_named() -> None:
    raw = {"name": "a", "version": "1.2", "forms": [{"file": "a-{version}", "urls": ["v{underscored}"], "size": 3}]}
    assert filled(raw)["forms"] == [{"file": "a-1.2", "urls": ["v1_2"], "size": 3}]


def test_every_form_can_come_from_somewhere() -> None:
    lonely = [
        form.file
        for source in load_sources().sources
        for form in source.forms
        if not (form.urls or form.apt or form.pypi)
    ]
    assert lonely == []


def test_kinds_fit_file_names() -> None:
    suffixes = {ArchiveKind.DEB: ".deb", ArchiveKind.WHEEL: ".whl"}
    for source in load_sources().sources:
        for form in source.forms:
            assert form.file.endswith(suffixes.get(form.kind, form.file)), form.file


def test_pool_directories_follow_the_archive() -> None:
    place = AptPlace(package="libxcb", version="1", file="f", suites=("s",))
    assert place.pool == "pool/main/libx/libxcb"
    assert dataclasses.replace(place, package="x11proto-dev", source="xorgproto").pool == "pool/main/x/xorgproto"


def test_find_names_the_nearest_pins() -> None:
    assert load_sources().find("zlib", "1.3.1").identity == "zlib-1.3.1"
    with pytest.raises(CatalogError, match=r"no source zlib-9 is pinned .*zlib-1\.3\.1"):
        load_sources().find("zlib", "9")


def test_versions_are_newest_first() -> None:
    forms = ({"file": "a.tar", "sha256": SHA, "size": 1},)
    raw = {"sources": [{"name": "a", "version": version, "forms": forms} for version in ("3.9", "3.13", "3.13.5")]}
    assert convert(Sources, raw, where="test").versions("a") == ("3.13.5", "3.13", "3.9")


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ("", ["1.1.1w", "1.1.1a", "1.1.1", "2.0"]),
        (">=1.1.1,<1.1.2", ["1.1.1w", "1.1.1a", "1.1.1"]),
        ("==1.1.1w", ["1.1.1w"]),
        (">=3", []),
    ],
)
def test_candidates_are_those_that_will_do_the_newest_checked_one_first(versions: str, expected: list[str]) -> None:
    forms = [{"file": "a.tar", "sha256": SHA, "size": 1}]
    raw = [{"name": "a", "version": version, "forms": forms} for version in ("1.1.1", "1.1.1w", "1.1.1a")]
    raw.append({"name": "a", "version": "2.0", "forms": [forms[0] | {"verified": False}]})
    catalog = convert(Sources, {"sources": raw}, where="test")
    requirement = Requirement(name="a", versions=versions)
    assert [source.version for source in catalog.candidates(requirement)] == expected
    left = catalog.without(["a-1.1.1w"])
    assert [source.version for source in left.candidates(requirement)] == [it for it in expected if it != "1.1.1w"]
    assert left.versions("a") == catalog.versions("a")
    if not expected:
        with pytest.raises(NoCandidate, match=r"no source matches a >=3 .*pinned: a-1\.1\.1"):
            catalog.best(requirement)


def test_what_is_no_specifier_is_an_error() -> None:
    with pytest.raises(CatalogError, match="not a version specifier"):
        load_sources().best(Requirement(name="openssl", versions="3.5"))


def test_select_takes_names_and_identities() -> None:
    catalog = load_sources()
    assert {source.name for source in catalog.select(["openssl"])} == {"openssl"}
    assert len(catalog.select(["openssl"])) > len(catalog.select(["openssl-3.0.20"])) == 1
    with pytest.raises(RequestError, match=r"no source opensl is pinned \(did you mean openssl\?\)"):
        catalog.select(["opensl"])


def test_a_source_pinned_twice_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[[sources]]\nname = "a"\nversion = "1"\n'
    text += f'[[sources.forms]]\nfile = "a.tar"\nsha256 = "{SHA}"\nsize = 1\n'
    (tmp_path / "sources.toml").write_text(text * 2)
    monkeypatch.setattr(paths, "DATA", tmp_path)
    with pytest.raises(CatalogError, match="a-1 is pinned twice"):
        load_sources.__wrapped__()


def test_the_schema_is_json_that_others_can_read() -> None:
    assert json.loads((paths.SCHEMA / "sources.schema.json").read_text())["$schema"].endswith("2020-12/schema")
