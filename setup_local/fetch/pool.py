"""The pool of a distribution: files at paths that follow from their names, even if no index lists them any more."""

from __future__ import annotations

import re
import threading
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from setup_local.catalog.sources import AptPlace, Form
from setup_local.fetch.apt_sources import Repository, pools
from setup_local.fetch.attempt import Attempt, PlaceFailed
from setup_local.fetch.cache import WrongBytes
from setup_local.run import CommandFailed, run

HELPER = Path("/usr/lib/apt/apt-helper")
_MISMATCH = "Hash Sum mismatch"
_SHA256 = re.compile(r"SHA256:([0-9a-f]{64})")
_AROUND = re.compile(r"^Failed to fetch \S+\s+|\s*\[IP: [^\]]*\]")
_OUT_OF_REACH = (
    "Connection failed",
    "Could not connect",
    "Unable to connect",
    "Could not resolve",
    "Temporary failure",
    "timed out",
)


class Pool:
    """Downloads pinned files from the mirrors of the host's apt configuration, through apt's own downloader.

    The hash is known, so no index and no signature is needed. A mirror that is unreachable or silent is not tried
    again.
    """

    def __init__(self, repositories: Iterable[Repository], codename: str, environ: Mapping[str, str]) -> None:
        self._repositories = tuple(repositories)
        self._codename = codename
        self._environ = environ
        self._lock = threading.Lock()
        self._unreachable: dict[str, str] = {}

    def attempts(self, form: Form, place: AptPlace) -> Iterator[Attempt]:
        """Yield the attempt to get a form from each mirror."""
        path = urllib.parse.quote(f"{place.directory}/{place.file}")
        for base in pools(self._repositories, self._codename, place.suites):
            uri = f"{base}/{path}"
            yield Attempt(where=f"{uri} (apt)", download=partial(self._download, form, uri))

    def _download(self, form: Form, uri: str, directory: Path) -> Path:
        host = urllib.parse.urlsplit(uri).netloc
        with self._lock:
            reason = self._unreachable.get(host, "")
        if reason:
            raise PlaceFailed(reason)
        try:
            return download(uri, form, directory, self._environ)
        except PlaceFailed as error:
            if any(sign in str(error) for sign in _OUT_OF_REACH):
                with self._lock:
                    self._unreachable[host] = str(error)
            raise


def download(uri: str, form: Form, directory: Path, environ: Mapping[str, str]) -> Path:
    """Download a form's file with apt's proxies, certificates and passwords; raise `PlaceFailed`, `WrongBytes`."""
    target = directory / form.file
    try:
        run([HELPER, "download-file", uri, target, f"SHA256:{form.sha256}"], env=environ)
    except CommandFailed as error:
        if _MISMATCH in error.output:
            got = [sha256 for sha256 in _SHA256.findall(error.output) if sha256 != form.sha256]
            what = f"{form.file} has the wrong bytes: expected SHA-256 {form.sha256}, got {', '.join(got) or 'others'}"
            raise WrongBytes(what) from error
        raise PlaceFailed(reason(error.output)) from error
    return target


def reason(output: str) -> str:
    """Return apt's first error, without the address, which the caller knows."""
    lines = output.splitlines() or ["no reason given"]
    first = next((line for line in lines if line.startswith("E:")), lines[0])
    return re.sub(r"\s+", " ", _AROUND.sub("", first.removeprefix("E:").strip()))
