"""Errors of sigstore's library become our errors; the library itself is an extra and is not needed here."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from setup_local.catalog.sources import Sigstore
from setup_local.fetch.sigstore_bundle import check_bundle
from setup_local.fetch.verdict import NotChecked, WrongSignature

EXPECTED = Sigstore(identity="one@example.org", issuer="https://example.org", file="a.sigstore")
GOOD = (b"a source", b"bundle", EXPECTED.identity, EXPECTED.issuer)


class Library:
    """The used part of the library, with one valid signature; `asked` records whether each verifier was offline."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reachable = True
        self.asked: list[bool] = []
        errors = {name: type(name, (Exception,), {}) for name in ("TUFError", "VerificationError")}
        self.errors = SimpleNamespace(**errors)
        self.invalid = type("InvalidBundle", (Exception,), {})
        modules = {
            "sigstore": {},
            "sigstore.errors": errors,
            "sigstore.models": {"InvalidBundle": self.invalid, "Bundle": SimpleNamespace(from_json=self.parse)},
            "sigstore.verify": {
                "Verifier": SimpleNamespace(production=self.production),
                "policy": SimpleNamespace(Identity=SimpleNamespace),
            },
        }
        for name, members in modules.items():
            module = ModuleType(name)
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, name, module)

    def production(self, *, offline: bool) -> Library:
        self.asked.append(offline)
        if not offline and not self.reachable:
            raise self.errors.TUFError("no network")
        return self

    def parse(self, data: bytes) -> bytes:
        if data == b"garbage":
            raise self.invalid("no JSON")
        return data

    def verify_artifact(self, data: bytes, bundle: bytes, policy: Any) -> None:
        if (data, bundle, policy.identity, policy.issuer) != GOOD:
            raise self.errors.VerificationError("no match")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    return Library(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.tar"
    path.write_bytes(GOOD[0])
    return path


def test_a_good_bundle_names_the_identity(library: Library, file: Path) -> None:
    assert check_bundle(file, b"bundle", EXPECTED, offline=True) == EXPECTED.identity
    assert library.asked == [True]


def test_without_network_the_root_of_the_package_is_taken(library: Library, file: Path) -> None:
    library.reachable = False
    assert check_bundle(file, b"bundle", EXPECTED, offline=False) == EXPECTED.identity
    assert library.asked == [False, True]


@pytest.mark.usefixtures("library")
def test_another_file_or_bundle_is_an_error(file: Path) -> None:
    with pytest.raises(WrongSignature, match="is not a usable sigstore bundle: no JSON"):
        check_bundle(file, b"garbage", EXPECTED, offline=True)
    with pytest.raises(WrongSignature, match=r"not match this file and one@example\.org: no match"):
        check_bundle(file, b"another bundle", EXPECTED, offline=True)
    file.write_bytes(b"another source")
    with pytest.raises(WrongSignature, match="does not match this file"):
        check_bundle(file, b"bundle", EXPECTED, offline=True)


def test_without_the_library_nothing_is_checked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)
    monkeypatch.setitem(sys.modules, "sigstore.errors", None)
    with pytest.raises(NotChecked, match=r"sigstore is not installed .`make sigstore`"):
        check_bundle(file, b"bundle", EXPECTED, offline=True)
