"""Fetching signatures: a wrong one is an error, one that is not available is not."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
from pysequoia import SignatureMode, Tsk, sign
from sample_signatures import DATA, SHA, Signed, signed_source

from setup_local.catalog.sources import Sigstore, Source, Trust
from setup_local.errors import SourceError
from setup_local.fetch import Fetcher, Obtained, signatures
from setup_local.fetch.signatures import Verdict, check_stored
from setup_local.fetch.verdict import NotChecked, WrongSignature


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signed:
    return signed_source(tmp_path, monkeypatch)


def fetcher(root: Path, signed: Signed, lines: list[str] | None = None) -> Fetcher:
    report = (lambda _: None) if lines is None else lines.append
    return Fetcher(root, mirrors=(str(signed.mirror),), offline=True, report=report, environ={})


def good(signed: Signed) -> Verdict:
    return Verdict(signer=signed.keys.keys[0].owner, fingerprint=signed.keys.keys[0].fingerprint)


def test_a_signature_is_checked_and_kept_beside_its_source(tmp_path: Path, signed: Signed) -> None:
    lines: list[str] = []
    got = fetcher(tmp_path, signed, lines).obtain(signed.source)
    assert lines[-1] == f"one-1: {good(signed)}"
    assert got.path.with_name("one.tar.asc").read_bytes() == signed.signature
    assert check_stored(signed.source, signed.form, got.path, signed.keys) == good(signed)
    assert [path.name for path in (tmp_path / "sources" / ".partial").iterdir()] == []


def test_a_mirror_laid_out_like_the_cache_has_it_beside_the_source(tmp_path: Path, signed: Signed) -> None:
    beside = signed.mirror / SHA
    beside.mkdir()
    for name in ("one.tar", "one.tar.asc"):
        (signed.mirror / name).rename(beside / name)
    got = fetcher(tmp_path, signed).obtain(signed.source)
    assert got.path.with_name("one.tar.asc").is_file()


def test_a_signature_that_cannot_be_had_stops_nothing(tmp_path: Path, signed: Signed) -> None:
    (signed.mirror / "one.tar.asc").unlink()
    lines: list[str] = []
    got = fetcher(tmp_path, signed, lines).obtain(signed.source)
    assert got.path.read_bytes() == DATA
    assert lines[-1] == "one-1: signature not checked: it is not available"
    assert check_stored(signed.source, signed.form, got.path, signed.keys) == Verdict(reason="it is not available")


def test_other_bytes_than_the_pinned_signature_are_as_good_as_none(tmp_path: Path, signed: Signed) -> None:
    (signed.mirror / "one.tar.asc").write_bytes(b"<html>not here</html>")
    lines: list[str] = []
    path = fetcher(tmp_path, signed, lines).obtain(signed.source).path
    assert lines[-1].endswith("it is not available")
    path.with_name("one.tar.asc").write_bytes(b"something else")
    verdict = check_stored(signed.source, signed.form, path, signed.keys)
    assert verdict is not None
    assert "is not the pinned signature" in verdict.reason


def unpinned(signed: Signed) -> Source:
    """Return the source with a signature that was never checked: any signature by the key is accepted."""
    return signed.with_form(signature=signed.with_signature(sha256="", size=0), unsigned="why")


@pytest.mark.parametrize("bad", ["another file", "garbage", "truncated"])
def test_a_wrong_signature_stops_the_work(tmp_path: Path, signed: Signed, bad: str) -> None:
    match bad:
        case "another file":
            signature = signed.sign(b"other bytes")
        case "garbage":
            signature = b"<html>not here</html>"
        case _:
            signature = signed.signature[:200]
    (signed.mirror / "one.tar.asc").write_bytes(signature)
    source = unpinned(signed)
    with pytest.raises(WrongSignature, match=r"^one-1: one\.tar\.asc: the signature (by|is not) ") as caught:
        fetcher(tmp_path, signed).try_all([source])
    assert caught.value.exit_code == SourceError.exit_code == 11
    assert fetcher(tmp_path, signed).cached(source) is None


def test_a_pinned_signature_of_other_bytes_is_wrong(tmp_path: Path, signed: Signed) -> None:
    """The catalog itself can be wrong: its hashes match the files, but the signature does not match the source."""
    signature = signed.sign(b"other bytes")
    (signed.mirror / "one.tar.asc").write_bytes(signature)
    pin = signed.with_signature(sha256=hashlib.sha256(signature).hexdigest(), size=len(signature))
    with pytest.raises(WrongSignature, match="does not match this file"):
        fetcher(tmp_path, signed).obtain(signed.with_form(signature=pin))


def foreign(signed: Signed) -> bytes:
    """Put a signature by another key into the mirror."""
    signature = sign(Tsk.generate("Other").signer(), DATA, mode=SignatureMode.DETACHED)
    (signed.mirror / "one.tar.asc").write_bytes(signature)
    return signature


def test_an_unknown_key_is_wrong_where_the_signature_was_checked(tmp_path: Path, signed: Signed) -> None:
    signature = foreign(signed)
    pin = signed.with_signature(sha256=hashlib.sha256(signature).hexdigest(), size=len(signature))
    with pytest.raises(WrongSignature, match=r"is not valid: it was made with .*, which is not a known key"):
        fetcher(tmp_path, signed).obtain(signed.with_form(signature=pin))


@pytest.mark.parametrize("trust", [Trust.PINNED, Trust.SIGNED])
def test_an_unknown_key_says_nothing_where_it_was_never_checked(tmp_path: Path, signed: Signed, trust: Trust) -> None:
    foreign(signed)
    lines: list[str] = []
    fetcher(tmp_path, signed, lines).obtain(dataclasses.replace(unpinned(signed), trust=trust))
    assert "signature not checked: it was made with" in lines[-1]


def test_a_source_of_a_signed_index_is_checked_with_any_of_its_keys(tmp_path: Path, signed: Signed) -> None:
    found = dataclasses.replace(signed.source, trust=Trust.SIGNED)
    lines: list[str] = []
    fetcher(tmp_path, signed, lines).obtain(found)
    assert lines[-1] == f"one-1: {good(signed)}"
    (signed.mirror / "one.tar.asc").write_bytes(signed.sign(b"other bytes"))
    wrong = dataclasses.replace(unpinned(signed), trust=Trust.SIGNED)
    with pytest.raises(WrongSignature):
        fetcher(tmp_path / "empty", signed).obtain(wrong)


def test_a_source_that_was_there_before_is_checked_when_asked(tmp_path: Path, signed: Signed) -> None:
    (signed.mirror / "one.tar.asc").rename(tmp_path / "later")
    one = fetcher(tmp_path, signed)
    item = one.obtain(signed.source)
    assert one.check_signature(item) == Verdict(reason="it is not available")
    (tmp_path / "later").rename(signed.mirror / "one.tar.asc")
    assert one.check_signature(item) == good(signed)
    (signed.mirror / "one.tar.asc").unlink()
    assert one.check_signature(item) == good(signed)


def test_a_form_without_a_signature_is_not_checked(tmp_path: Path, signed: Signed) -> None:
    source = signed.with_form(signature=None, unsigned="why")
    lines: list[str] = []
    one = fetcher(tmp_path, signed, lines)
    item: Obtained = one.obtain(source)
    assert len(lines) == 1
    assert one.check_signature(item) is None


def test_a_bundle_is_checked_by_sigstore(tmp_path: Path, signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Sigstore(identity="one@example.org", issuer="https://example.org", file="one.tar.sigstore")
    (signed.mirror / bundle.file).write_bytes(b"bundle")
    source = signed.with_form(signature=None, sigstore=bundle, unsigned="why")
    seen: list[tuple[bytes, bool]] = []

    def check(_: Path, data: bytes, expected: Sigstore, *, offline: bool) -> str:
        seen.append((data, offline))
        return expected.identity

    monkeypatch.setattr(signatures, "check_bundle", check)
    lines: list[str] = []
    fetcher(tmp_path, signed, lines).obtain(source)
    assert lines[-1] == "one-1: signed by one@example.org"
    assert seen == [(b"bundle", True)]

    def missing(*_: object, offline: bool) -> str:
        raise NotChecked(f"no library, offline {offline}")

    monkeypatch.setattr(signatures, "check_bundle", missing)
    fetcher(tmp_path / "empty", signed, lines).obtain(source)
    assert lines[-1] == "one-1: signature not checked: no library, offline True"
