"""The engine: the steps that run, the results taken from the store, and the files left behind."""

from __future__ import annotations

import dataclasses
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from setup_local.build.engine import Engine
from setup_local.build.forecast import Forecast, History, history_file
from setup_local.build.jobserver import Jobserver
from setup_local.build.sandbox import Root, Sandbox
from setup_local.build.steps import Job, ResumableStep, Step
from setup_local.build.store import Store
from setup_local.build.workspace import Workspace
from setup_local.errors import StepError


class _Recorder:
    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []
        self.plan = Forecast(total=0)
        self.logs: dict[str, Path] = {}
        self.waited = threading.Event()

    def planned(self, plan: Forecast) -> None:
        self.plan = plan
        self.events.append(("planned", str(plan.total), str(plan.cached)))

    def started(self, name: str, log: Path) -> None:
        self.logs[name] = log
        self.events.append(("started", name))

    def waiting(self, name: str, process: int | None) -> None:
        self.events.append(("waiting", name, str(process)))
        self.waited.set()

    def taken(self, name: str) -> None:
        self.events.append(("taken", name))

    def finished(self, name: str, seconds: float) -> None:
        assert seconds >= 0
        self.events.append(("finished", name))

    def failed(self, name: str) -> None:
        self.events.append(("failed", name))

    def names(self, kind: str) -> list[str]:
        return [event[1] for event in self.events if event[0] == kind]


