"""A GNU make jobserver: one pool of job tokens that all steps and all their makes share.

The protocol is described in the GNU make manual, "Sharing Job Slots with GNU make": a pipe holds one
byte for each free slot. A step takes a token before it starts: the slot every make may use without
asking. Its makes take further tokens from the same pipe while there are any. So at most `jobs`
compilers run, whether one step runs or many.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self


class Jobserver:
    """A pool of `jobs` tokens. It must be closed; `with` does that."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._read, self._write = os.pipe()
        os.write(self._write, b"+" * jobs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._read)
        os.close(self._write)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one token; blocks until one is free."""
        token = self._take()
        try:
            yield
        finally:
            os.write(self._write, token)

    def _take(self) -> bytes:
        """Wait for a token. Some makes set the pipe, which they share with us, to non-blocking."""
        while True:
            select.select([self._read], [], [])
            with suppress(BlockingIOError):  # another make was faster
                return os.read(self._read, 1)

    def refill(self) -> None:
        """Put all tokens back after the programs that held them were killed, so that nothing waits forever."""
        os.write(self._write, b"+" * self.jobs)

    @property
    def descriptors(self) -> tuple[int, int]:
        """Return the file descriptors that a child process must inherit."""
        return self._read, self._write

    @property
    def makeflags(self) -> str:
        """Return the value of MAKEFLAGS with which GNU make >= 4.2 joins this pool."""
        return f"-j{self.jobs} --jobserver-auth={self._read},{self._write}"
