"""`setup-local emit`: prints `Setup.local`, lists the modules, or checks the catalog against a source tree."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from setup_local.commands.choice import NamedPath
from setup_local.commands.variant_options import variant_options
from setup_local.errors import ReconcileError
from setup_local.values import Request

if TYPE_CHECKING:
    from setup_local.catalog.catalogs import Catalogs
    from setup_local.plan.model import Plan, PlannedExtension
    from setup_local.plan.reconcile import Disagreement
    from setup_local.plan.upstream import Upstream

_DEFAULT_PYTHON = "cpython-3.13"


@click.command(context_settings={"auto_envvar_prefix": "SETUP_LOCAL"})
@click.option("--python", metavar="[cpython-]X.Y[.Z]", help="CPython version; X.Y selects the newest pinned X.Y.Z.")
@variant_options
@click.option("--list", "as_list", is_flag=True, help="List every module: link mode, libraries, licences, reason.")
@click.option("--features", is_flag=True, help="List the features for --with and --without.")
@click.option(
    "--check", "tree", metavar="SOURCE_DIR", type=NamedPath(file_okay=False, exists=True),
    help="Report every disagreement between the catalog (with its patches) and an unpacked CPython source tree.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the list, or the disagreements, as JSON.")
def emit(
    *, python: str | None, variant: Request, as_list: bool, features: bool, tree: Path | None, as_json: bool
) -> None:
    """Print Modules/Setup.local without building anything.

    With --check, the version is that of the source tree unless --python is given; the exit code is 15 if
    there is any disagreement.

    \b
    Examples:
      setup-local emit --python 3.13
      setup-local emit --list
      setup-local emit --musl --options static
      setup-local emit --check Python-3.13.5
    """
    from setup_local.build import xcode
    from setup_local.build.cpython_tree import read_upstream
    from setup_local.catalog.catalogs import load_catalogs
    from setup_local.plan.resolve import resolve
    from setup_local.render import render_setup_local

    if features:
        _print_features(load_catalogs(), as_json=as_json)
        return
    upstream = read_upstream(tree) if tree else None
    chosen = python or (upstream.version if upstream else _DEFAULT_PYTHON)
    catalogs = load_catalogs()
    plan = resolve(xcode.completed(dataclasses.replace(variant, python=chosen), catalogs.host, os.environ), catalogs)
    if upstream and tree:
        _check(plan, upstream, tree, as_json=as_json)
    elif as_json:
        _print_json({"python": str(plan.python), "target": plan.target.triple, "extensions": _rows(plan)})
    elif as_list:
        _print_table(("module", "link", "libraries", "licences", "reason"), (_cells(row) for row in _rows(plan)))
    else:
        click.echo(render_setup_local(plan), nl=False)


def _print_features(catalogs: Catalogs, *, as_json: bool) -> None:
    """Print every feature with all its modules, for any Python."""
    rows = [
        {
            "name": feature.name,
            "title": feature.title,
            "with": feature.adds,
            "modules": [item.name for item in catalogs.extensions if feature.covers(item)],
        }
        for feature in catalogs.features.features
    ]
    rows += [
        {"name": item.name, "title": item.title, "with": item.adds, "modules": []} for item in catalogs.features.code
    ]
    if as_json:
        _print_json({"features": rows})
    else:
        titles = ("feature", "description", "--with adds", "--without leaves out")
        _print_table(titles, (tuple(_joined(value) for value in row.values()) for row in rows))


def _check(plan: Plan, upstream: Upstream, tree: Path, *, as_json: bool) -> None:
    from setup_local.build.cpython_tree import disagreements

    found = disagreements(plan, upstream, tree)
    rows = [{"kind": item.kind.value, "module": item.module, "message": item.message} for item in found]
    if as_json:
        counts = {"catalog": len(plan.extensions), "upstream": len(upstream.modules)}
        _print_json({"python": upstream.version, "modules": counts, "disagreements": rows})
    elif found:
        _print_table(("disagreement", "module", "what"), (tuple(row.values()) for row in rows))
    else:
        click.echo(f"CPython {upstream.version}: catalog and source tree agree on {len(upstream.modules)} modules")
    if found:
        raise ReconcileError(_summary(found), hint="the catalog is setup_local/data/extensions.toml")


def _summary(found: list[Disagreement]) -> str:
    modules = len({item.module for item in found})
    return f"{len(found)} disagreement{'s' * (len(found) != 1)} in {modules} module{'s' * (modules != 1)}"


def _rows(plan: Plan) -> list[dict[str, object]]:
    present: list[dict[str, object]] = [_row(extension, plan) for extension in plan.extensions]
    absent: list[dict[str, object]] = [
        {
            "name": item.name,
            "link": "absent",
            "core": False,
            "test": False,
            "libraries": [],
            "licenses": [],
            "reason": item.reason,
        }
        for item in plan.absent
    ]
    return present + absent


def _row(extension: PlannedExtension, plan: Plan) -> dict[str, object]:
    libraries = plan.libraries_of(extension)
    return {
        "name": extension.name,
        "link": extension.link.value,
        "core": extension.in_core,
        "test": extension.test,
        "libraries": [f"{item.name} {item.version}" for item in libraries],
        "licenses": sorted({name for item in libraries for name in item.library.licenses}),
        "reason": extension.reason,
    }


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    link = "core" if row["core"] else str(row["link"])
    return (str(row["name"]), link, _joined(row["libraries"]), _joined(row["licenses"]), str(row["reason"]))


def _joined(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _print_json(document: object) -> None:
    click.echo(json.dumps(document, indent=2))


def _print_table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print aligned columns; every row is one line, so that other programs can read it."""
    lines = [titles, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
