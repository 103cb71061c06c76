"""The signing keys. Every form has a checked signature or a reason for having none."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from setup_local import paths
from setup_local.catalog.keys import Key, Keys, Reason, SignatureStatus, load_keys, signature_problems, signature_record
from setup_local.catalog.sources import Form, Signature, Sigstore, Source, Sources, Trust, load_sources
from setup_local.errors import CatalogError
from setup_local.fetch.openpgp import fingerprint_of

SHA = "0" * 64
KEY = Key(name="one", owner="One <one@example.org>", fingerprint="A" * 40, sources=("a",), published="nowhere")
REASONS = tuple(Reason(name=name, text=f"{name}.") for name in ("none", "never-here", "distribution-index", "own-file"))
KEYS = Keys(keys=(KEY,), reasons=REASONS)
SIGNATURE = Signature(key="one", file="a.asc", sha256=SHA, size=3)
SIGSTORE = Sigstore(identity="one@example.org", issuer="https://example.org", file="a.sigstore", sha256=SHA, size=3)
SIGNED = Form(file="a.tar", sha256=SHA, size=1, signature=SIGNATURE)


def problems(*forms: Form, keys: Keys = KEYS) -> list[str]:
    return list(signature_problems(Sources(sources=(Source(name="a", version="1", forms=forms),)), keys))


def test_every_form_has_a_signature_or_a_reason() -> None:
    assert list(signature_problems(load_sources(), load_keys())) == []


def test_every_reason_is_used() -> None:
    used = {form.unsigned for source in load_sources().sources for form in source.forms}
    assert {reason.name for reason in load_keys().reasons} - used == {"distribution-index", "own-file"}


def test_names_are_unique() -> None:
    keys = load_keys()
    for names in ([key.name for key in keys.keys], [reason.name for reason in keys.reasons]):
        assert len(names) == len(set(names))


@pytest.mark.parametrize("key", load_keys().keys, ids=lambda key: key.name)
def test_the_certificate_has_the_fingerprint_that_stands_in_the_catalog(key: Key) -> None:
    assert fingerprint_of(key.certificate()) == key.fingerprint


def test_every_certificate_is_a_key_of_the_catalog() -> None:
    assert {path.stem for path in (paths.DATA / "keys").glob("*")} == {key.name for key in load_keys().keys}


def test_the_sources_of_keys_exist() -> None:
    names = {source.name for source in load_sources().sources}
    assert [name for key in load_keys().keys for name in key.sources if name not in names] == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"signature": None}, "neither a signature nor a reason"),
        ({"signature": dataclasses.replace(SIGNATURE, key="two")}, "the key two may not sign a"),
        ({"signature": dataclasses.replace(SIGNATURE, sha256="")}, "needs a hash and a size"),
        ({"unsigned": "surprise"}, "unknown reason surprise"),
        ({"verified": False}, "its bytes were never here"),
        ({"unsigned": "never-here"}, "its bytes were here"),
    ],
    ids=str,
)
def test_contradictions_are_found(changes: dict[str, object], problem: str) -> None:
    assert problems(SIGNED) == []
    found = problems(dataclasses.replace(SIGNED, **changes), SIGNED)  # type: ignore[arg-type]
    assert len(found) == 1
    assert problem in found[0]


def test_a_key_without_use_is_found() -> None:
    unused = dataclasses.replace(KEYS, keys=(KEY, dataclasses.replace(KEY, name="two")))
    assert problems(SIGNED, keys=unused) == ["nothing is signed with the key two"]


def test_the_record_says_who_signed() -> None:
    record = signature_record(SIGNED, Trust.PINNED, KEYS)
    assert (record.status, record.signer) == (SignatureStatus.VERIFIED, KEY.owner)
    assert (record.fingerprint, record.reason) == (KEY.fingerprint, "")
    bundled = signature_record(dataclasses.replace(SIGNED, signature=None, sigstore=SIGSTORE), Trust.PINNED, KEYS)
    assert (bundled.status, bundled.signer, bundled.fingerprint) == (SignatureStatus.VERIFIED, SIGSTORE.identity, "")


@pytest.mark.parametrize(
    ("trust", "unsigned", "reason"),
    [
        (Trust.PINNED, "none", "none."),
        (Trust.SIGNED, "", "distribution-index."),
        (Trust.LOCAL, "", "own-file."),
    ],
)
def test_the_record_says_why_nothing_was_checked(trust: Trust, unsigned: str, reason: str) -> None:
    record = signature_record(dataclasses.replace(SIGNED, unsigned=unsigned), trust, KEYS)
    assert (record.status, record.reason, record.signer) == (SignatureStatus.UNSIGNED, reason, "")


def test_unknown_names_are_errors() -> None:
    with pytest.raises(CatalogError, match="unknown key two"):
        signature_record(
            dataclasses.replace(SIGNED, signature=dataclasses.replace(SIGNATURE, key="two")), Trust.PINNED, KEYS
        )
    with pytest.raises(CatalogError, match="unknown reason surprise"):
        signature_record(dataclasses.replace(SIGNED, unsigned="surprise"), Trust.PINNED, KEYS)
    with pytest.raises(CatalogError, match="neither a signature nor a reason"):
        signature_record(dataclasses.replace(SIGNED, signature=None), Trust.PINNED, KEYS)


def test_a_missing_certificate_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "DATA", tmp_path)
    with pytest.raises(CatalogError, match="cannot be read"):
        KEY.certificate()
