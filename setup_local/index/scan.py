"""Reads the archives of a directory: their contents, sizes and hashes."""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from setup_local.archive_name import ArchiveName, Flavor, is_debug_information, parse_name
from setup_local.audit.description import parse_description
from setup_local.audit.safe_archive import read_safe_members
from setup_local.errors import ArchiveError, DescriptionError, RequestError
from setup_local.index.model import DebugInformation, Distribution, Index

DESCRIPTION = "python/PYTHON.json"
_BUILD_ID = re.compile(r"python/lib/debug/\.build-id/(?P<first>[0-9a-f]{2})/(?P<rest>[0-9a-f]+)\.debug")


@dataclass(frozen=True, kw_only=True)
class _Facts:
    version: str
    target_triple: str
    build_options: str


def scan(
    directory: Path,
    *,
    base_url: str = "",
    written: Iterable[str] = (),
    judge: Callable[[Path], None] = lambda _: None,
    report: Callable[[str], None] = lambda _: None,
) -> Index:
    """Return the index of a directory; every archive is read to its end.

    `base_url` is where the archives will be served; without it URLs are relative. Files that are not distributions are
    reported, except for those in `written`; `judge` raises its objections to an archive. Raises `ArchiveError` for a
    damaged archive and for one whose name does not match its contents, `RequestError` if there is nothing to list.
    """
    found, debug = [], []
    for path in _files(directory):
        name = parse_name(path.name)
        if name is not None:
            found.append(_distribution(path, name, base_url))
            judge(path)
        elif is_debug_information(path.name):
            debug.append(_debug_information(path, base_url))
        elif not (path.name.startswith(".") or path.name in written):
            report(f"ignored {path.name}: not the name of a distribution")
    if not found:
        hint = "names are like cpython-3.13.5-x86_64-unknown-linux-gnu-noopt-full.tar.zst"
        raise RequestError("contains no distribution", where=directory, hint=hint)
    found.sort(key=lambda item: item.file)
    newest_first = sorted(found, key=lambda item: Version(item.version), reverse=True)
    return Index(distributions=tuple(newest_first), debug_information=tuple(debug))


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_file())
    except OSError as error:
        raise RequestError(f"cannot be read: {error.strerror}", where=directory) from error


def _distribution(path: Path, name: ArchiveName, base_url: str) -> Distribution:
    facts = _read(path, name)
    return Distribution(
        implementation=name.implementation,
        version=facts.version,
        target_triple=facts.target_triple,
        flavor=name.flavor,
        build_options=facts.build_options,
        file=path.name,
        size=path.stat().st_size,
        sha256=_sha256(path),
        url=_url(path.name, base_url),
    )


def _debug_information(path: Path, base_url: str) -> DebugInformation:
    """Read an archive of debug information to its end; raise `ArchiveError` for one without the expected layout."""
    places = (_BUILD_ID.fullmatch(member.name) for member, _ in read_safe_members(path))
    build_ids = tuple(sorted(place["first"] + place["rest"] for place in places if place))
    if not build_ids:
        raise ArchiveError("is named as debug information, but contains none", where=path)
    return DebugInformation(
        file=path.name,
        size=path.stat().st_size,
        sha256=_sha256(path),
        url=_url(path.name, base_url),
        build_ids=build_ids,
    )


def _url(name: str, base_url: str) -> str:
    quoted = urllib.parse.quote(name)
    return f"{base_url.rstrip('/')}/{quoted}" if base_url else quoted


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(path: Path, name: ArchiveName) -> _Facts:
    """Read an archive to its end; the description in a full one must agree with its name."""
    described = None
    for member, read in read_safe_members(path):
        if member.name == DESCRIPTION:
            described = read()
    named = _Facts(version=str(name.version), target_triple=name.target_triple, build_options=name.build_options)
    if name.flavor is not Flavor.FULL:
        return named
    if described is None:
        raise ArchiveError(f"is named {name.flavor.value}, but contains no PYTHON.json", where=path)
    facts = _described(described, path)
    if facts != named:
        what = f"{facts.version} {facts.target_triple} {facts.build_options}"
        raise ArchiveError(f"contains a different distribution from the one in its name: {what}", where=path)
    return facts


def _described(data: bytes, path: Path) -> _Facts:
    try:
        document: Any = parse_description(data)
        return _Facts(
            version=str(document["python_version"]),
            target_triple=str(document["target_triple"]),
            build_options=str(document["build_options"]),
        )
    except (KeyError, TypeError) as error:
        raise DescriptionError(f"has missing or invalid fields: {error!r}", where=f"{path}: {DESCRIPTION}") from error
    except DescriptionError as error:
        raise DescriptionError(error.what, where=f"{path}: {DESCRIPTION}", hint=error.hint) from error
