"""Recorded costs of steps, and the forecast for a build that follows from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from setup_local.build.forecast import CompilerCount, Cost, Estimate, Forecast, History, forecast, history_file
from setup_local.build.steps import Job, Step


def nothing(job: Job) -> None:
    del job


def step(name: str, *needs: str, weight: float = 10) -> Step:
    return Step(name=name, ingredients="", action=nothing, needs=needs, weight=weight)


def test_a_step_that_never_ran_costs_its_weight(tmp_path: Path) -> None:
    history = History(history_file(tmp_path))
    assert history.cost(step("tcl", weight=44)) == Cost(seconds=44)
    history.note(step("tcl", weight=44), Cost(seconds=61.5, compiled=120))
    assert history.cost(step("tcl", weight=99)) == Cost(seconds=61.5, compiled=120)
    assert History(history_file(tmp_path)).cost(step("tcl")) == Cost(seconds=61.5, compiled=120)


def test_a_step_that_needs_others_is_another_one(tmp_path: Path) -> None:
    """An optimized interpreter needs a profile; its build takes longer than a plain one."""
    history = History(history_file(tmp_path))
    history.note(step("cpython", "zlib"), Cost(seconds=200))
    assert history.cost(step("cpython", "zlib", "profile", weight=900)).seconds == 900


def test_two_builds_remember_side_by_side(tmp_path: Path) -> None:
    first, second = History(history_file(tmp_path)), History(history_file(tmp_path))
    first.note(step("a"), Cost(seconds=1))
    second.note(step("b"), Cost(seconds=2))
    assert len(json.loads(history_file(tmp_path).read_text())) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": {"seconds": "x", "compiled": 1}}', "\x00"])
def test_a_memory_that_makes_no_sense_is_forgotten(tmp_path: Path, text: str) -> None:
    history_file(tmp_path).write_text(text)
    assert History(history_file(tmp_path)).cost(step("a", weight=3)) == Cost(seconds=3)


def test_a_memory_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    History(tmp_path / "nowhere" / "x.json").note(step("a"), Cost(seconds=1))
    History().note(step("a"), Cost(seconds=1))


def test_a_forecast_is_about_what_is_not_there(tmp_path: Path) -> None:
    steps = [
        step("tools", weight=40),
        step("zlib", "tools"),
        step("tcl", "tools", weight=60),
        step("top", "zlib", "tcl"),
    ]
    plan = forecast(steps, {"zlib", "tcl", "top"}, History(history_file(tmp_path)), jobs=2)
    assert (plan.total, plan.cached) == (4, 1)
    assert {name: plan.chains[name] for name in plan.costs} == {"zlib": 20, "tcl": 70, "top": 10}


def test_compilers_are_counted_as_the_log_grows(tmp_path: Path) -> None:
    log = tmp_path / "log"
    count = CompilerCount(log)
    assert count() == 0
    log.write_bytes(b"$ cd /x; make\nclang -O2 -c -o a.o a.c\n  CC   b.o\n  CXX x.o\nclang -o all\nclang -c c")
    assert count() == 3
    with log.open("ab") as stream:
        stream.write(b".c\n  CCLD all\nclang -c d.c\n")
    assert count() == 5
    assert count() == 5


def test_what_ninja_says_of_itself_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    count = CompilerCount(log)
    log.write_bytes(b"$ cd /x; ninja\n[1/3021] Building CXX object a.o\n[2/3021] Building CXX object b.o\n[3/30")
    count()
    assert count.announced() == (2, 3021)
    estimate = Estimate(chain())
    estimate.begin("a", 0, count, count.announced)
    assert estimate.compiled("a") == (2, 3021)
    with log.open("ab") as stream:
        stream.write(b"21] Building CXX object c.o\n")
    assert estimate.compiled("a") == (3, 3021)


def test_what_says_nothing_of_itself_has_no_count(tmp_path: Path) -> None:
    count = CompilerCount(tmp_path / "log")
    assert count() == 0
    assert count.announced() is None


def chain(*, compiled: int = 0) -> Forecast:
    """Return two steps of 100 seconds that can run in parallel, and one of 50 after them."""
    costs = {"a": Cost(seconds=100, compiled=compiled), "b": Cost(seconds=100), "c": Cost(seconds=50)}
    return Forecast(total=5, jobs=2, costs=costs, chains={"a": 150, "b": 150, "c": 50})


def test_the_share_is_by_weight() -> None:
    estimate = Estimate(chain())
    assert estimate.share(0) == 0
    estimate.begin("a", 0)
    assert estimate.share(50) == pytest.approx(0.2)
    estimate.finish("a")
    assert estimate.share(50) == pytest.approx(0.4)
    for name in "bc":
        estimate.finish(name)
    assert estimate.share(50) == 1
    assert estimate.left(50) == 0


def test_a_step_that_takes_longer_is_never_done_before_it_is() -> None:
    estimate = Estimate(chain())
    estimate.begin("a", 0)
    assert estimate.share(10_000) < 0.4


def test_what_a_step_has_compiled_counts_with_its_time() -> None:
    estimate = Estimate(chain(compiled=200))
    estimate.begin("a", 0, lambda: 150)
    assert estimate.compiled("a") == (150, 200)
    assert estimate.share(25) == pytest.approx((0.25 + 0.75) / 2 * 100 / 250)
    assert estimate.compiled("b") is None


def test_a_step_that_compiles_more_than_it_did_does_not_exceed_it() -> None:
    estimate = Estimate(chain(compiled=200))
    estimate.begin("a", 0, lambda: 300)
    assert estimate.compiled("a") == (200, 200)


def test_a_step_that_compiles_little_is_not_counted() -> None:
    estimate = Estimate(chain(compiled=3))
    estimate.begin("a", 0, lambda: 1)
    assert estimate.compiled("a") is None


def test_what_is_left_is_first_what_it_took_and_never_less_than_the_longest_chain() -> None:
    estimate = Estimate(chain())
    assert estimate.left(0) == pytest.approx(150)
    estimate.begin("a", 0)
    estimate.begin("b", 0)
    estimate.finish("a")
    assert estimate.left(10) >= 140


def test_a_slow_machine_makes_the_estimate_longer() -> None:
    estimate = Estimate(chain())
    estimate.begin("a", 0)
    estimate.begin("b", 0)
    quick = estimate.left(100)
    estimate.finish("a")
    estimate.finish("b")
    assert estimate.left(100) < estimate.left(400)
    assert quick > 0


def test_nothing_to_do_is_done() -> None:
    estimate = Estimate(Forecast(total=3))
    assert (estimate.share(0), estimate.left(0)) == (1, 0)
