"""Gets upstream's signatures and checks them: a source fails only if its signature is wrong, not if it is unavailable.

A signature is stored next to its source in the cache, under its own name.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from setup_local.atomic_write import atomic_write
from setup_local.catalog.keys import Keys, load_keys
from setup_local.catalog.sources import Form, Signature, Sigstore, Source, Trust
from setup_local.fetch.attempt import Attempt, PlaceFailed
from setup_local.fetch.sigstore_bundle import check_bundle
from setup_local.fetch.verdict import NotChecked, UnknownSigner, WrongSignature

_LIMIT = 1 << 18  # bytes; no signature or bundle is that large
_ABSENT = "it is not available"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The result of a check here: the signer, or the reason why it is unknown."""

    signer: str = ""
    fingerprint: str = ""
    reason: str = ""

    def __str__(self) -> str:
        """Return it in readable form."""
        if self.reason:
            return f"signature not checked: {self.reason}"
        return f"signed by {self.signer}" + (f", key {self.fingerprint}" if self.fingerprint else "")


def signature_of(form: Form) -> Signature | Sigstore | None:
    """Return the description of a form's signature."""
    return form.signature or form.sigstore


def signature_path(form: Form, file: Path) -> Path | None:
    """Return the path of the signature of a form whose file is in the cache, or None if it has none."""
    wanted = signature_of(form)
    return file.with_name(wanted.file) if wanted else None


def check_stored(source: Source, form: Form, file: Path, keys: Keys) -> Verdict | None:
    """Check a file with its stored signature, without network; None if the form has none.

    Raises `WrongSignature`.
    """
    path = signature_path(form, file)
    if path is None:
        return None
    data = _stored(path)
    if data is None or not _is_pinned(data, form):
        return Verdict(reason=_ABSENT if data is None else "the file next to the source is not the pinned signature")
    return _judge(source, form, file, data, keys)


class Signatures:
    """Gets signatures for one fetcher; `places` yields the attempts for a signature of a form."""

    def __init__(
        self,
        places: Callable[[Form, Form], Iterator[Attempt]],
        *,
        offline: bool,
    ) -> None:
        self._places = places
        self._offline = offline

    def check(self, source: Source, form: Form, file: Path, scratch: Path) -> tuple[Verdict | None, bytes]:
        """Check a file with a signature from the first place that has one; return the result and the signature.

        `scratch` is a directory for downloads. Raises `WrongSignature`.
        """
        wanted = signature_of(form)
        if wanted is None:
            return None, b""
        data = self._download(form, wanted, scratch)
        if data is None:
            return Verdict(reason=_ABSENT), b""
        return _judge(source, form, file, data, load_keys(), offline=self._offline), data

    def check_again(self, source: Source, form: Form, file: Path) -> Verdict | None:
        """Check a file of the cache with its stored signature, which is downloaded first if it is missing.

        Raises `WrongSignature`.
        """
        stored = check_stored(source, form, file, load_keys()) if signature_of(form) else None
        if stored is None or not stored.reason:
            return stored
        with tempfile.TemporaryDirectory() as scratch:
            verdict, signature = self.check(source, form, file, Path(scratch))
        with suppress(OSError):  # a cache may be read-only
            keep(form, file, signature)
        return verdict

    def _download(self, form: Form, wanted: Signature | Sigstore, scratch: Path) -> bytes | None:
        """Return the signature from the first place that has it: the pinned one, if one is pinned."""
        apt = wanted.apt if isinstance(wanted, Signature) else None
        as_form = Form(file=wanted.file, sha256=wanted.sha256, size=wanted.size or _LIMIT, urls=wanted.urls, apt=apt)
        for attempt in self._places(as_form, form):
            try:
                data = _stored(attempt.download(scratch))
            except PlaceFailed:
                continue
            if data is not None and _is_pinned(data, form):
                return data
        return None


def keep(form: Form, file: Path, signature: bytes) -> None:
    """Store a signature next to its source in the cache."""
    path = signature_path(form, file)
    if path is not None and signature:
        with atomic_write(path) as fresh:
            fresh.write_bytes(signature)


def _stored(path: Path) -> bytes | None:
    """Return the bytes of a stored signature."""
    try:
        return path.read_bytes() if path.stat().st_size <= _LIMIT else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_pinned(data: bytes, form: Form) -> bool:
    wanted = signature_of(form)
    return bool(wanted and wanted.sha256 in ("", hashlib.sha256(data).hexdigest()))


def _judge(source: Source, form: Form, file: Path, data: bytes, keys: Keys, *, offline: bool = True) -> Verdict:
    """Return the signer of a file, or why it is unknown; raise `WrongSignature` that names source and signature."""
    wanted = signature_of(form)
    where = f"{source.identity}: {wanted.file if wanted else form.file}"
    try:
        if form.sigstore:
            return Verdict(signer=check_bundle(file, data, form.sigstore, offline=offline))
        return _openpgp(source, form, file, data, keys)
    except UnknownSigner as error:
        if source.trust is Trust.PINNED and not form.unsigned:
            raise WrongSignature(f"the signature is not valid: {error}", where=where) from error
        return Verdict(reason=str(error))
    except NotChecked as error:
        return Verdict(reason=str(error))
    except WrongSignature as error:
        raise WrongSignature(f"the signature {error.what}", where=where) from error


def _openpgp(source: Source, form: Form, file: Path, data: bytes, keys: Keys) -> Verdict:
    """Check with the pinned key, or with any key of the source if the signature was never checked before."""
    pinned = source.trust is Trust.PINNED and not form.unsigned
    allowed = (keys.key(form.signature.key),) if pinned and form.signature else keys.of_source(source.name)
    from setup_local.fetch.openpgp import check_detached  # noqa: PLC0415 (slow to load, and mostly there is nothing to check)

    fingerprint = check_detached(file, data, tuple(key.certificate() for key in allowed))
    signer = next(key for key in allowed if key.fingerprint == fingerprint)
    return Verdict(signer=signer.owner, fingerprint=fingerprint)
