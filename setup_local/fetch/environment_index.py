"""Finds the index of an environment's packages: in the snapshot archive, or with the host's apt."""

from __future__ import annotations

import gzip
import lzma
import tempfile
from collections.abc import Mapping
from pathlib import Path

from setup_local.catalog.environments import Environment
from setup_local.errors import SourceError
from setup_local.fetch.apt import Apt
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.http import Downloader

_INDEXES = {"Packages.xz": lzma.decompress, "Packages.gz": gzip.decompress}
_LARGEST = 1 << 28  # bytes; the index of a whole suite is a tenth of that
_WAY_OUT = "run this where the snapshot can be reached, or with --from apt where the host's mirrors have the suite"


def snapshot_index(environment: Environment, environ: Mapping[str, str]) -> str:
    """Return the index at the time of the snapshot; raise `SourceError` if it is not available.

    Its signature is not checked: keys of old suites have expired. HTTPS vouches for it until its hashes are pinned.
    """
    base = f"{environment.archive_url}/dists/{environment.suite}/main/binary-{environment.architecture}"
    downloader, tried = Downloader(environ), []
    with tempfile.TemporaryDirectory() as directory:
        for name, decompress in _INDEXES.items():
            file = Path(directory, name)
            try:
                downloader.download(f"{base}/{name}", file, limit=_LARGEST)
                return decompress(file.read_bytes()).decode()
            except (PlaceFailed, lzma.LZMAError, OSError, EOFError) as error:
                tried.append(str(error))
    raise SourceError(f"the snapshot cannot be reached: {tried[0]}", where=environment.archive_url, hint=_WAY_OUT)


def apt_index(environment: Environment, apt: Apt) -> str:
    """Return the index of the suite from the host's apt, which checks its signature; raise `SourceError`."""
    try:
        return apt.index(environment.suite, environment.architecture)
    except PlaceFailed as error:
        raise SourceError(str(error), where=f"suite {environment.suite} (apt)", hint=_WAY_OUT) from error
