"""Checks detached OpenPGP signatures (RFC 9580) with Sequoia, whose policy refuses weak digests and keys.

A key counts at the time of a signature: one that expired later still vouches for what it signed before. A revoked key
vouches for nothing.
"""

from __future__ import annotations

from pathlib import Path

from setup_local.fetch.verdict import NotChecked, UnknownSigner, WrongSignature

try:
    import pysequoia
    from pysequoia import packet
except ImportError:  # not every host that can verify archives has wheels of it
    _AVAILABLE = False
else:
    _AVAILABLE = True


def check_detached(file: Path, signature: bytes, certificates: tuple[bytes, ...]) -> str:
    """Return the fingerprint of the certificate that signed a file, in capitals.

    Raises `WrongSignature` if the bytes are not a signature, or if a signature by one of the certificates is weak or
    bad, `UnknownSigner` if none of the certificates made one, `NotChecked` if it cannot be checked here.
    """
    if not _AVAILABLE:
        raise NotChecked("the package pysequoia is not installed")
    certs = [pysequoia.Cert.from_bytes(certificate) for certificate in certificates]
    signatures = _signatures(signature)
    makers = [(_maker(item, certs), item) for item in signatures]
    known = [_check(file, item, maker) for maker, item in makers if maker]
    if not known:
        raise UnknownSigner(f"it was made with {' and '.join(map(_issuer, signatures))}, which is not a known key")
    return known[0]


def fingerprint_of(certificate: bytes) -> str:
    """Return the fingerprint of a certificate's primary key, in capitals."""
    return pysequoia.Cert.from_bytes(certificate).fingerprint.upper()


def _signatures(data: bytes) -> list[pysequoia.Sig]:
    """Return the signatures of a detached signature file; raise `WrongSignature` for anything else."""
    try:
        packets = list(packet.PacketPile.from_bytes(data))
    except RuntimeError as error:
        raise WrongSignature(f"is not an OpenPGP signature: {str(error).partition(chr(10))[0]}") from error
    if not packets or any(item.tag != packet.Tag.Signature for item in packets):
        raise WrongSignature("is not a detached OpenPGP signature")
    return [pysequoia.Sig.from_bytes(bytes(item)) for item in packets]


def _maker(signature: pysequoia.Sig, certs: list[pysequoia.Cert]) -> pysequoia.Cert | None:
    """Return the certificate with the key that a signature names as its issuer."""
    return next((cert for cert in certs if any(_names(signature, item) for item in _keys(cert))), None)


def _keys(cert: pysequoia.Cert) -> list[str]:
    """Return the fingerprints of all keys of a certificate."""
    tags = (packet.Tag.PublicKey, packet.Tag.PublicSubkey)
    return [item.fingerprint or "" for item in packet.PacketPile.from_bytes(bytes(cert)) if item.tag in tags]


def _names(signature: pysequoia.Sig, fingerprint: str) -> bool:
    """Return whether a signature names a key as its issuer: old ones only by its fingerprint's last eight bytes."""
    issuer = signature.issuer_fingerprint or signature.issuer_key_id
    return bool(issuer and fingerprint.endswith(issuer))


def _check(file: Path, signature: pysequoia.Sig, maker: pysequoia.Cert) -> str:
    """Return the fingerprint of the certificate that made a signature; raise if the signature is bad."""
    weak = _weakness(signature)
    if weak:
        raise WrongSignature(f"by {_issuer(signature)} is weak: it uses {weak}")
    try:
        pysequoia.verify(file=file, store=lambda _: [maker], signature=signature)
    except RuntimeError as error:
        raise _explained(maker, signature) from error
    return maker.fingerprint.upper()


def _weakness(signature: pysequoia.Sig) -> str:
    """Return the weak algorithms that a signature uses, or nothing."""
    hashes = packet.HashAlgorithm
    names = ((hashes.MD5, "MD5"), (hashes.SHA1, "SHA-1"), (hashes.RipeMD, "RIPEMD-160"))
    weak = [name for algorithm, name in names if signature.hash_algorithm == algorithm]
    if signature.key_algorithm == packet.PublicKeyAlgorithm.DSA:
        weak.append("DSA")
    return " and ".join(weak)


def _explained(cert: pysequoia.Cert, signature: pysequoia.Sig) -> WrongSignature | UnknownSigner:
    """Return the problem of a signature that the library rejected without a reason."""
    issuer = _issuer(signature)
    if cert.is_revoked:
        return WrongSignature(f"by {issuer} is not valid: the key was revoked")
    try:
        end = cert.expiration
    except RuntimeError as error:
        cause = str(error).partition("Stack backtrace")[0].strip().splitlines()[-1]
        return WrongSignature(f"by {issuer} is not valid: {cause.strip(' 0123456789:')}")
    if end and signature.created and signature.created >= end:
        return UnknownSigner(f"it was made with {issuer} after our copy of that key expired ({end:%Y-%m-%d})")
    return WrongSignature(f"by {issuer} does not match this file")


def _issuer(signature: pysequoia.Sig) -> str:
    return (signature.issuer_fingerprint or signature.issuer_key_id or "nobody").upper()
