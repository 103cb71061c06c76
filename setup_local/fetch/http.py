"""Downloads over HTTP: bounded times, bounded sizes, and no second wait for an unreachable host."""

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
from setup_local.fetch.pace import Pace, Watch, watched_handlers

_CHUNK = 1 << 18
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_AGENT = "setup-local"
_SCHEMES = ("http", "https")


def checked_url(url: str) -> urllib.parse.SplitResult:
    """Return the parts of an http(s) URL that can be requested. Raises `PlaceFailed`."""
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise PlaceFailed(f"not an http(s) URL: {url}")
        if parts.port == 0:
            raise PlaceFailed("not a URL: port 0")
        parts.hostname.encode("idna")
    except ValueError as error:  # UnicodeError is one
        raise PlaceFailed(f"not a URL: {error}") from error
    return parts


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows only redirects to http and https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: object, code: int, msg: str, headers: object, newurl: str
    ) -> urllib.request.Request | None:
        checked_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


class Downloader:
    """Downloads files; remembers unreachable hosts during its lifetime."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        stop: threading.Event | None = None,
        connect_seconds: float = _CONNECT_SECONDS,
        read_seconds: float = _READ_SECONDS,
        pace: Pace | None = None,
    ) -> None:
        self._proxies = _proxies(environ)
        self._stop = stop or threading.Event()
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._pace = pace or Pace()
        self._guard = threading.Lock()
        self._host_locks: dict[str, threading.Lock] = {}
        self._verdicts: dict[str, str] = {}

    def download(self, url: str, target: Path, *, limit: int) -> None:
        """Download a URL to a file; raise `PlaceFailed` when it fails, exceeds `limit` bytes or takes too long.

        The time limit depends on the size: see `Pace`.
        """
        self._check_host(url)
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT})  # noqa: S310 - http(s) only, see above
        with Watch(self._pace) as watch:
            try:
                opener = self._opener(watch)
                with opener.open(request, timeout=self._read_seconds) as response, target.open("wb") as stream:
                    self._copy(response, stream, limit, watch)
            except urllib.error.HTTPError as error:
                raise PlaceFailed(f"HTTP {error.code} {error.reason}") from error
            except urllib.error.URLError as error:
                raise PlaceFailed(watch.reason or str(error.reason)) from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise PlaceFailed(watch.reason or str(error) or type(error).__name__) from error

    def _opener(self, watch: Watch) -> urllib.request.OpenerDirector:
        """Return an opener for http and https only: the default one would follow a redirect to ftp."""
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(self._proxies),
            *watched_handlers(watch),
            _Redirects(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),
        ):
            opener.add_handler(handler)
        return opener

    def _copy(self, response: http.client.HTTPResponse, stream: BinaryIO, limit: int, watch: Watch) -> None:
        """Copy a response; stop as soon as it exceeds its limit or is no longer needed."""
        while chunk := response.read1(_CHUNK):
            watch.received += len(chunk)
            if self._stop.is_set():
                raise PlaceFailed("interrupted")
            if watch.received > limit:
                raise PlaceFailed(f"sends more than the pinned {limit} bytes")
            stream.write(chunk)
        if watch.reason:
            raise PlaceFailed(watch.reason)

    def _check_host(self, url: str) -> None:
        """Raise `PlaceFailed` if the URL's host is unreachable; each host is tried once."""
        parts = checked_url(url)
        if parts.scheme in self._proxies:
            return
        host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
        key = f"{host}:{port}"
        with self._guard:
            lock = self._host_locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._verdicts:
                self._verdicts[key] = self._probe(host, port)
        if self._verdicts[key]:
            raise PlaceFailed(f"{host} cannot be reached: {self._verdicts[key]}")

    def _probe(self, host: str, port: int) -> str:
        """Return why a host is unreachable, or nothing if it is reachable."""
        try:
            socket.create_connection((host, port), timeout=self._connect_seconds).close()
        except (OSError, ValueError) as error:
            return getattr(error, "strerror", None) or str(error)
        return ""


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies in the environment, under the common names `http_proxy` and `https_proxy`."""
    found: dict[str, str] = {}
    for scheme in _SCHEMES:
        url = environ.get(f"{scheme}_proxy") or environ.get(f"{scheme}_proxy".upper())
        if url:
            found[scheme] = url
    return found
