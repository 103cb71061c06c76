"""Asks the interpreter that was built about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from setup_local import paths
from setup_local.build.launcher import Launcher
from setup_local.catalog.load import convert
from setup_local.errors import CatalogError, DescribeError
from setup_local.run import CommandFailed, run
from setup_local.stage.staged import StagedTree

_SCRIPT = paths.DATA / "probe" / "facts.py"
ROOT = "{root}"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the interpreter says; paths below the installation begin with `{root}`.

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


def read_facts(text: str, where: object) -> Facts:
    """Return the facts that the probe printed; raise `DescribeError`."""
    try:
        raw = json.loads(text)
        renamed = {name.replace("_", "-"): value for name, value in raw.items()}
        return convert(Facts, renamed, where=where)
    except (ValueError, AttributeError, CatalogError) as error:
        raise DescribeError(f"the interpreter's answer makes no sense: {error}", where=where) from error


def probe(staged: StagedTree, launcher: Launcher, env: Mapping[str, str] | None = None) -> Facts:
    """Run the staged interpreter and return what it says of itself; raise `DescribeError`.

    `launcher` says how it runs here. `env` is the whole environment; nothing of it may show in the answer.
    """
    base = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"} if env is None else dict(env)
    # The user's own site directory shows in the answer, relative to the home directory.
    environment = {**base, "HOME": "~"}
    try:
        words = launcher.command(staged.interpreter, ["-E", "-s", "-B", _SCRIPT])
        printed = run(words, env=environment, cwd=staged.root).stdout
    except CommandFailed as error:
        raise DescribeError(f"cannot be asked about itself: {error.output[-400:]}", where=staged.python_exe) from error
    return read_facts(printed, staged.python_exe)
