"""Copies with an older PYTHON.json.

Fields that the format lacks are left out, everything else is unchanged, and content that it cannot express is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sample_distribution import Sample, flavoured

from setup_local.audit.archive import read_members
from setup_local.audit.validate import validate_archive
from setup_local.catalog.load import check
from setup_local.commands.repack import repack as command
from setup_local.errors import ArchiveError, CatalogError, DescriptionError, OutputError, RequestError
from setup_local.flavors.older_description import older, with_description


def members(archive: Path) -> dict[str, tuple[object, ...]]:
    return {
        member.name: (member.kind, member.mode, member.target, read() if member.kind.value == "file" else b"")
        for member, read in read_members(archive)
    }


def document(archive: Path) -> Any:
    (data,) = (read() for member, read in read_members(archive) if member.name == "python/PYTHON.json")
    return json.loads(data)


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_only_the_description_differs(tmp_path: Path, compression: str) -> None:
    sample = Sample(compression=compression)
    if compression == "gzip":
        sample.name = sample.name.replace(".zst", ".gz")
    archive = sample.write(tmp_path)
    copy = with_description(archive, "7", output=tmp_path / "out")
    assert copy.name == archive.name.replace("-full", "-full-json7")
    first, second = members(archive), members(copy)
    first.pop("python/SHA256SUMS")
    assert list(first) == list(second)
    assert {name for name in first if first[name] != second[name]} == {"python/PYTHON.json"}
    old, new = document(archive), document(copy)
    assert {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} >= {"version", "build_options"}
    assert new["version"] == "7"
    assert "build_options" not in new


def test_the_same_archive_gives_the_same_bytes(tmp_path: Path) -> None:
    archive = Sample().write(tmp_path)
    copies = [with_description(archive, "7", output=tmp_path / str(n), threads=n) for n in (1, 2)]
    assert copies[0].read_bytes() == copies[1].read_bytes()


def test_empty_lists_of_licences_are_left_out(tmp_path: Path) -> None:
    """PyOxidizer 0.24 reads an empty list as an SPDX expression and stops."""
    sample = Sample()
    for variants in sample.document["build_info"]["extensions"].values():
        for variant in variants:
            if not variant["links"]:
                variant |= {"licenses": [], "license_paths": []}
    archive = sample.write(tmp_path)
    kept = 0
    for variants in document(with_description(archive, "7", output=tmp_path / "out"))["build_info"][
        "extensions"
    ].values():
        for variant in variants:
            assert variant.get("licenses") != []
            assert variant.get("license_paths") != []
            kept += "licenses" in variant
    assert kept


def test_the_schema_refuses_what_the_reader_cannot_bear(tmp_path: Path) -> None:
    good = document(with_description(Sample().write(tmp_path), "7", output=tmp_path / "out"))
    check(good, "python-json-7", where="x")
    for wrong in ({"version": "8"}, {"build_options": "noopt"}, {"surprise": 1}, {"licenses": []}):
        with pytest.raises(CatalogError):
            check(good | wrong, "python-json-7", where="x")
    variant = next(iter(good["build_info"]["extensions"].values()))[0]
    variant["licenses"] = []
    with pytest.raises(CatalogError, match="licenses"):
        check(good, "python-json-7", where="x")


def test_a_copy_is_no_archive_of_version_8(tmp_path: Path) -> None:
    copy = with_description(Sample().write(tmp_path), "7", output=tmp_path / "out")
    with pytest.raises(DescriptionError, match="unknown format version '7'"):
        validate_archive(copy)


def test_free_threaded_builds_cannot_be_described() -> None:
    sample = Sample()
    sample.document["build_options"] = "freethreaded+noopt"
    with pytest.raises(DescriptionError, match="free-threaded"):
        older(json.dumps(sample.document).encode(), "7", where=Path("x"))


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff", b"{}"])
def test_a_description_that_is_none_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(DescriptionError):
        with_description(Sample(description=data).write(tmp_path), "7", output=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_only_full_archives_are_copied(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="not named like a full archive"):
        with_description(flavoured("minimal").write(tmp_path), "7", output=tmp_path / "out")
    path = Sample().write(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ArchiveError):
        with_description(path, "7", output=tmp_path / "out")


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        with_description(Sample().write(tmp_path), "7", output=tmp_path / "file")


def test_the_command_makes_flavours_and_copies(tmp_path: Path) -> None:
    archive = Sample().write(tmp_path)
    words = [str(archive), "--json-version", "7", "--flavor", "install_only", "--output", str(tmp_path / "out")]
    made = json.loads(CliRunner().invoke(command, [*words, "--json"]).stdout)["archives"]
    assert [(item.get("flavor"), item.get("json_version")) for item in made] == [("install_only", None), (None, "7")]
    paths = CliRunner().invoke(command, words).stdout.splitlines()
    assert paths == [item["path"] for item in made]
    assert [Path(path).stat().st_size for path in paths] == [item["size"] for item in made]
