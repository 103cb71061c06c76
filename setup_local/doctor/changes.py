"""Finds the files of a tree that differ from its manifest. Files that were added are not checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from setup_local import manifest
from setup_local.audit.files import read_bounded
from setup_local.audit.listed import read_manifest
from setup_local.catalog.limits import load_limits
from setup_local.printable import printable

_FULL, _INSTALL = "PYTHON.json", "install"
_MOST = 20  # files that are listed; a newer pip alone replaces hundreds


@dataclass(frozen=True, kw_only=True)
class ChangedFacts:
    """A file that differs, or an unusable manifest, and what is wrong with it. `name` is relative to the tree."""

    name: str
    what: str


def changed_files(root: Path) -> Iterator[ChangedFacts]:
    """Yield the differences in a tree with a manifest, the first few files by name; nothing for a tree without one."""
    place, start = _place(root)
    try:
        listed = read_manifest(read_bounded(place), load_limits())
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        yield ChangedFacts(name=manifest.NAME, what=f"cannot be used: {getattr(error, 'strerror', None) or error}")
        return
    names = {name.removeprefix(start): digest for name, digest in listed.items() if name.startswith(start)}
    found = _changed(root, names)
    yield from islice(found, _MOST)
    if more := sum(1 for _ in found):
        yield ChangedFacts(name=manifest.NAME, what=f"lists {more} more files that were changed or are missing")


def _place(root: Path) -> tuple[Path, str]:
    """Return the manifest of a tree and the prefix of its names: a full archive's is next to the installation."""
    if root.name == _INSTALL and (root.parent / _FULL).is_file() and not (root / manifest.NAME).exists():
        return root.parent / manifest.NAME, f"{_INSTALL}/"
    return root / manifest.NAME, ""


def _changed(root: Path, names: dict[str, str]) -> Iterator[ChangedFacts]:
    for name, digest in names.items():
        try:
            if not (root / name).is_file():
                yield ChangedFacts(name=printable(name), what=f"is missing, but {manifest.NAME} lists it")
            elif manifest.file_digest(root / name) != digest:
                yield ChangedFacts(name=printable(name), what=f"was changed: it does not match {manifest.NAME}")
        except (OSError, ValueError) as error:
            what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
            yield ChangedFacts(name=printable(name), what=what)
