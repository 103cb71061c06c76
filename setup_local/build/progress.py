"""Shows the progress of a build: a moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from setup_local import log


class Progress:
    """An `Observer` that writes to a console; used as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begin = time.monotonic()
        self._running: dict[str, float] = {}
        self._done = 0
        self._total = 0
        self._lock = Lock()
        self._live = (
            Live(get_renderable=self._line, console=console, transient=True) if log.supports_live(console) else None
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

    def planned(self, total: int, cached: int) -> None:
        """Take the number of steps; those in the store are done already."""
        self._total, self._done = total, cached
        self.message(f"{total} steps, {cached} of them in the store")

    def started(self, name: str) -> None:
        """Show that a step runs."""
        with self._lock:
            self._running[name] = time.monotonic()
        if not self._live:
            self.message(f"{self._count()} {name} ...")

    def finished(self, name: str, seconds: float) -> None:
        """Show that a step is done, and how long it took."""
        with self._lock:
            self._running.pop(name, None)
            self._done += 1
        self.message(f"{self._count()} {name} done in {seconds:.1f} s")

    def failed(self, name: str) -> None:
        """Show that a step failed; the error itself is reported by whoever catches it."""
        with self._lock:
            self._running.pop(name, None)
        self.message(f"{self._count()} {name} failed")

    def message(self, text: str) -> None:
        """Print one line with the time since the start."""
        self._console.print(Text(f"[{clock(time.monotonic() - self._begin)}] {text}"))

    def _count(self) -> str:
        return f"{self._done}/{self._total}"

    def _line(self) -> Text:
        now = time.monotonic()
        with self._lock:
            steps = ", ".join(f"{name} {now - since:.0f}s" for name, since in self._running.items())
        return Text(f"[{clock(now - self._begin)}] {self._count()} {steps}", overflow="ellipsis", no_wrap=True)


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds, `03:25`."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
