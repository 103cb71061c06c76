"""Commands are quick by construction: limits on imports, reads, parsing and checks.

Measured times are in `benchmarks/`.
"""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from setup_local import cli, paths
from setup_local.build.code_keys import module_file
from setup_local.catalog import libraries, llvm_tools, load, sources, validity, versions
from setup_local.catalog.catalogs import all_conditions, load_catalogs, refuse_contradictions
from setup_local.errors import CatalogError
from setup_local.plan.resolve import resolve
from setup_local.values import Request

# Packages that the help of a command may load in addition to the standard library.
LIGHT = {"click", "packaging", "platformdirs"}


def _imported(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names that a module imports at import time."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) != "TYPE_CHECKING":
            yield from _imported([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from _imported(node.body)


def _loaded(module: str, seen: set[str]) -> set[str]:
    """Return the top-level names of everything that importing a module loads."""
    while module_file(module) is None and "." in module:
        module = module.rpartition(".")[0]
    file = module_file(module) if module.startswith(paths.PACKAGE.name) else None
    if file is None:
        return {module.partition(".")[0]}
    if module in seen:
        return set()
    seen.add(module)
    found = list(_imported(ast.parse(file.read_bytes()).body))
    return {name for item in (*found, module.rpartition(".")[0] or module) for name in _loaded(item, seen)}


@pytest.mark.parametrize("command", cli._COMMANDS)
def test_the_help_of_a_command_loads_no_library_that_only_its_work_needs(command: str) -> None:
    import sys

    foreign = _loaded(f"setup_local.commands.{command}", set()) - set(sys.stdlib_module_names) - {paths.PACKAGE.name}
    assert foreign <= LIGHT


def test_a_build_that_has_nothing_to_do_loads_no_library_that_only_steps_need() -> None:
    loaded = _loaded("setup_local.pipeline", set())
    assert loaded.isdisjoint({"elftools", "jsonschema", "license_expression", "pysequoia", "tomlkit", "zstandard"})


def test_the_check_sees_what_a_module_loads() -> None:
    seen: set[str] = set()
    assert {"jinja2", "cattrs"} <= _loaded("setup_local.render", seen)
    assert "setup_local.catalog.load" in seen


@pytest.mark.parametrize("command", cli._COMMANDS)
def test_every_command_has_its_help(command: str) -> None:
    found = cli.setup_local.get_command(click.Context(cli.setup_local), command)
    assert found is not None
    assert CliRunner().invoke(found, ["--help"]).exit_code == 0


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide an empty cache, and loaders that have read nothing."""
    caches = [validity._known, versions.specifier, versions.admits]
    caches += [sources.load_sources, libraries.load_libraries, llvm_tools.load_llvm_tools]
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache"))
    for function in caches:
        function.cache_clear()
    yield tmp_path
    for function in caches:
        function.cache_clear()


def test_every_catalog_file_is_parsed_once(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fresh
    parsed: Counter[str] = Counter()
    real = tomllib.loads
    monkeypatch.setattr(load.tomllib, "loads", lambda text: parsed.update([text]) or real(text))
    load_catalogs()
    assert parsed
    assert set(parsed.values()) == {1}


def test_a_file_is_checked_against_its_schema_once_for_each_state_of_it(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = load.check

    def check(document: object, schema_name: str, *, where: object) -> None:
        checked.append(schema_name)
        real(document, schema_name, where=where)

    monkeypatch.setattr(load, "check", check)
    file = fresh / "licenses.toml"
    text = (paths.DATA / "licenses.toml").read_text()
    for content in (text, text, f"{text}\n# a note\n", text):
        file.write_text(content)
        validity._known.cache_clear()  # as in another process
        load.read_toml(file, "licenses")
    assert len(checked) == 2
    file.write_text(f"surprise = 1\n{text}")
    for _ in range(2):  # an error is not cached
        with pytest.raises(CatalogError, match="surprise"):
            load.read_toml(file, "licenses")


def test_a_file_is_checked_again_when_its_schema_changes(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load.read_toml(paths.DATA / "licenses.toml", "licenses")
    (fresh / "licenses.schema.json").write_text('{"type": "array"}')
    monkeypatch.setattr(paths, "SCHEMA", fresh)
    monkeypatch.setattr(load, "schema", load.schema.__wrapped__)
    with pytest.raises(CatalogError, match="is not of type 'array'"):
        load.read_toml(paths.DATA / "licenses.toml", "licenses")


def test_a_cache_that_cannot_be_written_does_not_matter(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fresh / "file").write_text("")
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(fresh / "file"))
    assert load.read_toml(paths.DATA / "licenses.toml", "licenses")


def test_a_condition_is_parsed_once(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fresh
    parsed: Counter[str] = Counter()
    real = versions.SpecifierSet

    def parse(text: str, *, prereleases: bool | None = None) -> object:
        parsed.update([text])
        return real(text, prereleases=prereleases)

    monkeypatch.setattr(versions, "SpecifierSet", parse)
    catalogs = load_catalogs()
    refuse_contradictions(catalogs, all_conditions(catalogs))
    assert parsed
    assert set(parsed.values()) == {1}


def test_the_catalogs_agree_for_everything_that_can_be_asked_for() -> None:
    catalogs = load_catalogs()
    conditions = all_conditions(catalogs)
    assert {facts.triple for facts in conditions} >= {"x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"}
    refuse_contradictions(catalogs, conditions)


def test_a_request_is_refused_if_the_catalogs_contradict_each_other_for_it() -> None:
    import dataclasses

    catalogs = load_catalogs()
    broken = dataclasses.replace(catalogs, libraries=tuple(item for item in catalogs.libraries if item.name != "zlib"))
    with pytest.raises(CatalogError, match="needs the library zlib, which does not exist"):
        resolve(Request(python="3.13.5"), broken)