Make = Callable[[], tuple[Engine, _Recorder]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    opened: list[Jobserver | Workspace] = []

    def build() -> tuple[Engine, _Recorder]:
        recorder, jobserver = _Recorder(), Jobserver(2)
        workspace = Workspace(tmp_path)
        opened.extend([jobserver, workspace])
        engine = Engine(
            store=Store(tmp_path),
            workspace=workspace,
            sandbox=Sandbox(program=None),
            jobserver=jobserver,
            logs=tmp_path / "logs",
            env={"PATH": os.defpath},
            observer=recorder,
            history=History(history_file(tmp_path)),
        )
        return engine, recorder

    yield build
    for item in opened:
        item.__exit__(None, None, None)


def _writes(text: str) -> Callable[[Job], None]:
    def action(job: Job) -> None:
        below = [(path / "text").read_text() for path in job.inputs.values()]
        (job.out / "text").write_text("".join(below) + text)

    return action


def _chain(middle: str = "b") -> list[Step]:
    return [
        Step(name="a", ingredients="a", action=_writes("a")),
        Step(name="lib:b", ingredients=middle, needs=("a",), action=_writes(middle)),
        Step(name="c", ingredients="c", needs=("lib:b",), action=_writes("c")),
    ]


def test_results_flow_along_the_graph(make: Make) -> None:
    engine, recorder = make()
    assert (engine.execute(_chain(), "c") / "text").read_text() == "abc"
    assert recorder.names("finished") == ["a", "lib:b", "c"]


def test_a_second_run_does_nothing(make: Make) -> None:
    make()[0].execute(_chain(), "c")
    engine, recorder = make()
    assert (engine.execute(_chain(), "c") / "text").read_text() == "abc"
    assert recorder.events == [("planned", "3", "3")]


def test_a_changed_step_reruns_itself_and_its_dependents(make: Make) -> None:
    make()[0].execute(_chain(), "c")
    engine, recorder = make()
    assert (engine.execute(_chain("B"), "c") / "text").read_text() == "aBc"
    assert recorder.names("started") == ["lib:b", "c"]


def test_independent_steps_run_side_by_side(make: Make) -> None:
    meeting = threading.Barrier(2, timeout=20)

    def meets(job: Job) -> None:
        meeting.wait()
        (job.out / "text").write_text("met")

    steps = [
        Step(name="left", ingredients="", action=meets),
        Step(name="right", ingredients="", action=meets),
        Step(name="top", ingredients="", needs=("left", "right"), action=_writes("!")),
    ]
    assert (make()[0].execute(steps, "top") / "text").read_text() == "metmet!"


def test_a_failure_names_step_command_output_and_log(make: Make, tmp_path: Path) -> None:
    def fails(job: Job) -> None:
        job.run(["sh", "-c", "echo the reason; exit 7"], cwd=job.work)

    engine, recorder = make()
    with pytest.raises(StepError) as caught:
        engine.execute([Step(name="zlib", ingredients="", action=fails)], "zlib")
    text = str(caught.value)
    (log,) = (tmp_path / "logs").iterdir()
    assert text.startswith("zlib: `sh -c echo the reason; exit 7` ended with status 7\n")
    assert "    the reason\n" in text
    assert text.endswith(f"whole log: {log}")
    assert recorder.names("failed") == ["zlib"]


def test_a_failure_shows_the_start_of_a_long_command_and_only_its_own_output(make: Make) -> None:
    def fails(job: Job) -> None:
        job.run(["echo", "from the command before"], cwd=job.work)
        job.run(["sh", "-c", "echo the reason; exit 7", *("--with-an-option",) * 30], cwd=job.work)

    engine, _ = make()
    with pytest.raises(StepError) as caught:
        engine.execute([Step(name="zlib", ingredients="", action=fails)], "zlib")
    first, *others = str(caught.value).splitlines()
    assert re.fullmatch(r"zlib: `sh -c echo the reason; exit 7[-a-z ]+\.\.\.` ended with status 7", first)
    assert len(first) < 140
    assert others[0] == "    the reason"


def test_a_failed_step_leaves_nothing_in_the_store(make: Make) -> None:
    def half(job: Job) -> None:
        (job.out / "text").write_text("half")
        raise StepError("no", where="b")

    steps = [*_chain()[:1], Step(name="b", ingredients="", needs=("a",), action=half)]
    engine, _ = make()
    with pytest.raises(StepError):
        engine.execute(steps, "b")
    assert [entry.name for entry in engine.store.entries()] == ["a"]


def test_what_succeeded_beside_a_failure_is_kept(make: Make) -> None:
    failed = threading.Event()

    def fails(_: Job) -> None:
        failed.set()
        raise StepError("no", where="bad")

    def outlives(job: Job) -> None:
        assert failed.wait(20)
        (job.out / "text").write_text("kept")

    steps = [
        Step(name="good", ingredients="", action=outlives),
        Step(name="bad", ingredients="", action=fails),
        Step(name="top", ingredients="", needs=("good", "bad"), action=_writes("")),
    ]
    engine, _ = make()
    with pytest.raises(StepError):
        engine.execute(steps, "top")
    assert [entry.name for entry in engine.store.entries()] == ["good"]


def test_a_step_sees_exactly_the_environment_it_is_given(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKG_CONFIG_PATH", "/usr/lib/pkgconfig")

    def dumps(job: Job) -> None:
        job.run(["sh", "-c", "env > env.txt"], cwd=job.work, env={"PATH": os.defpath, "CC": "clang"})
        lines = (job.work / "env.txt").read_text().splitlines()
        (job.out / "text").write_text(
            "\n".join(line for line in lines if line.partition("=")[0] not in {"PWD", "_", "SHLVL", "OLDPWD"})
        )

    result = make()[0].execute([Step(name="env", ingredients="", action=dumps)], "env")
    assert sorted((result / "text").read_text().split()) == ["CC=clang", f"PATH={os.defpath}"]


def test_what_a_step_takes_is_expected_of_it_the_next_time(make: Make) -> None:
    def compiles(job: Job) -> None:
        job.run(["sh", "-c", "for n in 1 2 3; do echo cc -c $n.c; done; echo cc -o all"], cwd=job.work)
        (job.out / "text").write_text("compiled")

    def steps(ingredients: str) -> list[Step]:
        return [
            Step(name="zlib", ingredients=ingredients, action=compiles, weight=1000),
            Step(name="top", ingredients="", needs=("zlib",), action=_writes("!"), weight=7),
        ]

    engine, recorder = make()
    engine.execute(steps("first"), "top")
    assert recorder.plan.costs["zlib"].seconds == 1000
    assert recorder.plan.chains == {"zlib": 1007, "top": 7}
    assert recorder.logs["zlib"].is_file()
    engine, recorder = make()
    engine.execute(steps("second"), "top")
    assert recorder.plan.costs["zlib"].seconds < 1000
    assert recorder.plan.costs["zlib"].compiled == 4  # the shell's own line and its output


def test_whom_a_build_waits_for_is_told_and_its_result_taken(make: Make) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(job: Job) -> None:
        begun.set()
        assert go_on.wait(20)
        (job.out / "text").write_text("made once")

    steps = [Step(name="slow", ingredients="", action=slow)]
    (first, _), (second, recorder) = make(), make()
    results: list[Path] = []
    threads = [
        threading.Thread(target=lambda engine=engine: results.append(engine.execute(steps, "slow")))
        for engine in (first, second)
    ]
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    assert recorder.waited.wait(20)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert results[0] == results[1]
    assert ("waiting", "slow", str(os.getpid())) in recorder.events
    assert recorder.events[-1] == ("taken", "slow")
    assert recorder.names("started") == []


class _Dies(BaseException):
    """Simulates the end of the process."""


def test_a_resumable_step_finds_what_it_left_and_others_do_not(make: Make) -> None:
    engine, _ = make()
    seen: list[bool] = []

    def action(job: Job) -> None:
        seen.append((job.work / "one.o").is_file())
        (job.work / "one.o").write_text("object")
        if len(seen) % 2:
            raise _Dies

    for step in (ResumableStep(name="a", ingredients=1, action=action), Step(name="b", ingredients=1, action=action)):
        with pytest.raises(_Dies):
            engine.execute([step], step.name)
        engine, _ = make()
        engine.execute([step], step.name)
    assert seen == [False, True, False, False]
    assert not list((engine.workspace.root.parent / "resumable").iterdir())


def test_another_root_is_part_of_every_key(make: Make, tmp_path: Path) -> None:
    engine, _ = make()
    root = Root(name="tiny", directory=tmp_path, sha256="0" * 64)
    elsewhere = dataclasses.replace(engine, sandbox=Sandbox(program=None, root=root))
    assert engine.key_environment == dict(engine.env)
    assert elsewhere.key_environment == {**engine.env, "root": "0" * 64}
    assert "root" not in elsewhere.complete_env
