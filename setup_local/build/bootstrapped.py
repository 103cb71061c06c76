"""Bootstrapped toolchains by the environment they were built in, and one verified archive to move them between hosts.

`<cache>/toolchains/<environment>` is a link to a result in the store, or a directory unpacked from an archive.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from setup_local import fetch, manifest
from setup_local.atomic_write import atomic_write
from setup_local.build.bootstrap_chain import RECORD
from setup_local.catalog.sources import Form, Source
from setup_local.errors import OutputError, SourceError, ToolchainError
from setup_local.fetch import Obtained
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.http import Downloader
from setup_local.fetch.rootfs import add_tree

_PLACE = "toolchains"
_TOP = "toolchain"
_LARGEST = 4 << 30  # bytes
_HOW = "make one with `setup-local toolchain bootstrap`, or import one with `setup-local toolchain import`"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bootstrapped:
    """An available toolchain: the environment that it was built in, and its directory."""

    environment: str
    directory: Path


def bootstrapped(cache: Path) -> tuple[Bootstrapped, ...]:
    """Return the available toolchains; links to results that were removed from the store are left out."""
    found = sorted((cache / _PLACE).glob("[!.]*"))
    return tuple(
        Bootstrapped(environment=path.name, directory=path.resolve()) for path in found if (path / RECORD).is_file()
    )


def find_bootstrapped(cache: Path, environment: str = "") -> Path:
    """Return the directory of the toolchain of an environment, or of the only toolchain if no name is given.

    Raises `ToolchainError` if there is none, or several to choose from.
    """
    found = [item for item in bootstrapped(cache) if environment in ("", item.environment)]
    if not found:
        raise ToolchainError(f"there is no bootstrapped toolchain {environment}".rstrip(), hint=_HOW)
    if len(found) > 1:
        names = ", ".join(item.environment for item in found)
        raise ToolchainError(f"there are several bootstrapped toolchains: {names}", hint="name one with --environment")
    return found[0].directory


def register(cache: Path, environment: str, result: Path) -> None:
    """Register a result in the store as the toolchain of an environment."""
    place = cache / _PLACE
    place.mkdir(parents=True, exist_ok=True)
    fresh = place / f".{environment}.{os.getpid()}"
    fresh.symlink_to(result)
    _put(fresh, place / environment)


def export(directory: Path, target: Path) -> str:
    """Write a toolchain as one archive with a manifest of its files; return the archive's SHA-256. Raises `OutputError`."""
    files = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*")}
    listing = manifest.to_text(manifest.digests(files)).encode()
    try:
        with (
            atomic_write(target) as fresh,
            fresh.open("wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive,
        ):
            member = tarfile.TarInfo(f"{_TOP}/{manifest.NAME}")
            member.size = len(listing)
            archive.addfile(member, io.BytesIO(listing))
            add_tree(archive, directory, f"{_TOP}/")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=target) from error
    return manifest.file_digest(target)


def take_over(archive: Path, cache: Path, sha256: str = "") -> Bootstrapped:
    """Put the toolchain in an archive into the cache after checking each of its files against the manifest.

    With `sha256`, the archive itself must have that hash. Raises `ToolchainError`; nothing has changed then.
    """
    if sha256 and manifest.file_digest(archive) != sha256:
        raise ToolchainError("does not have the requested SHA-256: it is another archive, or damaged", where=archive)
    place = cache / _PLACE
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".import-") as scratch:
        tree = _unpacked(archive, Path(scratch))
        _verify(tree, archive)
        environment = _environment(tree, archive)
        (tree / manifest.NAME).unlink()
        _put(tree, place / environment)
    return Bootstrapped(environment=environment, directory=place / environment)


def fetch_over(url: str, sha256: str, cache: Path, environ: Mapping[str, str]) -> Bootstrapped:
    """Download the archive with this hash and import its toolchain. Raises `SourceError`, `ToolchainError`."""
    place = cache / _PLACE
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".fetch-") as scratch:
        target = Path(scratch, _TOP)
        try:
            Downloader(environ).download(url, target, limit=_LARGEST)
        except PlaceFailed as error:
            raise SourceError(f"cannot be downloaded: {error}", where=url) from error
        return take_over(target, cache, sha256)


def _unpacked(archive: Path, into: Path) -> Path:
    form = Form(file=archive.name, sha256="", root=_TOP)
    source = Source(name=_TOP, version="0", forms=(form,))
    try:
        return fetch.unpack(Obtained(source=source, form=form, path=archive), into)
    except SourceError as error:
        raise ToolchainError(f"is not a toolchain that can be imported: {error.what}", where=archive) from error


def _verify(tree: Path, archive: Path) -> None:
    """Raise `ToolchainError` for a file that differs from the manifest."""
    try:
        listed = manifest.parse((tree / manifest.NAME).read_bytes())
    except (OSError, manifest.BadManifest) as error:
        raise ToolchainError(f"has no usable manifest: {error}", where=archive) from error
    files = {path.relative_to(tree).as_posix(): path for path in tree.rglob("*")}
    there = manifest.digests(files)
    wrong = sorted(name for name in listed.keys() | there.keys() if listed.get(name) != there.get(name))
    if wrong:
        raise ToolchainError(f"was changed: {wrong[0]} differs from its manifest", where=archive)


def _environment(tree: Path, archive: Path) -> str:
    try:
        name = json.loads((tree / RECORD).read_text(encoding="utf-8"))["environment"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolchainError(f"has no readable {RECORD}, which describes it", where=archive) from error
    if not isinstance(name, str) or not name.isalnum():
        raise ToolchainError(f"{RECORD} names no environment", where=archive)
    return name


def _put(fresh: Path, target: Path) -> None:
    """Move a toolchain to its place and remove the previous one."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".old-") as old:
        with contextlib.suppress(FileNotFoundError):
            target.rename(Path(old, target.name))
        fresh.rename(target)
