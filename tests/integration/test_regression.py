"""CPython's own regression tests, run by the distribution as an ordinary user.

`tests/data/regression-skips.toml` lists the tests that are not run, and why. `--regression=all` also runs the tests
that the quick run leaves out because they are slow; `--regression=emulated` runs the files listed there, for another
processor.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from installed import DATA, NOBODY, Installation, as_ordinary_user
from packaging.version import Version

from setup_local.catalog.load import convert
from setup_local.catalog.when import ALWAYS, Facts, When
from setup_local.values import BuildOption, Libc, Linkage, without_level

LIST = DATA / "regression-skips.toml"
SECONDS_OF_ONE_FILE = 600
EMULATED = "emulated"
SECONDS_OF_ALL = {"quick": 2400, "all": 7200, EMULATED: 3600}
DEBUG_FACTOR = 4  # how much longer debug builds take
SHOWN_EVERY = 20.0
SHARE_WITHOUT_MODULES = 0.8
"""Share of the minimum that must run if modules were left out: tests of these modules skip themselves."""


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A test file that is not run, or with `case` a pattern of single cases in it that are ignored.

    `emulated`: only if an emulator runs the interpreter.
    """

    test: str
    reason: str
    case: str = ""
    emulated: bool = False
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Slow:
    """A test file that the quick run leaves out; `seconds` is its approximate duration when run alone."""

    test: str
    seconds: int
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The tests that are left out.

    `minimum` is the number of cases that each kind of run must at least execute, `emulated` the files of that kind.
    """

    minimum: dict[str, int]
    emulated: tuple[str, ...]
    slow: tuple[Slow, ...]
    skip: tuple[Skip, ...]

    def applying(self, facts: Facts, kind: str) -> Selection:
        skip = (entry for entry in self.skip if entry.when.matches(facts))
        return Selection(
            minimum=self.minimum,
            emulated=self.emulated,
            slow=tuple(entry for entry in self.slow if entry.when.matches(facts)),
            skip=tuple(entry for entry in skip if kind == EMULATED or not entry.emulated),
        )

    def files(self, kind: str) -> list[str]:
        """Return the arguments that select or exclude test files."""
        left_out = [entry.test for entry in self.skip if not entry.case]
        if kind == EMULATED:
            return [name for name in self.emulated if name not in left_out]
        return ["-x", *left_out, *(entry.test for entry in self.slow if kind == "quick")]

    @property
    def ignored_cases(self) -> list[str]:
        return [entry.case for entry in self.skip if entry.case]


@pytest.fixture(scope="module")
def plain(installation: Installation, workshop: Path) -> Installation:
    """Return the installation at a path without spaces: some of CPython's tests do not quote it in shell commands."""
    tree = workshop / "plain"
    shutil.copytree(installation.root, tree, symlinks=True, copy_function=os.link)
    return Installation(root=tree, home=installation.home)


def selection_for(installation: Installation, kind: str) -> Selection:
    """Return the selection that applies to an installation."""
    everything = convert(Selection, tomllib.loads(LIST.read_text(encoding="utf-8")), where=LIST)
    triple = str(installation.description["target_triple"])
    facts = Facts(
        python=Version(installation.version),
        triple=triple,
        os="linux",
        arch=without_level(triple).partition("-")[0],
        libc=Libc.MUSL if "-musl" in triple else Libc.GLIBC,
        options=installation.build_options,
        tls=installation.tls,
        libpython=Linkage(installation.description["libpython_link_mode"]),
    )
    return everything.applying(facts, kind)


