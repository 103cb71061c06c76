"""Queries an interpreter about a distribution: the one that was built, or one that answers for it."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup_local import paths
from setup_local.build.launcher import HostPython, Launcher
from setup_local.catalog.load import convert
from setup_local.errors import CatalogError, DescribeError
from setup_local.run import CommandFailed, run
from setup_local.stage.staged import StagedTree

_SCRIPT = paths.DATA / "probe" / "facts.py"
ROOT = "{root}"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts about an interpreter and its installation; paths below the installation begin with `{root}`.

    `shared_modules` maps modules to file names in `shared_directory`.
    """

    version: str
    implementation_name: str
    implementation_version: tuple[str, ...]
    implementation_hex_version: int
    implementation_cache_tag: str
    abiflags: str
    platform_tag: str
    paths: dict[str, str]
    paths_abstract: dict[str, str]
    config_vars: dict[str, str]
    stdlib_platform_config: str
    test_packages: tuple[str, ...]
    suffixes: dict[str, tuple[str, ...]]
    bytecode_magic_number: str
    builtin_modules: tuple[str, ...]
    shared_directory: str
    shared_modules: dict[str, str]


def parse_facts(text: str, where: object) -> Facts:
    """Return the facts that the probe printed; raise `DescribeError`."""
    try:
        raw = json.loads(text)
        renamed = {name.replace("_", "-"): value for name, value in raw.items()}
        return convert(Facts, renamed, where=where)
    except (ValueError, AttributeError, CatalogError) as error:
        raise DescribeError(f"the interpreter's answer is invalid: {error}", where=where) from error


def probe(staged: StagedTree, launcher: Launcher, env: Mapping[str, str] | None = None) -> Facts:
    """Run the staged interpreter and return what it reports about itself; raise `DescribeError`.

    `launcher` defines how it runs here. `env` is the whole environment; none of it may appear in the answer.
    """
    words = launcher.command(staged.interpreter, ["-E", "-s", "-B", _SCRIPT])
    return _printed(words, _ENVIRONMENT if env is None else env, staged, staged.python_exe)


def probed_test_packages(stdlib: Path) -> tuple[str, ...]:
    """Return the packages that contain the library's own tests, as the probe program finds them."""
    return tuple(runpy.run_path(str(_SCRIPT))["test_packages"](str(stdlib)))


def ask(python: HostPython, staged: StagedTree, own: Mapping[str, object], env: Mapping[str, str]) -> Facts:
    """Return what a Python that runs here answers with the standard library of a staged tree; raise `DescribeError`.

    `own` are facts that only the staged interpreter would know, `env` the variables that make the library answer for
    it.
    """
    words = python.command(["-s", "-B", _SCRIPT, json.dumps(own)])
    return _printed(words, {**_ENVIRONMENT, **env}, staged, python.program)


def _printed(words: Sequence[str | Path], env: Mapping[str, str], staged: StagedTree, where: object) -> Facts:
    # The user's own site directory appears in the answer, relative to the home directory.
    environment = {**env, "HOME": "~"}
    try:
        printed = run(words, env=environment, cwd=staged.root).stdout
    except CommandFailed as error:
        raise DescribeError(f"cannot be queried: {error.output[-400:]}", where=where) from error
    return parse_facts(printed, where)
