"""The workloads that `tls.py` runs in each interpreter; uses only the standard library of any Python since 3.9.

    tls_workload.py NAME SECONDS CERTIFICATES

Prints one JSON document: operations per second, or for hash functions megabytes per second.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path

BLOCK = bytes(range(256)) * 4096  # 1 MiB
SMALL = BLOCK[:1024]


def handshakes(version: str, certificates: Path) -> Callable[[], None]:
    """Return a function that does a full handshake in memory, in which the client checks the server's certificate."""
    number = ssl.TLSVersion[version]
    client = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates / "server.pem")
    for context in (client, server):
        context.minimum_version = context.maximum_version = number

    def once() -> None:
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        sides = [
            client.wrap_bio(to_client, to_server, server_hostname="localhost"),
            server.wrap_bio(to_server, to_client, server_side=True),
        ]
        waiting = list(sides)
        while waiting:
            for side in tuple(waiting):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
                    waiting.remove(side)
        if sides[0].version() != version.replace("_", "."):
            raise SystemExit(f"spoke {sides[0].version()}, not {version}")

    return once


def workload(name: str, certificates: Path) -> tuple[Callable[[], object], float]:
    """Return an operation, and the number of units that one execution counts as."""
    kind, _, detail = name.partition(" ")
    if kind == "handshake":
        return handshakes(detail, certificates), 1
    if kind == "hash":
        return (lambda: hashlib.new(detail, BLOCK).digest()), len(BLOCK) / 1e6
    if kind == "hmac":
        return (lambda: hmac.digest(b"key", SMALL, detail)), 1
    return (lambda: hashlib.pbkdf2_hmac(detail, b"password", b"salt", 1000)), 1


def rate(once: Callable[[], object], seconds: float, each: float) -> float:
    """Return the number of units per second of processor time; `each` is that of one execution."""
    once()
    count, begin = 0, time.process_time()
    while (taken := time.process_time() - begin) < seconds:
        once()
        count += 1
    return count * each / taken


if __name__ == "__main__":
    chosen, duration, directory = sys.argv[1:4]
    act, worth = workload(chosen, Path(directory))
    print(json.dumps({"library": ssl.OPENSSL_VERSION, "rate": rate(act, float(duration), worth)}))
