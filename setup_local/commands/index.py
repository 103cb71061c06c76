"""`setup-local index`: make a directory of distributions usable by uv, other programs and people."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from setup_local import log


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--base-url", default="", metavar="URL", help="Where DIR will be served.  [default: DIR itself]")
@click.option("--json", "as_machine", is_flag=True, help="Print what was found as JSON.")
def index(*, directory: Path, base_url: str, as_machine: bool) -> None:
    """Write the index of the distributions in DIR: SHA256SUMS, versions.json, uv's file, a page for people.

    Every archive is read to its end; files with other names are ignored. The same archives give the same bytes.

    \b
    Examples:
      setup-local index dist
      setup-local index dist --base-url https://example.org/pythons
      uv python install 3.13 --python-downloads-json-url file://$PWD/dist/download-metadata.json
    """
    from rich.filesize import decimal

    from setup_local.index.write import write_index

    messages = log.console()
    found, files = write_index(directory, base_url=base_url, report=lambda line: messages.print(line, style="yellow"))
    if as_machine:
        listed = [dataclasses.asdict(item) | {"flavor": item.flavor.value} for item in found.distributions]
        click.echo(json.dumps({"distributions": listed, "files": [str(path) for path in files]}, indent=2))
        return
    total = decimal(sum(item.size for item in found.distributions))
    messages.print(f"{len(found.distributions)} distributions, {total}")
    for path in files:
        click.echo(path)
