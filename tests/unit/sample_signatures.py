"""A signed source of a few bytes, and a mirror that has the source and its signature."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pysequoia import SignatureMode, Tsk, sign

from setup_local import paths
from setup_local.catalog import keys as catalog_keys
from setup_local.catalog.keys import Key, Keys, Reason, load_keys
from setup_local.catalog.sources import Form, Signature, Source
from setup_local.fetch import signatures

DATA = b"bytes of a signed source"
SHA = hashlib.sha256(DATA).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A source whose signature was checked when it was pinned, with its key and signature."""

    mirror: Path
    key: Tsk
    keys: Keys
    source: Source
    signature: bytes

    @property
    def form(self) -> Form:
        return self.source.forms[0]

    def with_form(self, **changes: Any) -> Source:
        """Return the source with a changed form."""
        return replace(self.source, forms=(replace(self.form, **changes),))

    def with_signature(self, **changes: Any) -> Signature:
        """Return the form's signature with changed fields."""
        assert self.form.signature is not None
        return replace(self.form.signature, **changes)

    def sign(self, data: bytes) -> bytes:
        """Return a signature of other data by the same key."""
        return sign(self.key.signer(), data, mode=SignatureMode.DETACHED)


def signed_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signed:
    """Create a source, its signature and its key, and make this key the only one that the program has."""
    key = Tsk.generate("Signer <signer@example.org>")
    certificate = key.extract_certificate()
    known = Key(
        name="one",
        owner="Signer <signer@example.org>",
        fingerprint=certificate.fingerprint.upper(),
        sources=("one",),
        published="nowhere",
    )
    keys = Keys(keys=(known,), reasons=(*load_keys().reasons, Reason(name="why", text="why not")))
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True)
    (data / "keys" / "one.asc").write_text(str(certificate))
    monkeypatch.setattr(paths, "DATA", data)
    for module in (signatures, catalog_keys):
        monkeypatch.setattr(module, "load_keys", lambda: keys)
    mirror = tmp_path / "signed"
    mirror.mkdir()
    signature = sign(key.signer(), DATA, mode=SignatureMode.DETACHED)
    (mirror / "one.tar").write_bytes(DATA)
    (mirror / "one.tar.asc").write_bytes(signature)
    pin = Signature(key="one", file="one.tar.asc", sha256=hashlib.sha256(signature).hexdigest(), size=len(signature))
    form = Form(file="one.tar", sha256=SHA, size=len(DATA), signature=pin)
    source = Source(name="one", version="1", forms=(form,))
    return Signed(mirror=mirror, key=key, keys=keys, source=source, signature=signature)
