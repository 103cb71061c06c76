"""`uuid`, `hashlib`, `hmac`, `secrets`, `crypt` where it exists."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import secrets
import ssl
import sys
import uuid

import harness

KNOWN = {
    "md5": "900150983cd24fb0d6963f7d28e17f72",
    "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha224": "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha512_256": "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
    "sha3_256": "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    "blake2s": "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
    "ripemd160": "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
    "sm3": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
}


def test_uuid_by_time_is_safe_across_processes() -> None:
    native = importlib.import_module("_uuid")
    harness.equal(native.has_uuid_generate_time_safe, 1)
    data, status = native.generate_time_safe()
    harness.equal((len(data), status in (0, -1)), (16, True))
    first, second = uuid.uuid1(), uuid.uuid1()
    harness.equal((first != second, first.version), (True, 1))
    harness.say(f"     uuid1 is {first.is_safe.name}")
    harness.holds(first.is_safe is not uuid.SafeUUID.unknown)


def test_other_uuids() -> None:
    harness.equal(str(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org")), "886313e1-3b8a-5372-9b90-0c9aee199e5d")
    harness.equal(uuid.uuid4().version, 4)


def test_guaranteed_algorithms() -> None:
    for name in hashlib.algorithms_guaranteed:
        arguments = (10,) if name.startswith("shake") else ()
        harness.holds(len(hashlib.new(name, b"abc").hexdigest(*arguments)) >= 20)


def test_known_digests() -> None:
    for name, digest in KNOWN.items():
        harness.equal((name, hashlib.new(name, b"abc").hexdigest()), (name, digest))


def test_modules_without_openssl_agree() -> None:
    for name in ("md5", "sha1", "sha256", "sha3_256", "blake2b"):
        constructor = hashlib.__dict__["__get_builtin_constructor"](name)
        harness.equal(constructor(b"abc").digest(), hashlib.new(name, b"abc").digest())


def test_report_of_what_openssl_offers() -> None:
    offered = sorted(hashlib.algorithms_available - hashlib.algorithms_guaranteed)
    harness.say(f"     besides the guaranteed: {' '.join(offered)}")
    for name in ("md4", "whirlpool", "mdc2"):
        try:
            hashlib.new(name, b"x")
            harness.say(f"     {name}: works")
        except ValueError as error:
            harness.say(f"     {name}: {error}")


def test_scrypt() -> None:
    if ssl.OPENSSL_VERSION.startswith("LibreSSL"):
        harness.holds(not hasattr(hashlib, "scrypt"))
        raise harness.Skip("LibreSSL has no scrypt")
    harness.equal(hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1).hex()[:32], "77d6576238657b203b19ca42c18a0497")


def test_key_derivation() -> None:
    harness.equal(
        hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 2).hex(), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"
    )


def test_hmac_and_secrets() -> None:
    harness.equal(
        hmac.new(b"key", b"text", "sha256").hexdigest()[:16], hmac.digest(b"key", b"text", "sha256").hex()[:16]
    )
    harness.holds(hmac.compare_digest(b"same", b"same"))
    harness.equal(len(secrets.token_bytes()), 32)


def test_crypt() -> None:
    if sys.version_info >= (3, 13):
        raise harness.Skip("crypt is gone since Python 3.13")
    crypt = importlib.import_module("crypt")
    harness.equal(crypt.crypt("secret", "ab"), crypt.crypt("secret", "ab"))
    harness.holds(crypt.crypt("secret", crypt.METHOD_SHA512).startswith("$6$"))


if __name__ == "__main__":
    harness.main()
