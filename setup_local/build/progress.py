"""Shows the progress of a build: a bar and the running steps on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from setup_local import log
from setup_local.build.forecast import CompilerCount, Estimate, Forecast

_BAR_WIDTH = 30


class Progress:
    """An `Observer` that writes to a console; used as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begin = time.monotonic()
        self._running: dict[str, float] = {}
        self._waiting: dict[str, int | None] = {}
        self._done = 0
        self._total = 0
        self._estimate = Estimate(Forecast(total=0))
        self._lock = Lock()
        self._live = (
            Live(get_renderable=self._shown, console=console, transient=True) if log.supports_live(console) else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def planned(self, plan: Forecast) -> None:
        """Record the work that has to be done; steps in the store are done already."""
        with self._lock:
            self._total, self._done = plan.total, plan.cached
            self._estimate = Estimate(plan)
        left = f", about {clock(self._estimate.left(time.monotonic()))} for the others" if plan.costs else ""
        self.message(f"{plan.total} steps, {plan.cached} of them in the store{left}")

    def started(self, name: str, log: Path) -> None:
        """Show that a step is running."""
        with self._lock:
            self._waiting.pop(name, None)
            self._running[name] = time.monotonic()
            count = CompilerCount(log)
            self._estimate.begin(name, time.monotonic(), count, count.announced)
        if not self._live:
            self.message(f"{self._count()} {name} ...")

    def waiting(self, name: str, process: int | None) -> None:
        """Show that another build is making a step, and which; in plain lines once for each process."""
        with self._lock:
            known = name in self._waiting and self._waiting[name] == process
            if name not in self._waiting:
                self._estimate.begin(name, time.monotonic())
            self._waiting[name] = process
        if not self._live and not known:
            self.message(f"{self._count()} {_waiting_text(name, process)}")

    def taken(self, name: str) -> None:
        """Show that another build has made a step."""
        self._end(name, "built by another process")

    def finished(self, name: str, seconds: float) -> None:
        """Show that a step is done, and how long it took."""
        self._end(name, f"done in {seconds:.1f} s")

    def failed(self, name: str) -> None:
        """Show that a step failed; the error itself is reported where it is caught."""
        with self._lock:
            self._running.pop(name, None)
        self.message(f"{self._count()} {name} failed")

    def message(self, text: str) -> None:
        """Print one line with the time since the start."""
        self._console.print(Text(f"[{clock(time.monotonic() - self._begin)}] {text}"))

    def _end(self, name: str, how: str) -> None:
        with self._lock:
            self._running.pop(name, None)
            self._waiting.pop(name, None)
            self._estimate.finish(name)
            self._done += 1
        self.message(f"{self._count()} {name} {how}")

    def _count(self) -> str:
        return f"{self._done}/{self._total}"

    def _shown(self) -> RenderableType:
        """Return the moving part: clock, bar and estimate, running steps, steps that are waited for."""
        now = time.monotonic()
        with self._lock:
            lines = [Text(_waiting_text(name, process)) for name, process in self._waiting.items()]
            if self._running:
                lines.insert(0, Text(", ".join(self._step(name, now - since) for name, since in self._running.items())))
            share, left = self._estimate.share(now), self._estimate.left(now)
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        since_start = f"[{clock(now - self._begin)}]"
        if not self._total:
            return Text(since_start)
        head = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=1, completed=share, width=_BAR_WIDTH)
        about = f"{share:4.0%}  {self._count()} steps  about {clock(left)} left"
        head.add_row(Text(since_start), bar, Text(about, no_wrap=True))
        return Group(head, *lines)

    def _step(self, name: str, seconds: float) -> str:
        compiled = self._estimate.compiled(name)
        files = f" {compiled[0]}/{compiled[1]} files" if compiled else ""
        return f"{name}{files} {seconds:.0f}s"


def _waiting_text(name: str, process: int | None) -> str:
    return f"waiting for {name} of another build" + (f" (process {process})" if process else "")


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds, `03:25`."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
