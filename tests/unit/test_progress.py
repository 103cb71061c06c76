"""How a build's progress is shown: plain lines in a log, a bar on a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from setup_local.build import progress as module
from setup_local.build.forecast import Cost, Forecast
from setup_local.build.progress import Progress

PLAN = Forecast(
    total=4,
    jobs=2,
    costs={"tcl": Cost(seconds=100, compiled=40), "tk": Cost(seconds=100)},
    chains={"tcl": 200, "tk": 100},
)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    now = {"time": 0.0}
    monkeypatch.setattr(module.time, "monotonic", lambda: now["time"])
    monkeypatch.delenv("CI", raising=False)
    return now


def plain() -> tuple[Progress, io.StringIO]:
    stream = io.StringIO()
    return Progress(Console(file=stream, width=200)), stream


def test_plain_lines_tell_each_event_once(tmp_path: Path, clock: dict[str, float]) -> None:
    progress, stream = plain()
    progress.planned(PLAN)
    progress.started("tcl", tmp_path / "log")
    clock["time"] = 61
    progress.finished("tcl", 61)
    for _ in range(3):
        progress.waiting("tk", 4711)
    progress.taken("tk")
    assert stream.getvalue().splitlines() == [
        "[00:00] 4 steps, 2 of them in the store, about 03:20 for the others",
        "[00:00] 2/4 tcl ...",
        "[01:01] 3/4 tcl done in 61.0 s",
        "[01:01] 3/4 waiting for tk of another build (process 4711)",
        "[01:01] 4/4 tk built by another process",
    ]


def test_a_new_holder_is_told_and_an_unknown_one_not_named(tmp_path: Path) -> None:
    progress, stream = plain()
    progress.planned(PLAN)
    for process in (None, 1, 1, 2):
        progress.waiting("tk", process)
    progress.started("tk", tmp_path / "log")
    progress.failed("tk")
    lines = [line.partition("] ")[2] for line in stream.getvalue().splitlines()[1:]]
    assert lines == [
        "2/4 waiting for tk of another build",
        "2/4 waiting for tk of another build (process 1)",
        "2/4 waiting for tk of another build (process 2)",
        "2/4 tk ...",
        "2/4 tk failed",
    ]


def test_nothing_to_do_has_no_estimate() -> None:
    progress, stream = plain()
    progress.planned(Forecast(total=3))
    assert stream.getvalue() == "[00:00] 3 steps, 3 of them in the store\n"


def shown(progress: Progress, width: int = 100) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width).print(progress._shown())
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_the_moving_part_has_bar_estimate_what_runs_and_what_is_waited_for(
    tmp_path: Path, clock: dict[str, float]
) -> None:
    progress, _ = plain()
    (tmp_path / "log").write_text("cc -c x.c\n" * 10)
    progress.planned(PLAN)
    progress.started("tcl", tmp_path / "log")
    progress.waiting("tk", 12)
    clock["time"] = 25
    head, running, waiting = shown(progress)
    assert head.startswith("[00:25] ━")
    assert " 25%  2/4 steps  about 02:" in head  # a quarter of the time, a quarter of the files
    assert running == "tcl 10/40 files 25s"
    assert waiting == "waiting for tk of another build (process 12)"


def test_the_moving_part_fits_into_any_width(tmp_path: Path) -> None:
    progress, _ = plain()
    progress.planned(PLAN)
    progress.started("tcl", tmp_path / "log")
    progress.waiting("tk", 12)
    for width in (20, 40, 80):
        lines = shown(progress, width)
        assert len(lines) == 3
        assert max(map(len, lines)) <= width


def test_before_there_is_a_plan_there_is_a_clock(clock: dict[str, float]) -> None:
    progress, _ = plain()
    clock["time"] = 3
    assert shown(progress) == ["[00:03]"]
