"""Places given by the user: directories and URLs with the files under their names or hashes."""

from __future__ import annotations

import os
import shutil
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from setup_local.catalog.sources import Form
from setup_local.errors import RequestError
from setup_local.fetch.attempt import Attempt, PlaceFailed
from setup_local.fetch.http import Downloader, checked_url

MIRROR_VARIABLE = "SETUP_LOCAL_MIRROR"
SNAPSHOT_VARIABLE = "SETUP_LOCAL_SNAPSHOT"
_HINT = f"--mirror and {MIRROR_VARIABLE} take a directory or an http(s) URL"
_UNKNOWN_SIZE = 1 << 30  # bytes; no source is that large


def mirror_list(mirrors: tuple[str, ...], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the mirrors to try, each once: those given, then those of `SETUP_LOCAL_MIRROR` (space-separated).

    Raises `RequestError` for a directory that does not exist, and for a URL that cannot be requested.
    """
    named = environ.get(MIRROR_VARIABLE, "")
    unique = dict.fromkeys([*mirrors, *([named] if named and os.path.isdir(named) else named.split())])
    for mirror in unique:
        directory = as_directory(mirror)
        if directory is not None and not os.path.isdir(directory):
            raise RequestError("no such directory", where=f"mirror {mirror}", hint=_HINT)
        if directory is None:
            _refuse_no_url(mirror)
    return tuple(unique)


def _refuse_no_url(mirror: str) -> None:
    try:
        checked_url(mirror)
    except PlaceFailed as error:
        raise RequestError(str(error), where=f"mirror {mirror}", hint=_HINT) from error


def as_directory(mirror: str) -> Path | None:
    """Return a mirror's directory, or None for an http(s) URL. Raises `RequestError` for a malformed URL."""
    try:
        parts = urllib.parse.urlsplit(mirror)
    except ValueError as error:
        raise RequestError(f"not a URL: {error}", where=f"mirror {mirror}", hint=_HINT) from error
    match parts.scheme:
        case "http" | "https":
            return None
        case "file":
            return Path(urllib.request.url2pathname(parts.path))
        case _:
            return Path(os.path.expanduser(mirror))


def mirror_attempts(
    mirrors: tuple[str, ...], form: Form, downloader: Downloader, *, offline: bool
) -> Iterator[Attempt]:
    """Yield the attempts for one form; offline, those of directories only."""
    for mirror in mirrors:
        directory = as_directory(mirror)
        for name in (form.file, f"{form.sha256}/{form.file}"):
            if directory is not None:
                yield Attempt(where=str(directory / name), download=partial(_copy, directory / name, form))
            elif not offline:
                yield url_attempt(f"{mirror.rstrip('/')}/{urllib.parse.quote(name)}", form, downloader)


def url_attempt(url: str, form: Form, downloader: Downloader) -> Attempt:
    """Return the attempt to download one URL."""

    def download(directory: Path) -> Path:
        target = directory / form.file
        downloader.download(url, target, limit=form.size or _UNKNOWN_SIZE)
        return target

    return Attempt(where=url, download=download)


def snapshot_attempts(base: str, form: Form, downloader: Downloader) -> Iterator[Attempt]:
    """Yield the attempt to get a form from an archived copy of a distribution's package archive."""
    if base and form.apt:
        path = urllib.parse.quote(f"{form.apt.pool}/{form.apt.file}")
        yield url_attempt(f"{base.rstrip('/')}/{path}", form, downloader)


def _copy(file: Path, form: Form, directory: Path) -> Path:
    target = directory / form.file
    try:
        shutil.copyfile(file, target)
    except FileNotFoundError as error:
        raise PlaceFailed("does not exist") from error
    except OSError as error:
        raise PlaceFailed(error.strerror or str(error)) from error
    return target
