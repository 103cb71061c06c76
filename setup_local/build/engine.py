"""Runs the graph of steps: results in the store are reused, the other steps run in parallel."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from setup_local.build.code_digests import CodeDigests
from setup_local.build.forecast import CompilerCount, Cost, Forecast, History, forecast
from setup_local.build.jobserver import Jobserver
from setup_local.build.sandbox import Isolation
from setup_local.build.steps import Job, ResumableStep, Step, step_keys
from setup_local.build.store import Store
from setup_local.build.workspace import Workspace, remove_tree
from setup_local.errors import StepError
from setup_local.run import COMMAND_ECHO, Children, CommandFailed, run

_LOG_TAIL_LINES = 20
_LOG_TAIL_BYTES = 16384
_COMMAND_CHARACTERS = 100


class Observer(Protocol):
    """Receives events of a build, to show them."""

    def planned(self, plan: Forecast) -> None:
        """Record the work that has to be done."""

    def started(self, name: str, log: Path) -> None:
        """Record that a step is running; the output of its programs goes to `log`."""

    def waiting(self, name: str, process: int | None) -> None:
        """Record, repeatedly, that another build is making this step; `process` is its id if known."""

    def taken(self, name: str) -> None:
        """Record that a step is done because another build made it."""

    def finished(self, name: str, seconds: float) -> None:
        """Record that a step is done."""

    def failed(self, name: str) -> None:
        """Record that a step failed."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Everything that running a step needs besides the step itself.

    `env` is the base environment of every step, part of its key; the flags of the job server are added to it.
    """

    store: Store
    workspace: Workspace
    sandbox: Isolation
    jobserver: Jobserver
    logs: Path
    env: Mapping[str, str]
    observer: Observer
    code: CodeDigests = field(default_factory=CodeDigests)
    history: History = field(default_factory=History)
    children: Children = field(default_factory=Children)

    @property
    def key_environment(self) -> dict[str, str]:
        """Return the environment part of every key: base environment, and root file system unless the host's."""
        root = self.sandbox.root
        return {**self.env, "root": root.sha256} if root else dict(self.env)

    @property
    def complete_env(self) -> dict[str, str]:
        """Return the base environment with the flags by which make joins the job server."""
        return {**self.env, "MAKEFLAGS": self.jobserver.makeflags}

    def execute(self, steps: Sequence[Step], wanted: str) -> Path:
        """Make the result of `wanted` exist, and return its directory.

        `steps` must come after what they need. Only what `wanted` requires is run: a step whose dependents are all in
        the store is skipped. Raises `StepError` for the first step that fails, after those that were already running
        have ended.
        """
        keys = step_keys(steps, code=self.code, environment=self.key_environment)
        self.code.save()
        results: dict[str, Path] = {}
        missing = self._missing({step.name: step for step in steps}, keys, wanted, results)
        plan = forecast(steps, missing, self.history, jobs=self.jobserver.jobs)
        self.observer.planned(plan)
        if missing:
            ordered = sorted((step for step in steps if step.name in missing), key=lambda step: -plan.chains[step.name])
            self._run_all(ordered, keys, results)
        return results[wanted]

    def _missing(
        self, steps: Mapping[str, Step], keys: Mapping[str, str], wanted: str, results: dict[str, Path]
    ) -> set[str]:
        """Return the steps that must be run, and put available results into `results`; each is looked up once."""
        missing: set[str] = set()
        waiting = [wanted]
        while waiting:
            name = waiting.pop()
            if name in missing or name in results:
                continue
            found = self.store.find(keys[name], directory_name(name))
            if found is None:
                missing.add(name)
                waiting.extend(steps[name].needs)
            else:
                results[name] = found
        return missing

    def _run_all(self, waiting: list[Step], keys: Mapping[str, str], results: dict[str, Path]) -> None:
        """Run steps until all are done; an interrupt at any time ends the running ones."""
        with ThreadPoolExecutor(max_workers=self.jobserver.jobs) as pool:
            try:
                self._schedule(pool, waiting, keys, results)
            except (KeyboardInterrupt, SystemExit):
                self.children.stop()
                self.jobserver.refill()
                raise

    def _schedule(
        self, pool: ThreadPoolExecutor, waiting: list[Step], keys: Mapping[str, str], results: dict[str, Path]
    ) -> None:
        running: dict[Future[Path], Step] = {}
        while waiting or running:
            ready = [step for step in waiting if all(name in results for name in step.needs)]
            for step in ready[: self.jobserver.jobs - len(running)]:
                waiting.remove(step)
                inputs = {name: results[name] for name in step.needs}
                running[pool.submit(self._make, step, keys[step.name], inputs)] = step
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                results[running.pop(future).name] = future.result()

    def _make(self, step: Step, key: str, inputs: Mapping[str, Path]) -> Path:
        """Run one step unless another process has just done so."""
        locked = self.store.locked(
            key,
            given_up=lambda: self.children.stopped,
            waiting=lambda process: self.observer.waiting(step.name, process),
        )
        with self.jobserver.slot(), locked:
            if self.children.stopped:
                raise StepError("interrupted", where=step.name)
            found = self.store.find(key, directory_name(step.name))
            if found is not None:
                self.observer.taken(step.name)
                return found
            log = self._new_log(directory_name(step.name), key)
            self.observer.started(step.name, log)
            try:
                return self._made(step, key, inputs, log)
            except BaseException:
                self.observer.failed(step.name)
                raise

    def _made(self, step: Step, key: str, inputs: Mapping[str, Path], log: Path) -> Path:
        begin = time.monotonic()
        directory = directory_name(step.name)
        out = self.workspace.directory(f"out/{directory}")
        kept = isinstance(step, ResumableStep)
        work = self.workspace.resumed(f"{key}-{directory}") if kept else self.workspace.directory(directory)
        runner = _StepRunner(engine=self, step=step.name, log=log, writable=(out, work))
        step.action(Job(out=out, work=work, inputs=inputs, env=self.complete_env, run=runner))
        seconds = time.monotonic() - begin
        result = self.store.commit(key, directory, out, seconds=seconds)
        self.history.note(step, Cost(seconds=round(seconds, 2), compiled=CompilerCount(log)()))
        if not self.workspace.keep:
            remove_tree(work)
        self.observer.finished(step.name, seconds)
        return result

    def _new_log(self, directory: str, key: str) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{directory}-{key[:12]}.log"
        with suppress(FileNotFoundError):
            log.unlink()
        return log


