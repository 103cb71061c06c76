"""What the cache holds, judged again; and copies of it for machines without network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from setup_local.catalog.sources import Form, Sources
from setup_local.errors import OutputError
from setup_local.fetch.cache import SourceCache, WrongBytes, verify
from setup_local.fetch.fetcher import Obtained
from setup_local.whole import whole

_SUMS = "SHA256SUMS"


@dataclass(frozen=True, kw_only=True)
class Holding:
    """One file of the cache; `identity` is empty when nothing pins it, `problem` when it is good."""

    path: Path
    identity: str
    size: int
    problem: str = ""

    @property
    def damaged(self) -> bool:
        """Tell whether the file is pinned and has other bytes."""
        return bool(self.identity and self.problem)


def holdings(cache: SourceCache, sources: Sources) -> list[Holding]:
    """Hash every file of the cache; return them in order of their sources, those of no source last."""
    pins: dict[tuple[str, str], tuple[str, Form]] = {}
    for source in sources.sources:
        for form in source.forms:
            pins.setdefault((form.sha256, form.file), (source.identity, form))
    files = [
        path for path in sorted(cache.directory.glob("[0-9a-f]*/*")) if path.is_file() and not path.name.startswith(".")
    ]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = list(pool.map(lambda path: _judge(path, pins.get((path.parent.name, path.name))), files))
    return sorted(found, key=lambda item: (not item.identity, item.identity, item.path))


def _judge(path: Path, pin: tuple[str, Form] | None) -> Holding:
    size = path.stat().st_size
    if pin is None:
        return Holding(path=path, identity="", size=size, problem="nothing pins it any more")
    identity, form = pin
    try:
        verify(path, form)
    except WrongBytes as error:
        return Holding(path=path, identity=identity, size=size, problem=str(error))
    return Holding(path=path, identity=identity, size=size)


def export(obtained: Iterable[Obtained], directory: Path) -> int:
    """Copy files to a directory under their own names, with a list for `sha256sum -c`; return how many are new.

    Raises `OutputError` when it cannot be written; a file that is there appears only when it is whole.
    """
    items = {item.form.file: item for item in obtained}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        written = sum(_copy(item, directory) for item in items.values())
        lines = _known_sums(directory) | {name: item.form.sha256 for name, item in items.items()}
        text = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(lines.items()))
        with whole(directory / _SUMS) as fresh:
            fresh.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(error.strerror or str(error), where=error.filename or directory) from error
    return written


def _copy(item: Obtained, directory: Path) -> bool:
    target = directory / item.form.file
    try:
        verify(target, item.form)
    except (FileNotFoundError, WrongBytes):
        with whole(target) as fresh:
            shutil.copyfile(item.path, fresh)
        return True
    return False


def _known_sums(directory: Path) -> dict[str, str]:
    """Return what the list of the directory says already, of files that are still there."""
    try:
        lines = (directory / _SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {name: sha256 for sha256, name in pairs if (directory / name).is_file()}
