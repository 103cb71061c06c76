"""Malicious servers that stall or redirect a client: one line of error, in bounded time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.http import Downloader
from setup_local.fetch.pace import Pace

QUICK = Pace(patience=0.3, bytes_per_second=1000.0, look_every=0.05)
OK = b"HTTP/1.1 200 OK\r\n"
Answer = Callable[[socket.socket, threading.Event], None]


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Yield the URL of a server that answers every connection in the same way, in a separate thread."""
    stop = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def talk(connected: socket.socket) -> None:
        with connected, contextlib.suppress(OSError):
            connected.settimeout(5)
            if connected.recv(4096):  # empty if the client only checks whether the host is reachable
                answer(connected, stop)

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                connected, _ = listening.accept()
                threading.Thread(target=talk, args=(connected,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/file"
    finally:
        stop.set()
        listening.close()


def drip(head: bytes, drop: bytes = b"x") -> Answer:
    """Return an answer that never ends, one byte at a time: no single wait is long enough to time out."""

    def answer(connected: socket.socket, stop: threading.Event) -> None:
        connected.sendall(head)
        while not stop.wait(0.02):
            connected.sendall(drop)

    return answer


def said(text: bytes) -> Answer:
    return lambda connected, _: connected.sendall(text)


def failure(answer: Answer, target: Path, *, limit: int = 1 << 20) -> str:
    with serving(answer) as url, pytest.raises(PlaceFailed) as caught:
        Downloader({}, pace=QUICK, read_seconds=5).download(url, target, limit=limit)
    return str(caught.value)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 ",
        OK + b"X-Header: ",
        OK + b"Content-Length: 1000000\r\n\r\n",
        OK + b"\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n100000\r\n",
    ],
)
def test_a_server_that_drips_is_left(head: bytes, tmp_path: Path) -> None:
    assert "too slow" in failure(drip(head), tmp_path / "x")


def test_a_server_that_says_nothing_is_left(tmp_path: Path) -> None:
    assert "too slow" in failure(lambda _, stop: stop.wait(5) and None, tmp_path / "x")


def test_a_server_that_is_slow_but_fast_enough_is_waited_for(tmp_path: Path) -> None:
    def answer(connected: socket.socket, stop: threading.Event) -> None:
        connected.sendall(OK + b"Content-Length: 4000\r\n\r\n")
        for _ in range(8):
            stop.wait(0.1)
            connected.sendall(b"x" * 500)

    with serving(answer) as url:
        Downloader({}, pace=QUICK).download(url, tmp_path / "x", limit=4000)
    assert (tmp_path / "x").stat().st_size == 4000


@pytest.mark.parametrize(
    "place", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x", "http://[::1", "gopher://x/", ""]
)
def test_a_redirect_to_anything_but_http_is_not_followed(place: str, tmp_path: Path) -> None:
    text = f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
    failure(said(text.encode()), tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "text",
    [
        b"\xff" * 100,
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"HTTP/1.1 404 \x1b[31m\r\nContent-Length: 0\r\n\r\n",
        OK + b"X: y\r\n" * 1000,
        OK + b"X: " + b"y" * 100_000,
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_an_answer_that_is_no_http_is_one_failure(text: bytes, tmp_path: Path) -> None:
    assert failure(said(text), tmp_path / "x")


def test_a_server_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    assert "more than the pinned 100000 bytes" in failure(
        drip(OK + b"\r\n", b"x" * 50_000), tmp_path / "x", limit=100_000
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1/x",
        "http://host:99999/x",
        "http://host:abc/x",
        "http://host:0/x",
        f"http://{'h' * 300}/x",
        "http:///x",
        "ftp://host/x",
        "x",
        "",
    ],
)
def test_what_is_no_url_is_one_failure(url: str, tmp_path: Path) -> None:
    with pytest.raises(PlaceFailed, match="not a"):
        Downloader({}).download(url, tmp_path / "x", limit=1)


def test_a_proxy_that_is_no_url_is_one_failure(tmp_path: Path) -> None:
    with pytest.raises(PlaceFailed):
        Downloader({"http_proxy": "http://[::1"}).download("http://127.0.0.1:9/x", tmp_path / "x", limit=1)
