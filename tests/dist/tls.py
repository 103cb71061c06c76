"""`ssl`: handshakes on loopback, refused certificates, and the host's certificate store."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import harness

CERTIFICATES = Path(__file__).parent / "certificates"


def _server_context(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(CERTIFICATES / "server.pem")
    return context


def _echo_upper(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    connection.settimeout(10)
    # Some tests expect a refused handshake; the client checks it.
    with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
        secure.sendall(secure.recv(100).upper())


def _leave_silently(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Answer, and close the connection without TLS's close_notify, as many HTTP servers do."""
    _answer_and_close(listener, context, linger=(0, 0))


def _reset(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Answer, and reset the connection."""
    _answer_and_close(listener, context, linger=(1, 0))


def _answer_and_close(listener: socket.socket, context: ssl.SSLContext, *, linger: tuple[int, int]) -> None:
    connection, _ = listener.accept()
    connection.settimeout(10)
    secure = context.wrap_socket(connection, server_side=True)
    secure.sendall(secure.recv(100).upper())
    secure.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", *linger))
    os.close(secure.detach())


@contextlib.contextmanager
def _server(
    version: ssl.TLSVersion, answer: Callable[[socket.socket, ssl.SSLContext], None] = _echo_upper
) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=answer, args=(listener, _server_context(version)))
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            thread.join()


def _talk(version: ssl.TLSVersion, *, name: str = "localhost", authority: str = "ca.pem") -> tuple[str, bytes]:
    return talk(ssl.create_default_context(cafile=str(CERTIFICATES / authority)), version, name)


def talk(
    context: ssl.SSLContext, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, name: str = "localhost"
) -> tuple[str, bytes]:
    """Send a greeting to a server with a certificate for `localhost`; return the TLS version and the answer."""
    with (
        _server(version) as address,
        socket.create_connection(address, timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        secure.sendall(b"hello")
        return secure.version() or "", secure.recv(100)


def test_tls_1_2() -> None:
    harness.equal(_talk(ssl.TLSVersion.TLSv1_2), ("TLSv1.2", b"HELLO"))


def test_tls_1_3() -> None:
    harness.equal(_talk(ssl.TLSVersion.TLSv1_3), ("TLSv1.3", b"HELLO"))


def test_address_in_certificate() -> None:
    harness.equal(_talk(ssl.TLSVersion.TLSv1_3, name="127.0.0.1"), ("TLSv1.3", b"HELLO"))


def test_wrong_host_name_is_refused() -> None:
    with harness.raises(ssl.SSLCertVerificationError, "Hostname mismatch"):
        _talk(ssl.TLSVersion.TLSv1_3, name="elsewhere.example")


def test_unknown_authority_is_refused() -> None:
    with harness.raises(ssl.SSLCertVerificationError, "CERTIFICATE_VERIFY_FAILED"):
        _talk(ssl.TLSVersion.TLSv1_3, authority="stranger.pem")


def test_authority_in_der() -> None:
    der = ssl.PEM_cert_to_DER_cert((CERTIFICATES / "ca.pem").read_text(encoding="ascii"))
    harness.equal(talk(ssl.create_default_context(cadata=der)), ("TLSv1.3", b"HELLO"))


@contextlib.contextmanager
def _greeted(answer: Callable[[socket.socket, ssl.SSLContext], None]) -> Iterator[ssl.SSLSocket]:
    """Yield a connection on which the server has received a greeting and has answered."""
    context = ssl.create_default_context(cafile=str(CERTIFICATES / "ca.pem"))
    with contextlib.ExitStack() as stack:
        with _server(ssl.TLSVersion.TLSv1_2, answer) as address:
            plain = stack.enter_context(socket.create_connection(address, timeout=10))
            secure = stack.enter_context(context.wrap_socket(plain, server_hostname="localhost"))
            secure.sendall(b"hello")
        yield secure  # the server's thread has ended


def test_connection_that_ends_without_a_word() -> None:
    with _greeted(_leave_silently) as secure:
        harness.equal((secure.recv(100), secure.recv(100)), (b"HELLO", b""))


def test_connection_that_is_reset() -> None:
    if (3, 10) <= sys.version_info < (3, 12):
        raise harness.Skip("releases of 3.10 and 3.11 take it for an unknown error of OpenSSL 3")
    with _greeted(_reset) as secure, harness.raises(ConnectionError):
        secure.sendall(b"hello")
        secure.sendall(b"hello")


def test_handshake_in_memory() -> None:
    client_in, server_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=str(CERTIFICATES / "ca.pem"))
    client = context.wrap_bio(client_in, server_in, server_hostname="localhost")
    server = _server_context(ssl.TLSVersion.TLSv1_3).wrap_bio(server_in, client_in, server_side=True)
    for _ in range(5):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    harness.equal(client.version(), "TLSv1.3")
    server.write(b"made it")
    harness.equal(client.read(), b"made it")


def test_features() -> None:
    harness.say(f"     {ssl.OPENSSL_VERSION}")
    for feature in ("HAS_SNI", "HAS_ALPN", "HAS_ECDH", "HAS_TLSv1_2", "HAS_TLSv1_3"):
        harness.equal((feature, getattr(ssl, feature)), (feature, True))
    names = {cipher["name"] for cipher in ssl.create_default_context().get_ciphers()}
    wanted = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"}
    harness.equal(wanted - names, set())


def test_old_versions_that_it_says_it_has() -> None:
    names = [name for name in ("TLSv1", "TLSv1_1") if getattr(ssl, f"HAS_{name}")]
    if not names:
        raise harness.Skip("it says that it has none")
    for name in names:
        contexts = [
            ssl.create_default_context(cafile=str(CERTIFICATES / "ca.pem")),
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ]
        contexts[1].load_cert_chain(CERTIFICATES / "server.pem")
        for context in contexts:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = ssl.TLSVersion[name]
        harness.equal(_versions(*contexts), [name.replace("_", "."), name.replace("_", ".")])


def _versions(client_context: ssl.SSLContext, server_context: ssl.SSLContext) -> list[str | None]:
    """Return the TLS versions of both sides after an in-memory handshake."""
    client_in, server_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(client_in, server_in, server_hostname="localhost")
    server = server_context.wrap_bio(server_in, client_in, server_side=True)
    for _ in range(5):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return [client.version(), server.version()]


def test_certificates_of_the_host_are_found() -> None:
    if not os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
        raise harness.Skip("the host has no ca-certificates")
    harness.equal(ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt")
    harness.holds(len(ssl.create_default_context().get_ca_certs()) > 0)


if __name__ == "__main__":
    harness.main()