@pytest.fixture(scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--regression"))


@pytest.fixture(scope="module")
def selection(installation: Installation, kind: str) -> Selection:
    return selection_for(installation, kind)


def test_each_skip_has_a_reason(selection: Selection) -> None:
    assert all(len(entry.reason) > 15 for entry in selection.skip)


def test_each_file_that_is_left_out_exists(selection: Selection, installation: Installation) -> None:
    names = set(installation.run(["-m", "test", "--list-tests"]).split())
    packages = {".".join(name.split(".")[1:2]) for name in names if name.startswith("test.")}
    wanted = {entry.test for entry in selection.skip} | {entry.test for entry in selection.slow}
    assert not wanted - names - packages


def test_each_case_that_is_ignored_exists(selection: Selection, installation: Installation) -> None:
    files = sorted({entry.test for entry in selection.skip if entry.case})
    cases = installation.run(["-m", "test", "--list-cases", *files]).split() if files else []
    assert not [pattern for pattern in selection.ignored_cases if not _matches(pattern, cases)]


def _matches(pattern: str, cases: list[str]) -> bool:
    """Match as CPython's test runner does: the whole dotted name, or one of its parts."""
    return any(fnmatch.fnmatchcase(name, pattern) for case in cases for name in (case, *case.split(".")))


def _scratch(workshop: Path, installation: Installation) -> Path:
    installation.environment()
    path = workshop / "regression"
    path.mkdir()
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


def _command(installation: Installation, scratch: Path, kind: str, selection: Selection) -> list[str]:
    return as_ordinary_user(
        [
            *(
                *installation.personality,
                installation.python.resolve(),
                "-m",
                "test",
                "-j2",
                "-w",
                "-u",
                "none,curses",
                f"--timeout={SECONDS_OF_ONE_FILE}",
            ),
            *("--tempdir", scratch, "--junit-xml", scratch / "results.xml"),
            *(word for pattern in selection.ignored_cases for word in ("--ignore", pattern)),
            *selection.files(kind),
        ]
    )


def _run_and_show(
    command: list[str], env: dict[str, str], scratch: Path, seconds: float, say: Callable[[str], None]
) -> tuple[int, list[str]]:
    """Run the tests, show each failure and, from time to time, another line; return status and lines."""
    start = shown = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(
        ["timeout", "--kill-after=20", str(seconds), *command],
        env=env,
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if re.search(r"^\d+:\d+:\d+ .*(failed|crashed|timed out)", line) or time.monotonic() - shown > SHOWN_EVERY:
                shown = time.monotonic()
                say(line.rstrip()[:150])
    say(f"ended after {time.monotonic() - start:.0f} s with {process.returncode}")
    return process.returncode, lines


def _executed(results: Path) -> int:
    """Return how many cases ran and were not skipped, from the report in JUnit's format."""
    cases = ET.parse(results).iter("testcase")
    return sum(1 for case in cases if case.get("status") == "run" and case.find("skipped") is None)


def test_regression_tests_of_cpython(
    kind: str, plain: Installation, workshop: Path, selection: Selection, say: Callable[[str], None]
) -> None:
    scratch = _scratch(workshop, plain)
    command = _command(plain, scratch, kind, selection)
    env = plain.environment({"TERM": "xterm-256color", "TMPDIR": str(scratch)})
    seconds = SECONDS_OF_ALL[kind] * (DEBUG_FACTOR if BuildOption.DEBUG in plain.build_options else 1)
    status, lines = _run_and_show(command, env, scratch, seconds, say)
    if status:
        pytest.fail("\n".join(_telling(lines)), pytrace=False)
    executed = _executed(scratch / "results.xml")
    say(f"{executed} cases ran")
    assert executed >= selection.minimum[kind] * (SHARE_WITHOUT_MODULES if plain.left_out else 1)


def _telling(lines: list[str]) -> list[str]:
    """Return the relevant lines of a failed run: the reports of the failures and the end."""
    reports = [number for number, line in enumerate(lines) if re.match(r"(ERROR|FAIL): ", line)]
    wanted = {index for number in reports for index in range(number, number + 40)} | set(
        range(len(lines) - 60, len(lines))
    )
    return [lines[index] for index in sorted(wanted) if 0 <= index < len(lines)][:800]
