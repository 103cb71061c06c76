"""Checks sigstore bundles (PEP 761) with sigstore's own library, which is an optional dependency.

The library verifies the certificate, its identity, and the entry in the transparency log. Its trusted root comes with
the package; if there is network access it is updated first.
"""

from __future__ import annotations

from pathlib import Path

from setup_local.catalog.sources import Sigstore
from setup_local.fetch.verdict import NotChecked, WrongSignature

_MISSING = "the package sigstore is not installed (`make sigstore` installs it)"


def check_bundle(file: Path, bundle: bytes, expected: Sigstore, *, offline: bool) -> str:
    """Return the identity that signed a file.

    Raises `WrongSignature` if the bytes are not a bundle, or not one of this file by this identity, `NotChecked` if it
    cannot be checked here.
    """
    try:
        from sigstore.errors import TUFError, VerificationError  # noqa: PLC0415 - an extra of many packages
        from sigstore.models import Bundle, InvalidBundle  # noqa: PLC0415
        from sigstore.verify import Verifier, policy  # noqa: PLC0415
    except ImportError as error:
        raise NotChecked(_MISSING) from error
    try:
        verifier = Verifier.production(offline=offline)
    except TUFError:  # no network: the root shipped with the package is the last one known
        verifier = Verifier.production(offline=True)
    identity = policy.Identity(identity=expected.identity, issuer=expected.issuer)
    try:
        verifier.verify_artifact(file.read_bytes(), Bundle.from_json(bundle), identity)
    except InvalidBundle as error:
        raise WrongSignature(f"is not a usable sigstore bundle: {str(error).partition(chr(10))[0]}") from error
    except VerificationError as error:
        raise WrongSignature(f"does not match this file and {expected.identity}: {error}") from error
    return expected.identity
