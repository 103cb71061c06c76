"""The figures of a comparison: measurements, ratios, and their confidence. Pure: no program is run here.

A ratio is the peer's time divided by ours: above 1, ours is faster. In each round both interpreters run one after the
other, so each round gives its own ratio, and a temporary slowdown of the machine affects both. The result is the median
of these ratios, with an interval that contains the true median with a known confidence, whatever the distribution: the
order statistics of the sign test (Conover, "Practical Nonparametric Statistics").
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

WANTED_CONFIDENCE = 0.95


class Verdict(Enum):
    """The meaning of an interval."""

    FASTER = "faster"
    SLOWER = "slower"
    EVEN = "even"  # the interval contains 1: no difference can be shown


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The median of ratios, and the interval that contains the true one."""

    ratio: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Return the verdict that the interval supports."""
        return Verdict.FASTER if self.low > 1 else Verdict.SLOWER if self.high < 1 else Verdict.EVEN


@dataclass(frozen=True, kw_only=True)
class Round:
    """The values of one round, in seconds, of both interpreters; `ours_first` is whether ours ran first."""

    ours_first: bool
    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Return the peer's median time over ours."""
        return statistics.median(self.peer) / statistics.median(self.ours)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All rounds of one benchmark."""

    name: str
    kind: str
    loops: int
    rounds: tuple[Round, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Return the ratio of each round."""
        return tuple(item.ratio for item in self.rounds)

    @property
    def ours(self) -> float:
        """Return our median time in seconds."""
        return statistics.median(value for item in self.rounds for value in item.ours)

    @property
    def peer(self) -> float:
        """Return the peer's median time in seconds."""
        return statistics.median(value for item in self.rounds for value in item.peer)


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A participant: its name here, and what it reports about itself (`sys.version`)."""

    name: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine of a measurement; `load` is the one-minute load average before and after (proc(5))."""

    processor: str
    cores: int
    load: tuple[float, float]

    @property
    def busy(self) -> bool:
        """Return whether others used so much of the machine that the figures mean little."""
        return self.load[0] > self.cores / 2 or self.load[1] > 1 + self.cores / 2


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One run; `titles` are those of the kinds, in order, and `failed` says why a benchmark has no figures."""

    ours: Interpreter
    peer: Interpreter
    machine: Machine
    rounds: int
    shared_library: bool
    titles: dict[str, str]
    benchmarks: tuple[Measured, ...]
    failed: dict[str, str]

    def of_kind(self, kind: str) -> tuple[Measured, ...]:
        """Return the benchmarks of one kind."""
        return tuple(item for item in self.benchmarks if item.kind == kind)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds that have figures, in order."""
        return tuple(kind for kind in self.titles if self.of_kind(kind))

    @property
    def overall(self) -> Summary:
        """Return the geometric mean of all benchmarks."""
        return geometric_mean(self.benchmarks)


def confidence(count: int, dropped: int = 0) -> float:
    """Return the confidence that the median is within `count` values without the `dropped` outermost on each side."""
    outside = sum(math.comb(count, number) for number in range(dropped + 1))
    return 1 - math.ldexp(outside, 1 - count)


def summary(ratios: Sequence[float]) -> Summary:
    """Return the median and its interval: the narrowest with enough confidence, else the whole range."""
    ordered = sorted(ratios)
    dropped = 0
    while 2 * (dropped + 1) < len(ordered) and confidence(len(ordered), dropped + 1) >= WANTED_CONFIDENCE:
        dropped += 1
    return Summary(ratio=statistics.median(ordered), low=ordered[dropped], high=ordered[-1 - dropped])


def geometric_mean(benchmarks: Iterable[Measured]) -> Summary:
    """Return the geometric mean over benchmarks of each round, summarized over the rounds."""
    by_round = zip(*(item.ratios for item in benchmarks), strict=True)
    return summary([statistics.geometric_mean(ratios) for ratios in by_round])
