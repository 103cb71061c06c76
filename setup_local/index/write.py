"""Writes all files of an index into the directory of the archives, each of them atomically."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from setup_local.atomic_write import atomic_write
from setup_local.errors import OutputError, RequestError
from setup_local.fetch.attempt import PlaceFailed
from setup_local.fetch.http import checked_url
from setup_local.index import model, page, uv
from setup_local.index.model import Index
from setup_local.index.scan import scan

CHECKSUMS = "SHA256SUMS"
WRITTEN = (CHECKSUMS, model.FILE, uv.FILE, page.FILE)


def write_index(
    directory: Path,
    *,
    base_url: str = "",
    judge: Callable[[Path], None] = lambda _: None,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[Index, tuple[Path, ...]]:
    """Write the index of a directory; return it and the files written.

    Nothing is written unless every archive could be read, and `judge` raised nothing. Raises what `scan` raises, and
    `OutputError`.
    """
    if base_url:
        try:
            checked_url(base_url)
        except PlaceFailed as error:
            raise RequestError(f"is not an http(s) URL: {error}", where=f"--base-url {base_url}") from error
    index = scan(directory, base_url=base_url, written=WRITTEN, judge=judge, report=report)
    absolute = base_url or directory.resolve().as_uri()
    texts = {
        CHECKSUMS: checksums(index),
        model.FILE: index.to_json(),
        uv.FILE: uv.to_uv(index, absolute),
        page.FILE: page.to_html(index, absolute, f"{absolute.rstrip('/')}/{uv.FILE}"),
    }
    return index, tuple(_replace(directory / name, text) for name, text in texts.items())


def checksums(index: Index) -> str:
    """Return the text of `SHA256SUMS`, as `sha256sum --check` reads it."""
    every = {item.file: item.sha256 for item in index.distributions}
    every |= {item.file: item.sha256 for item in index.debug_information}
    return "".join(f"{every[name]}  {name}\n" for name in sorted(every))


def _replace(target: Path, text: str) -> Path:
    """Write a file that appears under its name only when it is complete."""
    try:
        with atomic_write(target) as fresh:
            fresh.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=target) from error
    return target
