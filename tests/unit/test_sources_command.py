"""`setup-local sources` with a small catalog and a mirror directory."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sample_signatures import Signed, signed_source

from setup_local.catalog.keys import load_keys
from setup_local.catalog.sources import Form, Source, Sources
from setup_local.commands import sources as command
from setup_local.errors import RequestError, SetupLocalError, SourceError

DATA = b"bytes of a source"
SHA = hashlib.sha256(DATA).hexdigest()
CHECKED = Source(name="one", version="1", forms=(Form(file="one.tar", sha256=SHA, size=len(DATA), unsigned="none"),))
UNCHECKED = Source(
    name="two", version="2", forms=(Form(file="two.tar", sha256="0" * 64, verified=False, unsigned="never-here"),)
)


@pytest.fixture(autouse=True)
def small_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("setup_local.catalog.sources.load_sources", lambda: Sources(sources=(CHECKED, UNCHECKED)))
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "one.tar").write_bytes(DATA)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command.sources, [str(word) for word in words])


def failure(*words: str | Path) -> SetupLocalError:
    error = run(*words).exception
    assert isinstance(error, SetupLocalError), error
    return error


def fetched(tmp_path: Path) -> Path:
    assert run("fetch", "--offline", "--mirror", tmp_path / "mirror").exit_code == 0
    return tmp_path / "cache" / "sources" / SHA / "one.tar"


def test_list_shows_what_is_here(tmp_path: Path) -> None:
    assert "one.tar" in run("list").stdout
    before, unchecked = json.loads(run("list", "--json").stdout)
    assert before["forms"][0]["cached"] is None
    assert unchecked["forms"][0] == {
        "file": "two.tar",
        "sha256": "0" * 64,
        "size": None,
        "verified": False,
        "cached": None,
        "signature": {
            "status": "unsigned",
            "signer": None,
            "fingerprint": None,
            "reason": load_keys().reason("never-here"),
        },
    }
    path = fetched(tmp_path)
    assert json.loads(run("list", "one", "--json").stdout)[0]["forms"][0]["cached"] == str(path)


def test_fetch_prints_what_it_has(tmp_path: Path) -> None:
    result = run("fetch", "--offline", "--json", "--mirror", tmp_path / "mirror", "one-1")
    path = tmp_path / "cache" / "sources" / SHA / "one.tar"
    assert json.loads(result.stdout) == [{"source": "one-1", "sha256": SHA, "path": str(path), "signature": None}]
    assert path.read_bytes() == DATA
    assert "one.tar" in run("fetch", "--offline").stdout


def test_fetch_gets_the_rest_when_one_fails(tmp_path: Path) -> None:
    result = run("fetch", "--offline", "--json", "--mirror", tmp_path / "mirror", "one", "two")
    assert [item["source"] for item in json.loads(result.stdout)] == ["one-1"]
    assert isinstance(result.exception, SourceError)
    assert result.exception.where == "two-2"


def test_an_unknown_name_is_a_wrong_request() -> None:
    error = failure("fetch", "on")
    assert isinstance(error, RequestError)
    assert error.hint == "did you mean one?"


def test_a_mirror_serves_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "usb" / "sources"
    assert run("mirror", target, "--offline", "--mirror", tmp_path / "mirror").exit_code == 0
    assert sorted(path.name for path in target.iterdir()) == ["SHA256SUMS", "one.tar"]
    assert (target / "SHA256SUMS").read_text() == f"{SHA}  one.tar\n"
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache2"))
    assert run("fetch", "--offline", "--mirror", target).exit_code == 0


def test_a_mirror_is_completed_and_repaired(tmp_path: Path) -> None:
    target = tmp_path / "usb"
    target.mkdir()
    (target / "one.tar").write_bytes(b"damaged")
    (target / "older.tar").write_bytes(b"older")
    (target / "SHA256SUMS").write_text(f"{'1' * 64}  older.tar\n{'2' * 64}  gone.tar\n")
    result = run("mirror", target, "--offline", "--mirror", tmp_path / "mirror")
    assert "1 new files" in result.stderr
    assert (target / "one.tar").read_bytes() == DATA
    assert (target / "SHA256SUMS").read_text() == f"{'1' * 64}  older.tar\n{SHA}  one.tar\n"


def test_a_mirror_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    error = failure("mirror", tmp_path / "file" / "below", "--offline", "--mirror", tmp_path / "mirror")
    assert error.exit_code == 17
    assert not (tmp_path / "cache").exists()  # nothing was fetched unnecessarily


def test_verify_tells_good_damaged_and_forgotten(tmp_path: Path) -> None:
    path = fetched(tmp_path)
    stray = tmp_path / "cache" / "sources" / ("3" * 64) / "old.tar"
    stray.parent.mkdir()
    stray.write_bytes(b"x")
    good, forgotten = json.loads(run("verify", "--json").stdout)
    assert (good["source"], good["problem"]) == ("one-1", None)
    assert (forgotten["source"], forgotten["problem"]) == (None, "no longer pinned")
    path.write_bytes(DATA[:-1] + b"!")
    error = failure("verify")
    assert error.exit_code == 11
    assert "one.tar" in str(error)
    assert path.is_file()


def test_verify_of_no_cache_is_empty() -> None:
    assert json.loads(run("verify", "--json").stdout) == []


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signed:
    made = signed_source(tmp_path, monkeypatch)
    monkeypatch.setattr("setup_local.catalog.sources.load_sources", lambda: Sources(sources=(made.source,)))
    return made


def test_list_shows_who_signed(signed: Signed) -> None:
    (facts,) = json.loads(run("list", "--json").stdout)
    key = signed.keys.keys[0]
    assert facts["forms"][0]["signature"] == {
        "status": "verified",
        "signer": key.owner,
        "fingerprint": key.fingerprint,
        "reason": None,
    }
    assert key.owner in run("list").stdout


def test_signatures_travel_with_a_mirror_and_are_checked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed: Signed
) -> None:
    target = tmp_path / "usb"
    assert run("mirror", target, "--offline", "--mirror", signed.mirror).exit_code == 0
    assert "one.tar.asc" in (target / "SHA256SUMS").read_text()
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache2"))
    (fetched_again,) = json.loads(run("fetch", "--offline", "--json", "--mirror", target).stdout)
    fingerprint = signed.keys.keys[0].fingerprint
    assert fetched_again["signature"]["fingerprint"] == fingerprint
    source, signature = json.loads(run("verify", "--json").stdout)
    assert source["signature"]["fingerprint"] == fingerprint
    assert (signature["source"], signature["problem"], signature["signature"]) == ("one-1", None, None)
    assert fingerprint in run("verify").stdout.replace("\n", "")


def test_verify_tells_what_was_not_checked_and_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed: Signed
) -> None:
    unpinned = signed.with_form(signature=signed.with_signature(sha256="", size=0), unsigned="why")
    monkeypatch.setattr("setup_local.catalog.sources.load_sources", lambda: Sources(sources=(unpinned,)))
    beside = tmp_path / "cache" / "sources" / signed.form.sha256 / "one.tar.asc"
    assert run("fetch", "--offline", "--mirror", signed.mirror).exit_code == 0
    beside.unlink()
    (source,) = json.loads(run("verify", "--json").stdout)
    assert source["signature"]["not-checked"] == "it is not available"
    beside.write_bytes(signed.sign(b"other bytes"))
    error = failure("verify")
    assert error.exit_code == 11
    assert "does not match this file" in run("verify", "--json").stdout


def test_a_wrong_signature_stops_fetch(monkeypatch: pytest.MonkeyPatch, signed: Signed) -> None:
    unpinned = signed.with_form(signature=signed.with_signature(sha256="", size=0), unsigned="why")
    monkeypatch.setattr("setup_local.catalog.sources.load_sources", lambda: Sources(sources=(unpinned,)))
    (signed.mirror / "one.tar.asc").write_bytes(signed.sign(b"other bytes"))
    error = failure("fetch", "--offline", "--mirror", signed.mirror)
    assert error.exit_code == 11
    assert str(error).startswith("one-1: one.tar.asc: the signature by ")
