"""Checks the content of the cache again, and copies it for machines without network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from setup_local.atomic_write import atomic_write
from setup_local.catalog.keys import Keys
from setup_local.catalog.sources import Form, Source, Sources
from setup_local.errors import OutputError
from setup_local.fetch.cache import SourceCache, WrongBytes, sha256_of, verify
from setup_local.fetch.fetcher import Obtained
from setup_local.fetch.signatures import Verdict, check_stored, signature_of, signature_path
from setup_local.fetch.verdict import WrongSignature

_SUMS = "SHA256SUMS"


@dataclass(frozen=True, kw_only=True)
class Holding:
    """One file of the cache; `identity` is empty if nothing pins it, `problem` if it is good.

    `signature` is the result of checking its stored signature, None if it has none or is one.
    """

    path: Path
    identity: str
    size: int
    problem: str = ""
    signature: Verdict | None = None

    @property
    def damaged(self) -> bool:
        """Return whether the file is pinned and has different bytes."""
        return bool(self.identity and self.problem)


def holdings(cache: SourceCache, sources: Sources, keys: Keys) -> list[Holding]:
    """Read every file of the cache, and check it with its stored signature.

    Returns them in order of their sources, files of no source last.
    """
    pins: dict[tuple[str, str], tuple[Source, Form]] = {}
    for source in sources.sources:
        for form in source.forms:
            pins.setdefault((form.sha256, form.file), (source, form))
    signatures = {
        (sha256, wanted.file): source.identity
        for (sha256, _), (source, form) in pins.items()
        if (wanted := signature_of(form))
    }
    files = [
        path for path in sorted(cache.directory.glob("[0-9a-f]*/*")) if path.is_file() and not path.name.startswith(".")
    ]

    def judge(path: Path) -> Holding:
        place = (path.parent.name, path.name)
        if place in signatures:  # its result is reported with the file that it signs
            return Holding(path=path, identity=signatures[place], size=path.stat().st_size)
        return _judge(path, pins.get(place), keys)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = list(pool.map(judge, files))
    return sorted(found, key=lambda item: (not item.identity, item.identity, item.path))


def _judge(path: Path, pin: tuple[Source, Form] | None, keys: Keys) -> Holding:
    size = path.stat().st_size
    if pin is None:
        return Holding(path=path, identity="", size=size, problem="no longer pinned")
    source, form = pin
    try:
        verify(path, form)
        signature = check_stored(source, form, path, keys)
    except WrongBytes as error:
        return Holding(path=path, identity=source.identity, size=size, problem=str(error))
    except WrongSignature as error:
        return Holding(path=path, identity=source.identity, size=size, problem=error.what)
    return Holding(path=path, identity=source.identity, size=size, signature=signature)


def export(obtained: Iterable[Obtained], directory: Path) -> int:
    """Copy files and their stored signatures to a directory under their own names; return how many are new.

    A list for `sha256sum -c` names them all.

    Raises `OutputError` if it cannot be written; a file appears only when it is complete.
    """
    items = {item.form.file: item for item in obtained}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        written = sum(_copy(item, directory) for item in items.values())
        signatures = dict(_copied_signatures(items.values(), directory))
        lines = _known_sums(directory) | {name: item.form.sha256 for name, item in items.items()} | signatures
        text = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(lines.items()))
        with atomic_write(directory / _SUMS) as fresh:
            fresh.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(error.strerror or str(error), where=error.filename or directory) from error
    return written


def _copy(item: Obtained, directory: Path) -> bool:
    target = directory / item.form.file
    try:
        verify(target, item.form)
    except (FileNotFoundError, WrongBytes):
        with atomic_write(target) as fresh:
            shutil.copyfile(item.path, fresh)
        return True
    return False


def _copied_signatures(items: Iterable[Obtained], directory: Path) -> Iterator[tuple[str, str]]:
    """Copy the stored signatures; yield their names and hashes."""
    for item in items:
        path = signature_path(item.form, item.path)
        if path is not None and path.is_file():
            with atomic_write(directory / path.name) as fresh:
                shutil.copyfile(path, fresh)
            yield path.name, sha256_of(path)


def _known_sums(directory: Path) -> dict[str, str]:
    """Return the entries of the directory's list whose files still exist."""
    try:
        lines = (directory / _SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {name: sha256 for sha256, name in pairs if (directory / name).is_file()}
