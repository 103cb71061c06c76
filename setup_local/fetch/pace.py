"""Limits how long a server may take: a socket's time-out restarts with every byte, so the total must be watched."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How slow a download may be: `patience` seconds without data, then this many bytes a second on average.

    A file of a known size therefore takes at most its size divided by that rate, plus the patience.
    """

    patience: float = 60.0
    bytes_per_second: float = 4096.0
    look_every: float = 1.0


class Watch:
    """Ends a connection that is slower than its pace: from the first connection to the last byte, with redirects."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._done = threading.Event()
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.received = 0
        self.reason = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def add(self, connected: socket.socket) -> None:
        """Start to watch a new connection."""
        self._sockets.append(connected)
        if self.reason:
            _end(connected)

    def _look(self) -> None:
        begin = time.monotonic()
        while not self._done.wait(self._pace.look_every):
            counted = time.monotonic() - begin - self._pace.patience
            if counted > 0 and self.received < counted * self._pace.bytes_per_second:
                self.reason = f"too slow: {self.received} bytes in {counted + self._pace.patience:.0f} seconds"
                for connected in self._sockets:
                    _end(connected)
                return


def _end(connected: socket.socket) -> None:
    """Wake the reader of a connection; a TLS socket's own method would drop its state while the reader uses it."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def watched_handlers(watch: Watch) -> tuple[urllib.request.HTTPHandler, urllib.request.HTTPSHandler]:
    """Return handlers for http and https that register each connection with a watch."""
    return _Http(watch), _Https(watch)


class _Plain(http.client.HTTPConnection):
    added: Callable[[socket.socket], None]

    def connect(self) -> None:
        super().connect()
        self.added(self.sock)


class _Secure(http.client.HTTPSConnection):
    added: Callable[[socket.socket], None]

    def connect(self) -> None:
        super().connect()
        self.added(self.sock)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(host: str, **options: Any) -> _Plain:
            made = _Plain(host, **options)
            made.added = self._watch.add
            return made

        return self.do_open(connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(host: str, **options: Any) -> _Secure:
            made = _Secure(host, **options)
            made.added = self._watch.add
            return made

        return self.do_open(connection, req)
