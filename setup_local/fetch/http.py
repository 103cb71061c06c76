"""Downloads over HTTP: bounded waits, bounded sizes, and no second wait for a host that is out of reach."""

from __future__ import annotations

import http.client
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from setup_local.fetch.attempt import PlaceFailed

_CHUNK = 1 << 18
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_AGENT = "setup-local"


class Downloader:
    """Downloads files; remembers hosts that could not be reached for as long as it lives."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        stop: threading.Event | None = None,
        connect_seconds: float = _CONNECT_SECONDS,
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        self._proxies = _proxies(environ)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler(self._proxies))
        self._stop = stop or threading.Event()
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._guard = threading.Lock()
        self._host_locks: dict[str, threading.Lock] = {}
        self._verdicts: dict[str, str] = {}

    def download(self, url: str, target: Path, *, limit: int) -> None:
        """Write what a URL gives to a file; raise `PlaceFailed` when it fails or exceeds `limit` bytes."""
        self._check_host(url)
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT})  # noqa: S310 - http(s) only, see below
        try:
            with self._opener.open(request, timeout=self._read_seconds) as response, target.open("wb") as stream:
                self._copy(response, stream, limit)
        except urllib.error.HTTPError as error:
            raise PlaceFailed(f"HTTP {error.code} {error.reason}") from error
        except urllib.error.URLError as error:
            raise PlaceFailed(str(error.reason)) from error
        except (OSError, http.client.HTTPException) as error:
            raise PlaceFailed(str(error) or type(error).__name__) from error

    def _copy(self, response: http.client.HTTPResponse, stream: BinaryIO, limit: int) -> None:
        """Copy a response; stop as soon as it is longer than it may be, or nobody wants it any more."""
        written = 0
        while chunk := response.read(_CHUNK):
            written += len(chunk)
            if self._stop.is_set():
                raise PlaceFailed("interrupted")
            if written > limit:
                raise PlaceFailed(f"gives more than the pinned {limit} bytes")
            stream.write(chunk)

    def _check_host(self, url: str) -> None:
        """Raise `PlaceFailed` when the URL's host cannot be reached; each host is tried once."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PlaceFailed(f"not an http(s) URL: {url}")
        if parts.scheme in self._proxies:
            return
        port = parts.port or (443 if parts.scheme == "https" else 80)
        key = f"{parts.hostname}:{port}"
        with self._guard:
            lock = self._host_locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._verdicts:
                self._verdicts[key] = self._probe(parts.hostname, port)
        if self._verdicts[key]:
            raise PlaceFailed(f"{parts.hostname} cannot be reached: {self._verdicts[key]}")

    def _probe(self, host: str, port: int) -> str:
        """Return why a host cannot be reached, or nothing when it can."""
        try:
            socket.create_connection((host, port), timeout=self._connect_seconds).close()
        except OSError as error:
            return error.strerror or str(error)
        return ""


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies that the environment names, as `http_proxy` and `https_proxy` do everywhere."""
    found: dict[str, str] = {}
    for scheme in ("http", "https"):
        url = environ.get(f"{scheme}_proxy") or environ.get(f"{scheme}_proxy".upper())
        if url:
            found[scheme] = url
    return found
