"""Detached OpenPGP signatures: good ones, and everything that is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pysequoia import Cert, SignatureMode, Tsk, sign

from setup_local.fetch import openpgp
from setup_local.fetch.openpgp import check_detached, fingerprint_of
from setup_local.fetch.verdict import NotChecked, UnknownSigner, WrongSignature

DATA = b"a source"
FIXTURES = Path(__file__).parents[1] / "data" / "signatures"  # made with GnuPG: the library generates nothing weak


class Signer:
    """A key for a single test."""

    def __init__(self) -> None:
        self.key = Tsk.generate("Signer <signer@example.org>")
        self.cert = self.key.extract_certificate()

    def sign(self, data: bytes = DATA, *, armor: bool = True) -> bytes:
        return sign(self.key.signer(), data, mode=SignatureMode.DETACHED, armor=armor)

    @property
    def fingerprint(self) -> str:
        return self.cert.fingerprint.upper()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.tar"
    path.write_bytes(DATA)
    return path


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(scope="module")
def other() -> Signer:
    return Signer()


@pytest.mark.parametrize("armor", [True, False])
def test_a_good_signature_names_its_certificate(file: Path, signer: Signer, other: Signer, *, armor: bool) -> None:
    certificates = (bytes(other.cert), bytes(signer.cert))
    assert check_detached(file, signer.sign(armor=armor), certificates) == signer.fingerprint
    assert fingerprint_of(bytes(signer.cert)) == signer.fingerprint


def test_a_certificate_may_be_armored(file: Path, signer: Signer) -> None:
    assert check_detached(file, signer.sign(), (str(signer.cert).encode(),)) == signer.fingerprint


def test_another_key_is_unknown(file: Path, signer: Signer, other: Signer) -> None:
    with pytest.raises(UnknownSigner, match="not a known key"):
        check_detached(file, other.sign(), (bytes(signer.cert),))


def test_one_known_signer_of_several_is_enough(file: Path, signer: Signer, other: Signer) -> None:
    both = other.sign(armor=False) + signer.sign(armor=False)
    assert check_detached(file, both, (bytes(signer.cert),)) == signer.fingerprint


def test_one_wrong_signature_of_several_is_an_error(file: Path, signer: Signer, other: Signer) -> None:
    both = signer.sign(armor=False) + other.sign(b"other bytes", armor=False)
    with pytest.raises(WrongSignature, match="does not match this file"):
        check_detached(file, both, (bytes(signer.cert), bytes(other.cert)))


@pytest.mark.parametrize("change", [DATA + b"!", DATA[:-1], b"", b"a sourcf"])
def test_a_tampered_file_is_an_error(file: Path, signer: Signer, change: bytes) -> None:
    file.write_bytes(change)
    with pytest.raises(WrongSignature, match=r"by [0-9A-F]{40} does not match this file"):
        check_detached(file, signer.sign(), (bytes(signer.cert),))


def test_the_signature_of_another_file_is_an_error(file: Path, signer: Signer) -> None:
    with pytest.raises(WrongSignature, match="does not match this file"):
        check_detached(file, signer.sign(b"another file"), (bytes(signer.cert),))


def test_a_key_that_had_expired_does_not_count(file: Path, signer: Signer) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    ended = signer.cert.set_expiration(before, signer.key.certifier())
    with pytest.raises(UnknownSigner, match="after our copy of that key expired"):
        check_detached(file, signer.sign(), (bytes(ended),))


def test_a_key_that_expired_later_counts() -> None:
    """Keys of old releases have expired; this one expired in 2020, after it had signed."""
    signature, certificate = ((FIXTURES / f"ended{end}.asc").read_bytes() for end in ("", ".key"))
    assert Cert.from_bytes(certificate).expiration is not None
    assert check_detached(FIXTURES / "signed.txt", signature, (certificate,)) == fingerprint_of(certificate)


def test_a_revoked_key_does_not_count(file: Path, signer: Signer) -> None:
    revoked = bytes(signer.cert) + bytes(signer.cert.revoke(signer.key.certifier()))
    with pytest.raises(WrongSignature, match="the key was revoked"):
        check_detached(file, signer.sign(), (revoked,))


@pytest.mark.parametrize(
    ("name", "key", "problem"),
    [
        ("rsa-sha1", "rsa", "is weak: it uses SHA-1"),
        ("dsa", "dsa", "is weak: it uses DSA"),
        ("old", "old", "is not valid: SHA1 is not considered secure"),
    ],
)
def test_weak_signatures_and_keys_do_not_count(name: str, key: str, problem: str) -> None:
    signature, certificate = (FIXTURES / f"{name}.asc").read_bytes(), (FIXTURES / f"{key}.key.asc").read_bytes()
    with pytest.raises(WrongSignature, match=problem):
        check_detached(FIXTURES / "signed.txt", signature, (certificate,))


def test_the_same_key_with_a_good_digest_counts() -> None:
    signature, certificate = ((FIXTURES / f"rsa{end}.asc").read_bytes() for end in ("", ".key"))
    assert check_detached(FIXTURES / "signed.txt", signature, (certificate,)) == fingerprint_of(certificate)


def test_what_is_no_signature_is_an_error(file: Path, signer: Signer) -> None:
    whole = signer.sign(armor=False)
    message = sign(signer.key.signer(), DATA)
    for bad in (b"", b"garbage", b"<html>404</html>", whole[:-40], whole[:20], signer.sign()[:120], message):
        with pytest.raises(WrongSignature, match=r"is not an? (detached )?OpenPGP signature"):
            check_detached(file, bad, (bytes(signer.cert),))
    with pytest.raises(WrongSignature):
        check_detached(file, bytes(signer.cert), (bytes(signer.cert),))


def test_without_the_library_nothing_is_checked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openpgp, "_AVAILABLE", False)
    with pytest.raises(NotChecked, match="pysequoia is not installed"):
        check_detached(file, b"", ())
