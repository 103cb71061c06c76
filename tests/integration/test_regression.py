"""CPython's own regression tests, run by the distribution as an ordinary user.

`tests/data/regression-skips.toml` lists what is not run, and why. `--regression=all` also runs the tests that the
quick run leaves out because they are slow.
"""

from __future__ import annotations

import fnmatch
import os
import re
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
from setup_local.values import Libc

LIST = DATA / "regression-skips.toml"
SECONDS_OF_ONE_FILE = 300
SECONDS_OF_ALL = {"quick": 1200, "all": 5400}
SHOWN_EVERY = 20.0


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A test file that is not run, or with `case` a pattern of single cases in it that are ignored."""

    test: str
    reason: str
    case: str = ""
    when: When = ALWAYS


@dataclass(frozen=True, kw_only=True)
class Selection:
    """`slow` are files that the quick run leaves out; `minimum` how many cases each kind of run must at least execute."""

    slow: tuple[str, ...]
    minimum: dict[str, int]
    skip: tuple[Skip, ...]

    def applying(self, facts: Facts) -> list[Skip]:
        return [skip for skip in self.skip if skip.when.matches(facts)]


@pytest.fixture(scope="module")
def selection() -> Selection:
    return convert(Selection, tomllib.loads(LIST.read_text(encoding="utf-8")), where=LIST)


@pytest.fixture(scope="module")
def skips(selection: Selection, installation: Installation) -> list[Skip]:
    triple = str(installation.description["target_triple"])
    return selection.applying(Facts(python=Version(installation.version), triple=triple, libc=Libc.GLIBC))


@pytest.fixture(scope="module")
def test_files(installation: Installation) -> list[str]:
    return installation.run(["-m", "test", "--list-tests"]).split()


def test_each_skip_has_a_reason(selection: Selection) -> None:
    assert all(len(skip.reason) > 15 for skip in selection.skip)


def test_each_skip_and_each_slow_file_exists(
    selection: Selection, skips: list[Skip], test_files: list[str], installation: Installation
) -> None:
    assert {skip.test for skip in skips} <= set(test_files)
    assert {name for name in selection.slow if _known(name, installation)} <= set(test_files)
    files = sorted({skip.test for skip in skips if skip.case})
    if not files:
        return
    cases = installation.run(["-m", "test", "--list-cases", *files]).split()
    unknown = [skip.case for skip in skips if skip.case and not fnmatch.filter(cases, skip.case)]
    assert not unknown


def _known(name: str, installation: Installation) -> bool:
    """Tell whether a slow file exists in this release; the list serves several."""
    folder = installation.prefix / "lib" / f"python{'.'.join(installation.version.split('.')[:2])}" / "test"
    return any((folder / f"{part}{suffix}").exists() for part in [name.replace(".", "/")] for suffix in (".py", ""))


def _scratch(workshop: Path, installation: Installation) -> Path:
    installation.environment()
    path = workshop / "regression"
    path.mkdir()
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


def _command(
    installation: Installation, scratch: Path, kind: str, selection: Selection, skips: list[Skip]
) -> list[str]:
    left_out = [skip.test for skip in skips if not skip.case] + (list(selection.slow) if kind == "quick" else [])
    ignored = [skip.case for skip in skips if skip.case]
    return as_ordinary_user(
        [
            *(installation.python, "-m", "test", "-j2", "-w", "-u", "none,curses", f"--timeout={SECONDS_OF_ONE_FILE}"),
            *("--tempdir", scratch, "--junit-xml", scratch / "results.xml"),
            *(word for pattern in ignored for word in ("--ignore", pattern)),
            *("-x", *left_out),
        ]
    )


def _run_and_show(
    command: list[str], env: dict[str, str], scratch: Path, seconds: float, say: Callable[[str], None]
) -> tuple[int, list[str]]:
    """Run the tests, show a line now and then and each that names a failure; return status and lines."""
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
    request: pytest.FixtureRequest,
    installation: Installation,
    workshop: Path,
    selection: Selection,
    skips: list[Skip],
    say: Callable[[str], None],
) -> None:
    kind = str(request.config.getoption("--regression"))
    scratch = _scratch(workshop, installation)
    command = _command(installation, scratch, kind, selection, skips)
    env = installation.environment({"TERM": "xterm-256color", "TMPDIR": str(scratch)})
    status, lines = _run_and_show(command, env, scratch, SECONDS_OF_ALL[kind], say)
    if status:
        pytest.fail("\n".join(_telling(lines)), pytrace=False)
    executed = _executed(scratch / "results.xml")
    say(f"{executed} cases ran")
    assert executed >= selection.minimum[kind]


def _telling(lines: list[str]) -> list[str]:
    """Return what one wants to read of a failed run: the reports of the failures and the end."""
    reports = [number for number, line in enumerate(lines) if re.match(r"(ERROR|FAIL): ", line)]
    wanted = {index for number in reports for index in range(number, number + 40)} | set(
        range(len(lines) - 60, len(lines))
    )
    return [lines[index] for index in sorted(wanted) if 0 <= index < len(lines)][:800]
