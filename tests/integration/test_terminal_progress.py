"""Progress of a build on a real terminal, while another build works on the same step."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

_BUILD = """
import os, sys, time
from pathlib import Path
from setup_local import log
from setup_local.build.engine import Engine
from setup_local.build.forecast import History, history_file
from setup_local.build.jobserver import Jobserver
from setup_local.build.progress import Progress
from setup_local.build.sandbox import Sandbox
from setup_local.build.steps import Step
from setup_local.build.store import Store
from setup_local.build.workspace import Workspace

def quick(job):
    (job.out / "quick").write_text("quick")

def slow(job):
    job.run(["sh", "-c", "for n in $(seq 40); do echo cc -c $n.c; sleep 0.1; done"], cwd=job.work)
    while not (Path(os.environ["GO"])).exists():
        time.sleep(0.05)
    (job.out / "slow").write_text("slow")

cache = Path(sys.argv[1])
with Progress(log.console()) as progress, Jobserver(2) as jobserver, Workspace(cache) as workspace:
    engine = Engine(store=Store(cache), workspace=workspace, sandbox=Sandbox(program=None), jobserver=jobserver,
                    logs=cache / "logs", env={"PATH": os.defpath}, observer=progress, history=History(history_file(cache)))
    steps = [Step(name="quick", ingredients=sys.argv[2], action=quick, weight=2),
             Step(name="slow", ingredients=sys.argv[2], needs=("quick",), action=slow, weight=20)]
    engine.execute(steps, "slow")
print("ended")
"""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@contextmanager
def _build(cache: Path, run: str = "1", more: Mapping[str, str] | None = None) -> Iterator[pexpect.spawn]:
    """Start a build on a separate terminal; it ends with the test."""
    script = cache / "build.py"
    script.write_text(_BUILD, encoding="utf-8")
    root = Path(__file__).parents[2]
    env = {"PATH": os.defpath, "TERM": "xterm-256color", "LANG": "C.UTF-8", "GO": str(cache / "go"), **(more or {})}
    argv = [str(script), str(cache), run]
    child = pexpect.spawn(
        sys.executable, argv, env={**env, "PYTHONPATH": str(root)}, timeout=60, encoding="utf-8", dimensions=(30, 100)
    )
    try:
        yield child
    finally:
        child.close(force=True)


def _rest(child: pexpect.spawn) -> str:
    child.expect("ended")
    return str(child.before)


def test_a_terminal_shows_bar_files_and_an_estimate_that_learns(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    with _build(tmp_path) as first:
        first.expect("about 00:2[0-9] for the others")  # from the weights
        first.expect("━")
        first.expect("[0-9]+%  1/2 steps")
        first.expect("about [0-9:]+ left")
        assert "slow done in" in _CONTROL.sub("", _rest(first))
    with _build(tmp_path, "2") as second:
        second.expect("about 00:0[0-9] for the others")  # as measured
        second.expect("slow [0-9]+/4[01] files")


def test_whom_it_waits_for_is_shown(tmp_path: Path) -> None:
    with _build(tmp_path) as first:
        first.expect("slow .*[0-9]s")
        with _build(tmp_path) as second:
            second.expect(f"waiting for slow of another build .process {first.pid}.")
            (tmp_path / "go").touch()
            assert "slow built by another process" in _CONTROL.sub("", _rest(second))
        _rest(first)


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"CI": "true"}])
def test_what_is_no_terminal_for_it_gets_plain_lines(tmp_path: Path, more: dict[str, str]) -> None:
    (tmp_path / "go").touch()
    with _build(tmp_path, more=more) as child:
        lines = _COLOUR.sub("", _rest(child)).splitlines()
    assert [line.partition("] ")[2].partition(" done in")[0] for line in lines if line] == [
        "2 steps, 0 of them in the store, about 00:22 for the others",
        "0/2 quick ...",
        "1/2 quick",
        "1/2 slow ...",
        "2/2 slow",
    ]


def test_without_colour_there_is_a_bar_and_no_colour(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    with _build(tmp_path, more={"NO_COLOR": "1"}) as child:
        text = _rest(child)
    assert "━" in text
    assert _COLOUR.findall(text) == []
