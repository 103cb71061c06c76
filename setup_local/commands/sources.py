"""`setup-local sources`: list pinned sources, and fetch them in advance."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from setup_local import log, paths
from setup_local.commands.choice import NamedPath
from setup_local.commands.pins import bump, outdated
from setup_local.errors import OutputError, SourceError

if TYPE_CHECKING:
    from setup_local.catalog.sources import Form, Source, Sources
    from setup_local.fetch import Obtained
    from setup_local.fetch.cache import SourceCache
    from setup_local.fetch.holdings import Holding
    from setup_local.fetch.signatures import Verdict

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def sources() -> None:
    """List, fetch and maintain the pinned sources.

    NAME is one version of a source (openssl-3.5.6) or all its pinned versions (openssl). Without a name, `fetch`
    and `mirror` process all sources whose bytes were checked.

    \b
    Examples:
      setup-local sources list
      setup-local sources fetch cpython-3.13.5 openssl
      setup-local sources mirror /media/usb/sources
      setup-local sources fetch --offline --mirror /media/usb/sources
      setup-local sources outdated
    """


def _options(command: _Command) -> _Command:
    """Add the options of all commands that fetch."""
    for decorate in (
        click.argument("names", nargs=-1, metavar="[NAME]..."),
        click.option("--mirror", "mirrors", multiple=True, metavar="DIR|URL", help="Look here first; may be repeated."),
        click.option("--offline", is_flag=True, help="Use only the cache and mirror directories."),
    ):
        command = decorate(command)
    return command


_as_json = click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")


@sources.command("list")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_as_json
def list_sources(names: tuple[str, ...], *, as_machine: bool) -> None:
    """List the pinned sources, and which of them are in the cache."""
    from rich.filesize import decimal

    from setup_local.catalog.keys import load_keys, signature_record
    from setup_local.catalog.sources import load_sources
    from setup_local.commands.tables import print_table, table
    from setup_local.fetch.cache import SourceCache

    chosen = load_sources().select(names) if names else load_sources().sources
    cache = SourceCache(paths.cache_root())
    if as_machine:
        click.echo(json.dumps([_facts(source, cache) for source in chosen], indent=2))
        return
    rows = table("source", "file", ">size", "cached", "bytes checked", "signed by")
    for source in chosen:
        for number, form in enumerate(source.forms):
            rows.add_row(
                "" if number else source.identity,
                form.file,
                decimal(form.size) if form.size else "?",
                "yes" if cache.path(form).is_file() else "",
                "yes" if form.verified else "no",
                signature_record(form, source.trust, load_keys()).signer,
            )
    print_table(rows)


@sources.command()
@_options
@_as_json
def fetch(names: tuple[str, ...], mirrors: tuple[str, ...], *, offline: bool, as_machine: bool) -> None:
    """Fetch sources into the cache, and check upstream's signatures where available."""
    from rich.filesize import decimal

    from setup_local.commands.tables import print_table, table

    obtained, failures = _obtain(names, mirrors, offline=offline)
    if as_machine:
        click.echo(json.dumps([_result(item, verdict) for item, verdict in obtained], indent=2))
    else:
        rows = table("source", "file", ">size", "signature")
        for item, verdict in obtained:
            rows.add_row(item.source.identity, item.form.file, decimal(item.path.stat().st_size), str(verdict or ""))
        print_table(rows)
    _raise(failures)


@sources.command()
@click.argument("directory", type=NamedPath(file_okay=False))
@_options
def mirror(directory: Path, names: tuple[str, ...], mirrors: tuple[str, ...], *, offline: bool) -> None:
    """Fill DIRECTORY with sources and their signatures; then --mirror DIRECTORY serves a machine without network."""
    from setup_local.fetch.holdings import export

    paths.check_writable(directory, OutputError, "choose another directory")
    obtained, failures = _obtain(names, mirrors, offline=offline)
    written = export([item for item, _ in obtained], directory)
    click.echo(f"{directory}: {len(obtained)} sources, {written} new files; SHA256SUMS lists them", err=True)
    _raise(failures)


