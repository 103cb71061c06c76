"""`index.html`: the index for people; one file that needs nothing else, not even a server."""

from __future__ import annotations

from rich.filesize import decimal

from setup_local import paths
from setup_local.index.model import Index
from setup_local.render import render

FILE = "index.html"


def to_html(index: Index, uv_url: str) -> str:
    """Return the page; `uv_url` is where uv's file can be had."""
    rows = [
        {
            "version": f"{item.implementation} {item.version}",
            "triple": item.target_triple,
            "flavor": item.flavor.value,
            "options": item.build_options,
            "file": item.file,
            "url": item.url,
            "bytes": item.size,
            "size": decimal(item.size),
            "sha256": item.sha256,
        }
        for item in index.distributions
    ]
    choices = {
        column: list(dict.fromkeys(row[column] for row in rows))
        for column in ("version", "triple", "flavor", "options")
    }
    return render("index.html.j2", {"rows": rows, "choices": choices, "uv_url": uv_url}, paths.DATA / "pages")
