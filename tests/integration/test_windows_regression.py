"""CPython's own regression tests, run by the distribution for Windows in Wine (`scripts/install-wine`).

`tests/data/regression-windows.toml` lists the files to run, and the excluded cases with reasons.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest
from installed import DATA, DIST
from windows_tree import WINE_VARIABLE, Tree, windows_path

from setup_local.catalog.load import convert

LIST = DATA / "regression-windows.toml"
PROGRAMS = DIST / "wine"
SECONDS_OF_ONE_FILE = 600
SECONDS_OF_ALL = 5400


class Cause(Enum):
    """The origin of a test's failure."""

    WINE = "wine"
    OURS = "ours"
    TEST = "test"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A test file that is not run; with `case`, a pattern of single cases in it that are ignored."""

    test: str
    cause: Cause
    reason: str
    case: str = ""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The files to run, and the exclusions; `minimum` is the number of cases that must at least be executed."""

    minimum: int
    run: tuple[str, ...]
    skip: tuple[Skip, ...]


@pytest.fixture(scope="module")
def selection() -> Selection:
    return convert(Selection, tomllib.loads(LIST.read_text(encoding="utf-8")), where=LIST)


def test_the_list_is_sorted_and_consistent(selection: Selection) -> None:
    left_out = {entry.test for entry in selection.skip if not entry.case}
    assert list(selection.run) == sorted(set(selection.run))
    assert not left_out & set(selection.run)
    assert all(len(entry.reason) > 15 for entry in selection.skip)
    assert {entry.test for entry in selection.skip if entry.case} <= set(selection.run)


def test_every_file_of_the_list_exists(tree: Tree, selection: Selection) -> None:
    library = tree.root / "install" / "Lib" / "test"
    names = [*selection.run, *(entry.test for entry in selection.skip)]
    places = {name: library.joinpath(*name.split(".")) for name in names}
    found = {name for name, path in places.items() if path.is_dir() or path.with_suffix(".py").is_file()}
    assert set(names) == found


def test_regression_tests_of_cpython(
    tree: Tree,
    selection: Selection,
    workshop: Path,
    say: Callable[[str], None],
) -> None:
    scratch = workshop / "regression"
    scratch.mkdir()
    ignored = [word for entry in selection.skip if entry.case for word in ("--ignore", entry.case)]
    programs = workshop / "wine"
    shutil.copytree(PROGRAMS, programs)
    words: list[str | Path] = [
        *(os.environ[WINE_VARIABLE], tree.python, programs / "regression.py", "-j2", "-w", "-u", "none"),
        *(f"--timeout={SECONDS_OF_ONE_FILE}", "--tempdir", windows_path(scratch)),
        *ignored,
        *selection.run,
    ]
    env = {"PATH": os.defpath, "HOME": str(scratch), "PYTHONPATH": windows_path(programs)}
    with (workshop / "regression.log").open("w+", encoding="utf-8", errors="replace") as log:
        status = subprocess.run(
            ["timeout", "--kill-after=20", str(SECONDS_OF_ALL), *words],
            env=env,
            cwd=tree.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
        log.seek(0)
        printed = log.read()
    shutil.rmtree(scratch, ignore_errors=True)
    executed = re.search(r"^Total tests: run=([\d,]+)", printed, re.MULTILINE)
    say(executed[0] if executed else "the tests did not finish")
    if status:
        pytest.fail(printed[-6000:], pytrace=False)
    assert executed
    assert int(executed[1].replace(",", "")) >= selection.minimum
