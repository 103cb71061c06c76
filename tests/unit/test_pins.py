"""Pins: their purpose, newer versions, and a bump that edits only data."""

from __future__ import annotations

import dataclasses
import io
import tarfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from setup_local import paths
from setup_local.catalog.catalogs import Catalogs, load_catalogs
from setup_local.catalog.keys import load_keys
from setup_local.catalog.patches import patches_for
from setup_local.catalog.sources import AptPlace, Form, Requirement, Source, Sources, Trust, filled
from setup_local.catalog.versions import admits
from setup_local.errors import ReconcileError, RequestError, SourceError
from setup_local.fetch import Obtained
from setup_local.fetch.cache import sha256_of
from setup_local.fetch.signatures import Verdict
from setup_local.pins.bump import Bump, find, pinned_text, series, try_newest
from setup_local.pins.edit import with_pin, without_pin
from setup_local.pins.outdated import standings
from setup_local.pins.uses import unused, users

TEXT = (paths.DATA / "sources.toml").read_text(encoding="utf-8")
CATALOGS = load_catalogs()


class Index:
    """A signed index with tarballs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.sources: list[Source] = []
        self.gone: set[str] = set()
        self.verdicts: dict[str, Verdict] = {}

    def add(self, name: str, version: str, files: Mapping[str, str]) -> Source:
        top = f"{name}-{version}"
        path = self.directory / f"{top}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for file, text in files.items():
                member = tarfile.TarInfo(f"{top}/{file}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        place = AptPlace(package=name, version=f"{version}-1", file=f"{name}_{version}.orig.tar.gz", suites=("sid",))
        form = Form(file=path.name, sha256=sha256_of(path), size=path.stat().st_size, root=f"*/{top}", apt=place)
        source = Source(name=name, version=version, forms=(form,), trust=Trust.SIGNED)
        self.sources.append(source)
        return source

    def discover(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        del known
        return Sources(sources=tuple(self.sources)).candidates(requirement)

    def newer(self, requirement: Requirement, known: Sources) -> tuple[Source, ...]:
        pins = {source.version for source in known.sources if source.name == requirement.name}
        return tuple(item for item in self.discover(requirement, known) if item.version not in pins)

    def obtain(self, source: Source) -> Obtained:
        form = source.forms[0]
        if source.identity in self.gone:
            raise SourceError("gone", where=source.identity)
        return Obtained(source=source, form=form, path=self.directory / form.file)

    def check_signature(self, item: Obtained) -> Verdict | None:
        return self.verdicts.get(item.source.identity)

    def try_all(self, sources: Iterable[Source]) -> Mapping[str, Obtained | SourceError]:
        return {
            item.identity: SourceError("gone") if item.identity in self.gone else self.obtain(item) for item in sources
        }


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path)


def fitting(name: str, version: str) -> dict[str, str]:
    """Return files in which every edit of the patches for a library's version matches exactly once."""
    found = {"README": "r"}
    for library in (item for item in CATALOGS.libraries if item.name == name and admits(item.versions, version)):
        for edit in (edit for patch in patches_for(library.patches, version) for edit in patch.edits):
            found[edit.file] = f"{found.get(edit.file, '')}\n{edit.find}\n"
    return found


def sources_of(text: str) -> dict[tuple[str, str], dict[str, object]]:
    return {(item["name"], item["version"]): filled(item) for item in tomllib.loads(text)["sources"]}


def bumped(index: Index, tmp_path: Path, name: str, version: str | None = None) -> str:
    found = find(name, version, CATALOGS, index)
    outcomes = [try_newest(old, newer, CATALOGS, index, tmp_path / "work") for old, newer in found]
    return pinned_text(TEXT, tuple(item for item in outcomes if isinstance(item, Bump)))


def test_every_pin_has_a_use() -> None:
    assert not unused(CATALOGS)


def test_a_pin_without_use_is_found() -> None:
    other = Source(name="zlib", version="9.0", forms=())
    catalogs = dataclasses.replace(CATALOGS, sources=CATALOGS.sources.with_more([other]))
    assert other in unused(catalogs)
    assert users(other, catalogs) == ()
    assert users(CATALOGS.sources.find("zlib", "1.3.1"), CATALOGS)[0] == "zlib"


def test_series_are_the_ranges_that_recipes_take() -> None:
    assert [str(item) for item in series("openssl", CATALOGS)] == [
        "openssl >=3.0.20,<3.1", "openssl >=1.1.1,<1.1.2", "openssl >=3.5.6,<3.6",
    ]  # fmt: skip
    assert "cpython ==3.13.*" in [str(item) for item in series("cpython", CATALOGS)]
    assert [str(item) for item in series("xcb-proto", CATALOGS)] == ["xcb-proto"]
    with pytest.raises(RequestError, match="no source opensl is pinned"):
        series("opensl", CATALOGS)


def test_a_bump_adds_one_pin_before_the_one_that_it_is_like(index: Index, tmp_path: Path) -> None:
    index.add("zlib", "1.4.0", fitting("zlib", "1.4.0"))
    after = bumped(index, tmp_path, "zlib")
    before, now = sources_of(TEXT), sources_of(after)
    assert set(now) - set(before) == {("zlib", "1.4.0")}
    assert {key: now[key] for key in before} == before
    (form,) = now["zlib", "1.4.0"]["forms"]  # type: ignore[misc]
    assert form["sha256"] == index.sources[0].forms[0].sha256
    assert form["root"] == "zlib-1.4.0"
    assert "verified" not in form
    added = [line for line in after.splitlines() if line not in TEXT.splitlines()]
    assert not [line for line in added if "1.4.0" in line and not line.startswith("version = ")]
    assert after.index('version = "1.4.0"') < after.index('version = "1.3.1"')


