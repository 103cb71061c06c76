"""Estimates how long steps take: the cost of their last runs, and what it says about the current build."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock

from setup_local.atomic_write import atomic_write
from setup_local.build.steps import Step, chain_weights, digest

# A line that starts a compiler, in full or as quiet makefiles print it.
_COMPILED = re.compile(rb"^.* -c .*$|^  C(?:C|XX) .*$", re.MULTILINE)
# Only Ninja prints with each line how many of how many commands are done.
_ANNOUNCED = re.compile(rb"^\[(\d+)/(\d+)\] ", re.MULTILINE)
_COUNTED = 20  # a step that compiles less ends too soon to be counted
_ALMOST = 0.98  # the largest share that a running step can have done
_TRUST = 20.0  # seconds after which the speed of this build counts as much as that of previous ones


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of a step: seconds, and starts of a compiler, 0 if unknown."""

    seconds: float
    compiled: int = 0


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The work of a build: `costs` of the steps that are not in the store, of `total`, and the dependents of each.

    `chains` maps each of them to the seconds of the longest chain of steps that begins with it.
    """

    total: int
    jobs: int = 1
    costs: Mapping[str, Cost] = field(default_factory=dict)
    chains: Mapping[str, float] = field(default_factory=dict)

    @property
    def cached(self) -> int:
        """Return the number of steps whose result is in the store."""
        return self.total - len(self.costs)


class History:
    """The costs of steps in their last runs, in one file of the cache. A step is identified by its name and needs."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = Lock()
        self._known = _recall(file)

    def cost(self, step: Step) -> Cost:
        """Return the cost of a step's last run, else an estimate from its weight."""
        return self._known.get(_identity(step)) or Cost(seconds=step.weight)

    def note(self, step: Step, cost: Cost) -> None:
        """Remember the cost of a step; if that cannot be written, only the next estimate is less accurate."""
        with self._lock:
            self._known = _recall(self._file) | {_identity(step): cost}
            if self._file:
                document = {name: asdict(item) for name, item in sorted(self._known.items())}
                with suppress(OSError), atomic_write(self._file) as fresh:
                    fresh.write_text(json.dumps(document, indent=1), encoding="utf-8")


def history_file(cache_root: Path) -> Path:
    """Return the path of the costs of steps."""
    return cache_root / "durations.json"


def _identity(step: Step) -> str:
    return f"{step.name} {digest(sorted(step.needs))[:8]}"


def _recall(file: Path | None) -> dict[str, Cost]:
    try:
        document = json.loads(file.read_bytes()) if file else {}
        return {
            str(name): Cost(seconds=float(item["seconds"]), compiled=int(item["compiled"]))
            for name, item in document.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def forecast(steps: Sequence[Step], missing: set[str], history: History, *, jobs: int) -> Forecast:
    """Return the work of a build of `missing` steps."""
    costs = {step.name: history.cost(step) for step in steps if step.name in missing}
    weights = {name: cost.seconds for name, cost in costs.items()}
    return Forecast(total=len(steps), jobs=jobs, costs=costs, chains=chain_weights(steps, weights))


Announced = tuple[int, int] | None
"""How many commands of a step are done, and how many there are, if it says so itself."""


def _nothing() -> int:
    return 0


def _no_word() -> Announced:
    return None


class CompilerCount:
    """Counts the starts of compilers in a growing log; each byte is read once."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._position = 0
        self._count = 0
        self._announced: Announced = None

    def __call__(self) -> int:
        """Return the current number; incomplete lines count later."""
        with suppress(OSError), self._log.open("rb") as stream:
            stream.seek(self._position)
            complete = stream.read().rpartition(b"\n")[0]
            self._position += len(complete) + 1 if complete else 0
            self._count += len(_COMPILED.findall(complete))
            for done, total in _ANNOUNCED.findall(complete)[-1:]:
                self._announced = (int(done), int(total))
        return self._count

    def announced(self) -> Announced:
        """Return Ninja's progress as of the last count."""
        return self._announced


@dataclass
class _Running:
    since: float
    compiled: Callable[[], int]
    announced: Callable[[], Announced]


class Estimate:
    """The share of a build that is done, and the time that remains. Times are seconds of one clock."""

    def __init__(self, plan: Forecast) -> None:
        self._costs = plan.costs
        self._chains = plan.chains
        self._total = sum(cost.seconds for cost in plan.costs.values())
        longest = max((plan.chains.get(name, 0) for name in plan.costs), default=0)
        self._side_by_side = min(float(plan.jobs), self._total / longest) if longest else 1.0
        self._running: dict[str, _Running] = {}
        self._finished: set[str] = set()
        self._begin: float | None = None

    def begin(
        self,
        name: str,
        now: float,
        compiled: Callable[[], int] = _nothing,
        announced: Callable[[], Announced] = _no_word,
    ) -> None:
        """Record that a step is running; `compiled` returns its starts of a compiler, `announced` its own progress."""
        self._begin = now if self._begin is None else self._begin
        self._running[name] = _Running(since=now, compiled=compiled, announced=announced)

    def finish(self, name: str) -> None:
        """Record that the result of a step exists."""
        self._running.pop(name, None)
        self._finished.add(name)

    def compiled(self, name: str) -> tuple[int, int] | None:
        """Return how often a running step has started a compiler, and the expected total; None if that says nothing.

        Ninja's own numbers take precedence over those of the last run.
        """
        running, cost = self._running.get(name), self._costs.get(name)
        if running is None:
            return None
        count = running.compiled()
        announced = running.announced()
        if announced is not None and announced[1] >= _COUNTED:
            return announced
        if cost is None or cost.compiled < _COUNTED:
            return None
        return min(count, cost.compiled), cost.compiled

    def share(self, now: float) -> float:
        """Return the share of all work that is done, from 0 to 1."""
        return self._done(now) / self._total if self._total else 1.0

    def left(self, now: float) -> float:
        """Return the remaining seconds: at the speed so far, and no less than the longest chain of steps."""
        done = self._done(now)
        elapsed = 0.0 if self._begin is None else now - self._begin
        speed = (done + _TRUST * self._side_by_side) / (elapsed + _TRUST)
        chains = (
            self._chains.get(name, 0) - cost.seconds * self._part(name, now)
            for name, cost in self._costs.items()
            if name not in self._finished
        )
        return max((self._total - done) / speed, max(chains, default=0))

    def _done(self, now: float) -> float:
        return sum(cost.seconds * self._part(name, now) for name, cost in self._costs.items())

    def _part(self, name: str, now: float) -> float:
        """Return the share of one step that is done: by time, and by starts of compilers if known."""
        if name in self._finished:
            return 1.0
        running, cost = self._running.get(name), self._costs[name]
        if running is None:
            return 0.0
        parts = [min(1.0, (now - running.since) / cost.seconds) if cost.seconds else 1.0]
        counted = self.compiled(name)
        if counted:
            parts.append(counted[0] / counted[1])
        return min(_ALMOST, sum(parts) / len(parts))