@sources.command()
@_as_json
def verify(*, as_machine: bool) -> None:
    """Read every file in the cache again; check it against its pin, and against its signature if available."""
    from rich.filesize import decimal

    from setup_local.catalog.keys import load_keys
    from setup_local.catalog.sources import load_sources
    from setup_local.commands.tables import print_table, table
    from setup_local.fetch.cache import SourceCache
    from setup_local.fetch.holdings import holdings

    found = holdings(SourceCache(paths.cache_root()), load_sources(), load_keys())
    if as_machine:
        click.echo(json.dumps([_holding(item) for item in found], indent=2))
    else:
        rows = table("source", "file", ">size", "verdict")
        for item in found:
            verdict = item.problem or (f"good, {item.signature}" if item.signature else "good")
            rows.add_row(item.identity or "-", item.path.name, decimal(item.size), verdict)
        print_table(rows)
    damaged = [item for item in found if item.damaged]
    if damaged:
        what = f"{len(damaged)} damaged: {', '.join(item.path.name for item in damaged)}"
        raise SourceError(what, where=paths.cache_root() / "sources", hint="`setup-local sources fetch` replaces them")


def _obtain(
    names: tuple[str, ...], mirrors: tuple[str, ...], *, offline: bool
) -> tuple[list[tuple[Obtained, Verdict | None]], list[SourceError]]:
    from setup_local.catalog.sources import load_sources
    from setup_local.fetch import Fetcher, Obtained

    console = log.console()
    fetcher = Fetcher(
        paths.cache_root(), mirrors=mirrors, offline=offline, report=console.print, environ=dict(os.environ)
    )
    outcomes = fetcher.try_all(_chosen(load_sources(), names)).values()
    return (
        [(item, fetcher.check_signature(item)) for item in outcomes if isinstance(item, Obtained)],
        [item for item in outcomes if isinstance(item, SourceError)],
    )


def _chosen(catalog: Sources, names: tuple[str, ...]) -> tuple[Source, ...]:
    return catalog.select(names) if names else tuple(source for source in catalog.sources if source.verified)


def _raise(failures: list[SourceError]) -> None:
    """Report all failures but the last, and raise that one."""
    for failure in failures[:-1]:
        log.error(str(failure))
    if failures:
        raise failures[-1]


def _facts(source: Source, cache: SourceCache) -> dict[str, Any]:
    forms = [
        {
            "file": form.file,
            "sha256": form.sha256,
            "size": form.size or None,
            "verified": form.verified,
            "cached": str(cache.path(form)) if cache.path(form).is_file() else None,
            "signature": _signature(form, source),
        }
        for form in source.forms
    ]
    return {"name": source.name, "version": source.version, "forms": forms}


def _signature(form: Form, source: Source) -> dict[str, str | None]:
    """Return the catalog's record about the signature of a form."""
    from setup_local.catalog.keys import load_keys, signature_record

    record = signature_record(form, source.trust, load_keys())
    return {
        "status": record.status.value,
        "signer": record.signer or None,
        "fingerprint": record.fingerprint or None,
        "reason": record.reason or None,
    }


def _result(item: Obtained, verdict: Verdict | None) -> dict[str, Any]:
    facts = {"source": item.source.identity, "sha256": item.form.sha256, "path": str(item.path)}
    return facts | {"signature": _verdict(verdict)}


def _verdict(verdict: Verdict | None) -> dict[str, str | None] | None:
    """Return the result of checking a signature here."""
    if verdict is None:
        return None
    return {
        "signer": verdict.signer or None,
        "fingerprint": verdict.fingerprint or None,
        "not-checked": verdict.reason or None,
    }


def _holding(item: Holding) -> dict[str, Any]:
    return {
        "source": item.identity or None,
        "path": str(item.path),
        "size": item.size,
        "problem": item.problem or None,
        "signature": _verdict(item.signature),
    }


sources.add_command(outdated)
sources.add_command(bump)
