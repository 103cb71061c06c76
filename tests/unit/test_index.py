"""The index of a directory: its entries, refused files, and the consistency of all its files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hostile_archives import DESCRIPTIONS, SHAPES, with_description
from sample_distribution import NAME, SHARED, Sample, binary
from shelf import TRIPLE, document, failure, full, reduced, run, written

from setup_local.archive_name import ArchiveName, Flavor, parse_name
from setup_local.binfmt.elf import build_id
from setup_local.catalog.flavors import load_flavors
from setup_local.catalog.load import schema
from setup_local.errors import (
    ArchiveError,
    DescriptionError,
    RequestError,
    SourceError,
    ValidationFailed,
)
from setup_local.flavors.repack import repack
from setup_local.index.model import Distribution, parse_index
from setup_local.index.write import WRITTEN


@pytest.mark.parametrize(
    ("name", "options", "flavor", "triple"),
    [
        (f"cpython-3.13.5-{TRIPLE}-pgo+lto-full.tar.zst", "pgo+lto", Flavor.FULL, TRIPLE),
        (f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz", "", Flavor.INSTALL_ONLY, TRIPLE),
        (f"cpython-3.13.5-{TRIPLE}-noopt-install_only.tar.gz", "noopt", Flavor.INSTALL_ONLY, TRIPLE),
        (f"cpython-3.13.5-{TRIPLE}-install_only_stripped.tar.zst", "", Flavor.INSTALL_ONLY_STRIPPED, TRIPLE),
        ("cpython-3.13.5-aarch64-apple-darwin-minimal.tar.zst", "", Flavor.MINIMAL, "aarch64-apple-darwin"),
        ("cpython-3.13.5-i686-pc-windows-msvc-install_only.tar.gz", "", Flavor.INSTALL_ONLY, "i686-pc-windows-msvc"),
        ("cpython-3.13.5-x86_64-pc-windows-msvc-pgo-full.tar.zst", "pgo", Flavor.FULL, "x86_64-pc-windows-msvc"),
        (
            "cpython-3.13.5-x86_64_v3-unknown-linux-musl-freethreaded+noopt-full.tar.zst",
            "freethreaded+noopt",
            Flavor.FULL,
            "x86_64_v3-unknown-linux-musl",
        ),
    ],
)
def test_names_say_what_an_archive_is(name: str, options: str, flavor: Flavor, triple: str) -> None:
    found = parse_name(name)
    assert isinstance(found, ArchiveName)
    assert (found.build_options, found.flavor, found.target_triple) == (options, flavor, triple)
    assert str(found.version) == "3.13.5"


def test_every_flavour_that_can_be_made_is_known() -> None:
    made = {flavor.name for flavor in load_flavors().flavor if not flavor.detached}
    assert made | {"full"} == {item.value for item in Flavor}


def test_debug_information_lies_beside_distributions_and_is_none(tmp_path: Path) -> None:
    catalog = load_flavors()
    (flavor,) = (flavor for flavor in catalog.flavor if flavor.detached)
    path = repack(full(tmp_path), flavor, catalog, output=tmp_path)
    assert "ignored" not in run(tmp_path).stderr
    said = document(tmp_path)
    assert [item["file"] for item in said["distributions"]] == [NAME]
    (debug,) = said["debug_information"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (debug["file"], debug["url"], debug["sha256"]) == (path.name, path.name, digest)
    assert build_id(binary("python")) in debug["build_ids"]
    assert f"{digest}  {path.name}\n" in (tmp_path / "SHA256SUMS").read_text()
    read = parse_index((tmp_path / "versions.json").read_bytes(), where="here")
    assert read.debug_information[0].build_ids == tuple(debug["build_ids"])


def test_what_only_has_the_name_of_debug_information_is_refused(tmp_path: Path) -> None:
    full(tmp_path)
    reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-debuginfo.tar.gz")
    assert isinstance(failure(tmp_path), ArchiveError)
    assert not (tmp_path / "SHA256SUMS").exists()


@pytest.mark.parametrize("name", ["README.txt", "cpython-3.13-full.tar.zst", f"x{NAME}.part", f"../{NAME}", "x.tar.gz"])
def test_other_names_are_no_distributions(name: str) -> None:
    assert parse_name(name) is None


def test_every_file_tells_the_same_of_an_archive(tmp_path: Path) -> None:
    data = full(tmp_path).read_bytes()
    (item,) = document(written(tmp_path))["distributions"]
    digest = hashlib.sha256(data).hexdigest()
    assert item == {
        "implementation": "cpython",
        "version": "3.13.5",
        "target_triple": TRIPLE,
        "flavor": "full",
        "build_options": "noopt",
        "file": NAME,
        "size": len(data),
        "sha256": digest,
        "url": NAME,
    }
    assert (tmp_path / "SHA256SUMS").read_text(encoding="utf-8") == f"{digest}  {NAME}\n"
    assert document(tmp_path, "download-metadata.json")["cpython-3.13.5-linux-x86_64-gnu"]["sha256"] == digest
    assert digest in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    full(tmp_path)
    text = (written(tmp_path) / "versions.json").read_text(encoding="utf-8")
    assert parse_index(text, where="x").to_json() == text


def test_the_schema_and_the_model_have_the_same_fields() -> None:
    described = schema("index-1")["$defs"]["distribution"]
    fields = [field.name for field in dataclasses.fields(Distribution)]
    assert list(described["properties"]) == fields == described["required"]
    assert described["properties"]["flavor"]["enum"] == [item.value for item in Flavor]


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../x.tar.gz"},
        {"sha256": "AB"},
        {"size": "1"},
        {"flavor": "huge"},
        {"more": 1},
    ],
)
def test_an_index_with_anything_else_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    full(tmp_path)
    raw = document(written(tmp_path))
    raw["distributions"][0] |= change
    with pytest.raises(SourceError, match="not an index of format 1"):
        parse_index(json.dumps(raw), where="x")


def test_text_that_is_no_json_is_no_index() -> None:
    with pytest.raises(SourceError, match="is not an index"):
        parse_index("<html>", where="x")


def test_the_newest_version_comes_first(tmp_path: Path) -> None:
    for version in ("3.9.2", "3.13.5", "3.13.15", "3.14.0rc1"):
        full(tmp_path, version)
    found = [item["version"] for item in document(written(tmp_path))["distributions"]]
    assert found == ["3.14.0rc1", "3.13.15", "3.13.5", "3.9.2"]


def test_the_same_archives_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        full(tmp_path / name)
    url = "--base-url=https://example.org/p/"
    first, second = (
        [(written(tmp_path / name, url) / file).read_bytes() for file in WRITTEN] for name in ("one", "two")
    )
    assert first == second


def test_a_second_run_neither_lists_nor_reports_what_the_first_wrote(tmp_path: Path) -> None:
    full(tmp_path)
    before = [(written(tmp_path) / file).read_bytes() for file in WRITTEN]
    again = run(tmp_path)
    assert "ignored" not in again.stderr
    assert before == [(tmp_path / file).read_bytes() for file in WRITTEN]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([NAME, *WRITTEN])


def test_unknown_files_are_ignored_and_told(tmp_path: Path) -> None:
    full(tmp_path)
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert "ignored notes.txt" in run(tmp_path).stderr


def test_json_lists_archives_and_files(tmp_path: Path) -> None:
    full(tmp_path)
    listed = json.loads(run(tmp_path, "--json").stdout)
    assert [item["file"] for item in listed["distributions"]] == [NAME]
    assert listed["files"] == [str(tmp_path / name) for name in WRITTEN]


@pytest.mark.parametrize("keep", [0, 10, 200, -30])
def test_a_damaged_archive_is_refused_and_nothing_written(tmp_path: Path, keep: int) -> None:
    path = full(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    assert isinstance(failure(tmp_path), ArchiveError)
    assert not any((tmp_path / name).exists() for name in WRITTEN)


def test_a_damaged_smaller_flavour_is_refused(tmp_path: Path) -> None:
    path = reduced(tmp_path, f"cpython-3.13.5-{TRIPLE}-install_only.tar.gz")
    path.write_bytes(path.read_bytes()[:-20])
    assert isinstance(failure(tmp_path), ArchiveError)


def test_a_name_that_is_not_what_the_archive_holds_is_refused(tmp_path: Path) -> None:
    full(tmp_path).rename(tmp_path / NAME.replace("3.13.5", "3.13.6"))
    assert "a different distribution from the one in its name: 3.13.5" in str(failure(tmp_path))


def test_a_full_archive_without_description_is_refused(tmp_path: Path) -> None:
    reduced(tmp_path, NAME)
    assert "contains no PYTHON.json" in str(failure(tmp_path))


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}"])
def test_a_description_that_makes_no_sense_is_refused(tmp_path: Path, text: bytes) -> None:
    Sample(description=text).write(tmp_path)
    assert isinstance(failure(tmp_path), DescriptionError)


def test_nothing_to_list_is_a_wrong_request(tmp_path: Path) -> None:
    assert isinstance(failure(tmp_path), RequestError)
    assert isinstance(failure(tmp_path / "nowhere"), RequestError)
    full(tmp_path)
    assert "is not an http(s) URL" in str(failure(tmp_path, "--base-url", "example.org"))


def test_a_file_that_cannot_be_written_leaves_no_part_of_it(tmp_path: Path) -> None:
    full(tmp_path)
    (tmp_path / "SHA256SUMS").mkdir()
    assert "cannot be written" in str(failure(tmp_path))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    shutil.rmtree(tmp_path / "SHA256SUMS")
    written(tmp_path)


def test_what_holds_is_listed(tmp_path: Path) -> None:
    Sample().write(tmp_path)
    assert run(tmp_path, trust=False).exit_code == 0


def test_what_does_not_hold_is_listed_only_on_trust(tmp_path: Path) -> None:
    sample = Sample()
    sample.file(SHARED).data = binary("newer.so")
    path = sample.write(tmp_path)
    error = run(tmp_path, trust=False).exception
    assert isinstance(error, ValidationFailed)
    assert error.where == str(path)
    assert "symbol-versions" in str(error)
    assert "--trust" in str(error)
    assert list(tmp_path.iterdir()) == [path]
    assert run(tmp_path).exit_code == 0


@pytest.mark.parametrize("trust", [False, True])
def test_what_is_not_safe_to_unpack_is_never_listed(tmp_path: Path, *, trust: bool) -> None:
    path = tmp_path / NAME
    path.write_bytes(SHAPES["link-out-and-file-below"]())
    assert run(tmp_path, trust=trust).exit_code != 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_that_is_none_is_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(with_description(DESCRIPTIONS[name]))
    error = failure(tmp_path)
    assert isinstance(error, ArchiveError | DescriptionError)
    assert str(path) in str(error)


def _listed(**changes: object) -> bytes:
    item = {
        "implementation": "cpython",
        "version": "3.13.5",
        "target_triple": TRIPLE,
        "flavor": "full",
        "build_options": "noopt",
        "file": NAME,
        "size": 1,
        "sha256": "0" * 64,
        "url": NAME,
    }
    return json.dumps({"format": 1, "distributions": [item | changes]}).encode()


INDEXES: dict[str, bytes] = {
    "nested": b"[" * 200_000,
    "nested-in-place": b'{"format": 1, "distributions": ' + b"[" * 200_000,
    "version-with-newline": _listed(version="3.13.5\n"),
    "version-of-digits": _listed(version="9" * 5000 + ".0.0"),
    "url-with-escapes": _listed(url="a\x1b[31m"),
    "file-with-newline": _listed(file=NAME + "\n"),
    "half-a-surrogate": _listed(url="\ud800"),
    "twice": b'{"format": 1, "format": 1, "distributions": []}',
    "utf-16": '{"format": 1, "distributions": []}'.encode("utf-16"),
    "mark": b'\xef\xbb\xbf{"format": 1, "distributions": []}',
    "not-a-number": b'{"format": NaN, "distributions": []}',
    "huge": b'{"format": 1, "distributions": [' + b" " * (16 << 20) + b"]}",
    "many-wrong": b'{"format": 1, "distributions": [' + b"1," * 100_000 + b"1]}",
    "nothing": b"",
    "zeros": bytes(100),
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_that_is_none_is_one_line(name: str) -> None:
    with pytest.raises(SourceError, match="is not an index") as caught:
        parse_index(INDEXES[name], where="x")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
