"""A build that is killed at any moment leaves a store that the next one can use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BUILD = """
import os, signal, sys
from pathlib import Path
from setup_local.build.engine import Engine
from setup_local.build.jobserver import Jobserver
from setup_local.build.sandbox import Sandbox
from setup_local.build.steps import Step
from setup_local.build.store import Store
from setup_local.build.workspace import Workspace

class Silent:
    def planned(self, plan): print("cached", plan.cached, flush=True)
    def waiting(self, name, process): pass
    def taken(self, name): pass
    def started(self, name, log): print("started", name, flush=True)
    def finished(self, name, seconds): print("finished", name, flush=True)
    def failed(self, name): print("failed", name, flush=True)

def quick(job):
    (job.out / "quick").write_text("quick")

def slow(job):
    (job.out / "half").write_text("half")
    job.run(["sh", "-c", "echo $$ > pid; sleep " + os.environ["SECONDS_TO_SLEEP"]], cwd=job.work)
    (job.out / "whole").write_text("whole")

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored
cache = Path(sys.argv[1])
with Jobserver(2) as jobserver, Workspace(cache) as workspace:
    engine = Engine(store=Store(cache), workspace=workspace, sandbox=Sandbox(program=None), jobserver=jobserver,
                    logs=cache / "logs", env={"PATH": os.defpath}, observer=Silent())
    steps = [Step(name="quick", ingredients="", action=quick),
             Step(name="slow", ingredients="", needs=("quick",), action=slow)]
    result = engine.execute(steps, "slow")
    print("result", sorted(path.name for path in result.iterdir()))
"""


@contextmanager
def _start(cache: Path, seconds: str) -> Iterator[subprocess.Popen[str]]:
    """Start a build; it is killed at the end in any case."""
    env = {"PATH": os.defpath, "SECONDS_TO_SLEEP": seconds}
    script = cache / "build.py"  # the code of a step is read from its source file
    script.write_text(_BUILD, encoding="utf-8")
    argv = [sys.executable, "-u", str(script), str(cache)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(argv, env=env, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _wait_for(cache: Path, pattern: str) -> Path:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = list(cache.glob(pattern))
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(pattern)


def test_a_killed_build_is_taken_up_by_the_next(tmp_path: Path) -> None:
    with _start(tmp_path, "600") as first:
        pid = _wait_for(tmp_path, "work/build-*/slow/pid")
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        os.killpg(int(pid.read_text()), signal.SIGKILL)
    names = {json.loads(meta.read_text())["name"] for meta in tmp_path.glob("store/*/meta.json")}
    assert names == {"quick"}
    with _start(tmp_path, "0") as second:
        output = second.communicate(timeout=60)[0]
    assert second.returncode == 0
    assert output.splitlines() == ["cached 1", "started slow", "finished slow", "result ['half', 'whole']"]
    assert list(tmp_path.glob("work/build-*")) == []


def test_an_interrupted_build_stops_its_programs(tmp_path: Path) -> None:
    with _start(tmp_path, "600") as build:
        pid = int(_wait_for(tmp_path, "work/build-*/slow/pid").read_text())
        build.send_signal(signal.SIGINT)
        build.communicate(timeout=60)
    assert build.returncode != 0
    assert not Path(f"/proc/{pid}").exists()


def test_a_build_that_waits_for_another_can_be_interrupted(tmp_path: Path) -> None:
    with _start(tmp_path, "600") as first:
        _wait_for(tmp_path, "work/build-*/slow/pid")
        with _start(tmp_path, "600") as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "cached 1\n"
            second.send_signal(signal.SIGINT)
            second.communicate(timeout=60)
        assert second.returncode != 0
        assert first.poll() is None
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=60)


def test_two_builds_at_once_do_the_work_once(tmp_path: Path) -> None:
    with _start(tmp_path, "2") as first, _start(tmp_path, "2") as second:
        outputs = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0]
    assert sum("finished slow" in output for output in outputs) == 1
    assert all("result ['half', 'whole']" in output for output in outputs)