def directory_name(step: str) -> str:
    """Return a step's name in a form valid in a file name."""
    return step.replace(":", "-")


@dataclass(frozen=True, kw_only=True)
class _StepRunner:
    """The `Runner` of one step."""

    engine: Engine
    step: str
    log: Path
    writable: tuple[Path, ...]

    def __call__(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        words = [str(word) for word in argv]
        complete = self.engine.complete_env if env is None else env
        try:
            run(
                self.engine.sandbox.wrap(words, writable=self.writable, cwd=cwd, env=complete),
                env=complete,
                cwd=cwd,
                log=self.log,
                pass_fds=self.engine.jobserver.descriptors,
                children=self.engine.children,
                shown=words,
            )
        except CommandFailed as error:
            text = failure_text(argv, error, self.log)
            raise StepError(text, where=self.step, log=self.log, crashed=error.crashed) from error


def failure_text(argv: Sequence[str | Path], error: CommandFailed, log: Path) -> str:
    """Return the report of a failed command: its first words, its last output, and the log, which has all of it."""
    command = textwrap.shorten(" ".join(str(word) for word in argv), _COMMAND_CHARACTERS, placeholder=" ...")
    lines = [f"`{command}` ended with status {error.status}", *log_tail(log), f"whole log: {log}"]
    if error.output:
        lines.insert(1, error.output)
    return "\n".join(lines)


def log_tail(log: Path) -> list[str]:
    """Return the last lines that the last command wrote to a log, indented."""
    with log.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - _LOG_TAIL_BYTES))
        lines = stream.read().decode(errors="replace").splitlines()
    echoes = [number for number, line in enumerate(lines, start=1) if line.startswith(COMMAND_ECHO)]
    return [f"    {line}" for line in lines[max(echoes, default=0) :][-_LOG_TAIL_LINES:]]
