"""Model of `data/keys.toml`: keys that sign sources, reasons for missing signatures, and the record for each form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

from setup_local import paths
from setup_local.catalog.load import convert, read_toml
from setup_local.catalog.sources import Form, Sources, Trust
from setup_local.errors import CatalogError

NEVER_HERE = "never-here"
_INDEX = "distribution-index"
_OWN = "own-file"


@dataclass(frozen=True, kw_only=True)
class Key:
    """An OpenPGP certificate, `data/keys/<name>.asc`, and what it may sign.

    `fingerprint` is the full one of its primary key; `published` says where its owner publishes it and where this copy
    came from; `note` which signatures count, if that is not obvious.
    """

    name: str
    owner: str
    fingerprint: str
    sources: tuple[str, ...]
    published: str
    note: str = ""

    def certificate(self) -> bytes:
        """Return the certificate in ASCII armor; raise `CatalogError` if it is missing."""
        path = paths.DATA / "keys" / f"{self.name}.asc"
        try:
            return path.read_bytes()
        except OSError as error:
            raise CatalogError(f"cannot be read: {error.strerror}", where=path) from error


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why no signature of a form was checked when it was pinned."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Keys:
    """All keys and reasons."""

    keys: tuple[Key, ...]
    reasons: tuple[Reason, ...]

    def key(self, name: str) -> Key:
        """Return one key; raise `CatalogError` if there is none with this name."""
        for key in self.keys:
            if key.name == name:
                return key
        raise CatalogError(f"unknown key {name}", where=paths.DATA / "keys.toml")

    def of_source(self, source: str) -> tuple[Key, ...]:
        """Return the keys that may sign a source, whatever its version, the most recent first."""
        return tuple(key for key in self.keys if source in key.sources)

    def reason(self, name: str) -> str:
        """Return the sentence of a reason; raise `CatalogError` if there is none with this name."""
        for reason in self.reasons:
            if reason.name == name:
                return reason.text
        raise CatalogError(f"unknown reason {name}", where=paths.DATA / "keys.toml")


class SignatureStatus(Enum):
    """What is known about upstream's signature of a form."""

    VERIFIED = "verified"  # it was checked when the pin was made
    UNSIGNED = "unsigned"  # it was not, for a reason


@dataclass(frozen=True, kw_only=True)
class SignatureRecord:
    """Who signed a form, or why no signature was checked; the same on every machine.

    `fingerprint` is empty for a signature of sigstore, which has no lasting key.
    """

    status: SignatureStatus
    signer: str = ""
    fingerprint: str = ""
    reason: str = ""


def signature_record(form: Form, trust: Trust, keys: Keys) -> SignatureRecord:
    """Return what vouches for a form besides its hash; raise `CatalogError` for an unknown key or reason.

    Only checks made when the source was pinned count: the record does not depend on what this machine could download.
    """
    match trust:
        case Trust.LOCAL:
            return _unsigned(keys, _OWN)
        case Trust.SIGNED:
            return _unsigned(keys, _INDEX)
        case Trust.PINNED if form.unsigned:
            return _unsigned(keys, form.unsigned)
    if form.sigstore:
        return SignatureRecord(status=SignatureStatus.VERIFIED, signer=form.sigstore.identity)
    if form.signature:
        key = keys.key(form.signature.key)
        return SignatureRecord(status=SignatureStatus.VERIFIED, signer=key.owner, fingerprint=key.fingerprint)
    raise CatalogError(
        f"{form.file} has neither a signature nor a reason (unsigned)", where=paths.DATA / "sources.toml"
    )


def _unsigned(keys: Keys, reason: str) -> SignatureRecord:
    return SignatureRecord(status=SignatureStatus.UNSIGNED, reason=keys.reason(reason))


def signature_problems(sources: Sources, keys: Keys) -> Iterator[str]:
    """Yield every contradiction between sources and keys, one sentence each."""
    used = set()
    for source in sources.sources:
        for form in source.forms:
            where = f"{source.identity}: {form.file}"
            yield from _form_problems(form, where, keys)
            if form.signature:
                used.add(form.signature.key)
                if form.signature.key not in {key.name for key in keys.of_source(source.name)}:
                    yield f"{where}: the key {form.signature.key} may not sign {source.name}"
    yield from (f"nothing is signed with the key {key.name}" for key in keys.keys if key.name not in used)


def _form_problems(form: Form, where: str, keys: Keys) -> Iterator[str]:
    signed = form.signature or form.sigstore
    if not signed and not form.unsigned:
        yield f"{where}: neither a signature nor a reason (unsigned)"
    if form.unsigned and form.unsigned not in {reason.name for reason in keys.reasons}:
        yield f"{where}: unknown reason {form.unsigned}"
    if signed and not form.unsigned and not (signed.sha256 and signed.size):
        yield f"{where}: a checked signature needs a hash and a size"
    if form.unsigned == NEVER_HERE and form.verified:
        yield f"{where}: its bytes were here, so {NEVER_HERE} is not a valid reason"
    if signed and not form.unsigned and not form.verified:
        yield f"{where}: the signature cannot have been checked, because its bytes were never here"


@cache
def load_keys() -> Keys:
    """Read `data/keys.toml`; raise `CatalogError` if it is invalid."""
    path = paths.DATA / "keys.toml"
    return convert(Keys, read_toml(path, "keys"), where=path)