def test_each_series_is_bumped_by_itself(index: Index, tmp_path: Path) -> None:
    for version in ("3.5.99", "3.0.99", "4.0.0"):
        index.add("openssl", version, fitting("openssl", version))
    now = sources_of(bumped(index, tmp_path, "openssl"))
    assert {("openssl", "3.5.99"), ("openssl", "3.0.99")} <= set(now)
    assert ("openssl", "4.0.0") not in now


def test_where_the_newest_cannot_be_had_the_next_is_taken(index: Index, tmp_path: Path) -> None:
    for version in ("1.4.0", "1.5.0"):
        index.add("zlib", version, fitting("zlib", version))
    index.gone = {"zlib-1.5.0"}
    now = sources_of(bumped(index, tmp_path, "zlib"))
    assert ("zlib", "1.4.0") in now
    assert ("zlib", "1.5.0") not in now
    index.gone |= {"zlib-1.4.0"}
    assert bumped(index, tmp_path, "zlib") == TEXT


def test_a_version_can_be_asked_for(index: Index, tmp_path: Path) -> None:
    for version in ("1.4.0", "1.5.0"):
        index.add("zlib", version, fitting("zlib", version))
    now = sources_of(bumped(index, tmp_path, "zlib", "1.4.0"))
    assert ("zlib", "1.4.0") in now
    assert ("zlib", "1.5.0") not in now


def test_a_checked_signature_is_pinned_with_its_hash(index: Index, tmp_path: Path) -> None:
    source = index.add("openssl", "3.5.99", fitting("openssl", "3.5.99"))
    expected = CATALOGS.sources.find("openssl", "3.5.7").forms[0].signature
    assert expected
    signature = dataclasses.replace(expected, file="openssl-3.5.99.tar.gz.asc", sha256="", size=0)
    index.sources = [dataclasses.replace(source, forms=(dataclasses.replace(source.forms[0], signature=signature),))]
    (tmp_path / signature.file).write_bytes(b"signature")
    key = load_keys().key(expected.key)
    index.verdicts["openssl-3.5.99"] = Verdict(signer=key.owner, fingerprint=key.fingerprint)
    (form,) = sources_of(bumped(index, tmp_path, "openssl"))["openssl", "3.5.99"]["forms"]  # type: ignore[misc]
    assert form["signature"]["sha256"] == sha256_of(tmp_path / signature.file)
    assert (form["signature"]["key"], form["signature"]["size"]) == (expected.key, 9)
    assert "unsigned" not in form


@pytest.mark.parametrize("verdict", [None, Verdict(reason="it is not available")])
def test_a_signature_that_was_not_checked_has_a_reason(index: Index, tmp_path: Path, verdict: Verdict | None) -> None:
    index.add("zlib", "1.4.0", fitting("zlib", "1.4.0"))
    if verdict:
        index.verdicts["zlib-1.4.0"] = verdict
    (form,) = sources_of(bumped(index, tmp_path, "zlib"))["zlib", "1.4.0"]["forms"]  # type: ignore[misc]
    assert form["unsigned"] == "not-at-hand"


@pytest.mark.parametrize("version", ["1.9.9", "1.3.1"])
def test_a_version_that_nobody_has_or_that_is_pinned(index: Index, tmp_path: Path, version: str) -> None:
    with pytest.raises(RequestError, match=f"no signed index has zlib {version}, or it is already pinned"):
        bumped(index, tmp_path, "zlib", version)


def test_patches_that_do_not_fit_stop_a_bump(index: Index, tmp_path: Path) -> None:
    index.add("zlib", "1.4.0", {"deflate.c": "something else"})
    with pytest.raises(ReconcileError, match=r"zlib-1\.4\.0: zlib-longest-match\.toml searches for"):
        bumped(index, tmp_path, "zlib")


def test_what_is_no_python_stops_a_bump(index: Index, tmp_path: Path) -> None:
    index.add("cpython", "3.13.99", {"README": "r"})
    with pytest.raises(RequestError, match="is not a CPython source tree"):
        bumped(index, tmp_path, "cpython", "3.13.99")


def test_nothing_newer_is_nothing_to_bump(index: Index) -> None:
    assert list(find("zlib", None, CATALOGS, index)) == []


def test_the_text_is_the_same_again_without_the_new_pin(index: Index) -> None:
    new = dataclasses.replace(index.add("zlib", "1.4.0", {}), trust=Trust.PINNED)
    old = CATALOGS.sources.find("zlib", "1.3.1")
    assert without_pin(with_pin(TEXT, new, old), new) == TEXT


def test_standings_tell_what_is_newer_and_what_is_wrong(index: Index) -> None:
    index.add("zlib", "1.4.0", {})
    index.gone = {"zlib-1.3.1"}
    stray = Source(name="zlib", version="0.9", forms=(Form(file="z", sha256="0" * 64, size=1),))
    catalogs: Catalogs = dataclasses.replace(CATALOGS, sources=CATALOGS.sources.with_more([stray]))
    rows = [(item.pinned, item.newer, item.note) for item in standings(["zlib"], catalogs, index, tried=True)]
    assert ("1.3.1", "1.4.0", "") in rows
    assert ("0.9", "", "unused") in rows
    assert ("1.3.1", "", "no longer available") in rows
    (row,) = standings(["bzip2"], CATALOGS, index)
    assert (row.newer, row.place, row.note) == ("", "", "")


def test_standings_name_the_place(index: Index) -> None:
    index.add("zlib", "1.4.0", {})
    row = next(item for item in standings(["zlib"], CATALOGS, index) if item.newer)
    assert row.place == "zlib 1.4.0-1 of sid"
