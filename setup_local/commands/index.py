"""`setup-local index`: make a directory of distributions usable by uv, other programs and people."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from setup_local import log
from setup_local.commands.choice import NamedPath
from setup_local.errors import SetupLocalError, ValidationFailed
from setup_local.printable import printable


@click.command()
@click.argument("directory", metavar="DIR", type=NamedPath(file_okay=False))
@click.option("--base-url", default="", metavar="URL", help="URL at which DIR will be served.  [default: DIR itself]")
@click.option("--trust", is_flag=True, help="List archives without validating them, even those that would fail.")
@click.option("--json", "as_machine", is_flag=True, help="Print the distributions and files as JSON.")
def index(*, directory: Path, base_url: str, trust: bool, as_machine: bool) -> None:
    """Write the index of the distributions in DIR: SHA256SUMS, versions.json, the file for uv, and a web page.

    Every archive is validated as by `validate`, and one that fails stops everything, because users install what an index
    lists without checking it. With --trust, archives are only read completely, and refused if they are not safe to unpack.
    Files with other names are ignored. The same archives give the same bytes.

    \b
    Examples:
      setup-local index dist
      setup-local index dist --base-url https://example.org/pythons
      uv python install 3.13 --python-downloads-json-url file://$PWD/dist/download-metadata.json
    """
    from rich.filesize import decimal

    from setup_local.index.write import write_index

    messages = log.console()
    found, files = write_index(
        directory,
        base_url=base_url,
        judge=(lambda _: None) if trust else _judge,
        report=lambda line: messages.print(log.escaped(line), style="yellow"),
    )
    if as_machine:
        listed = [dataclasses.asdict(item) | {"flavor": item.flavor.value} for item in found.distributions]
        click.echo(json.dumps({"distributions": listed, "files": [str(path) for path in files]}, indent=2))
        return
    total = decimal(sum(item.size for item in found.distributions))
    messages.print(f"{len(found.distributions)} distributions, {total}")
    for path in files:
        click.echo(path)


def _judge(archive: Path) -> None:
    """Raise `ValidationFailed` for an archive that fails validation, and any error that prevents the validation."""
    from setup_local.audit.model import Severity
    from setup_local.audit.validate import validate_archive

    hint = "setup-local validate shows all findings; --trust lists it anyway"
    try:
        verdict = validate_archive(archive)
    except SetupLocalError as error:
        raise type(error)(error.what, where=error.where, hint=error.hint or hint) from error
    broken = [found for found in verdict.walk() if found.severity is Severity.ERROR]
    if broken:
        first = printable(f"{broken[0].where} {broken[0].what}")
        raise ValidationFailed(f"breaks {broken[0].rule} ({len(broken)} findings): {first}", where=archive, hint=hint)
