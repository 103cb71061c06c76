"""Plans and builds the cells of a matrix, one after another; a failure does not stop the others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from setup_local import paths
from setup_local.build import xcode
from setup_local.build.forecast import Forecast
from setup_local.catalog.catalogs import Catalogs
from setup_local.errors import SetupLocalError, StepError
from setup_local.fetch.cache import SourceCache
from setup_local.matrix.load import Cell
from setup_local.pipeline import Reporter
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.sourcing import with_own_sources
from setup_local.values import Request

Build = Callable[[Request, Reporter], Path]


class Outcome(Enum):
    """The result of building a cell."""

    BUILT = "built"
    PRESENT = "there already"
    PLANNED = "would be built"
    REFUSED = "refused"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    WAITING = "not started"


BAD = frozenset({Outcome.REFUSED, Outcome.FAILED})


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a cell could not be built: the failed step, and the log with details."""

    what: str
    step: str = ""
    log: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of a cell. `archive` is the file name, empty if there is none; `size` is in bytes."""

    cell: Cell
    outcome: Outcome
    archive: str = ""
    path: Path | None = None
    size: int = 0
    seconds: float = 0
    failure: Failure | None = None


def plan_cells(cells: Iterable[Cell], catalogs: Catalogs) -> tuple[Result, ...]:
    """Return for each cell what would be built, or why it is refused."""
    taken: dict[str, Plan] = {}
    return tuple(_planned(cell, catalogs, taken) for cell in cells)


def _planned(cell: Cell, catalogs: Catalogs, taken: dict[str, Plan]) -> Result:
    try:
        request = xcode.completed(cell.request, catalogs.host, os.environ)
        plan = resolve(request, with_own_sources(request, catalogs, SourceCache(paths.cache_root())))
    except SetupLocalError as error:
        return Result(cell=cell, outcome=Outcome.REFUSED, failure=Failure(what=str(error)))
    name = plan.archive_name
    if taken.setdefault(name, plan) != plan:
        what = (
            f"another cell builds a different {name} (put one of them into another matrix file, with another --output)"
        )
        return Result(cell=cell, outcome=Outcome.REFUSED, failure=Failure(what=what))
    return Result(cell=cell, outcome=Outcome.PLANNED, archive=name)


def build_cells(planned: Sequence[Result], build: Build, reporter: Reporter) -> tuple[Result, ...]:
    """Build every cell that is not refused, in order; after an interrupt the remaining ones are not started."""
    results: list[Result] = []
    for number, item in enumerate(planned, start=1):
        if any(result.outcome is Outcome.INTERRUPTED for result in results):
            results.append(_ended(item, Outcome.REFUSED if item.outcome is Outcome.REFUSED else Outcome.WAITING))
        elif item.outcome is Outcome.REFUSED:
            results.append(item)
        else:
            reporter.message(f"{number} of {len(planned)}: {item.archive}")
            results.append(_built(item, build, reporter))
    return tuple(results)


def _built(item: Result, build: Build, reporter: Reporter) -> Result:
    watch = _Watch(reporter)
    begin = time.monotonic()
    try:
        path = build(item.cell.request, watch)
    except KeyboardInterrupt:
        return _ended(item, Outcome.INTERRUPTED, time.monotonic() - begin)
    except (SetupLocalError, OSError) as error:
        reporter.message(f"failed: {_text(error)}")
        return _ended(item, Outcome.FAILED, time.monotonic() - begin, _failure(error, watch.failed_step))
    return Result(
        cell=item.cell,
        outcome=Outcome.BUILT if watch.steps else Outcome.PRESENT,
        archive=path.name,
        path=path,
        size=path.stat().st_size,
        seconds=time.monotonic() - begin,
    )


def _ended(item: Result, outcome: Outcome, seconds: float = 0, failure: Failure | None = None) -> Result:
    return Result(
        cell=item.cell,
        outcome=outcome,
        archive=item.archive,
        seconds=seconds,
        failure=failure or item.failure,
    )


def _failure(error: SetupLocalError | OSError, step: str) -> Failure:
    return Failure(what=_text(error), step=step, log=error.log if isinstance(error, StepError) else None)


def _text(error: SetupLocalError | OSError) -> str:
    """Return the whole error, except the end of a failed command's log, which is named separately."""
    text = str(error)
    if isinstance(error, StepError) and error.log:
        text = error.what.partition("\n")[0]
    return text or type(error).__name__


class _Watch:
    """A reporter that forwards everything, and records whether a step was run and which one failed."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.steps = 0
        self.failed_step = ""

    def planned(self, plan: Forecast) -> None:
        """Forward the work that has to be done."""
        self._reporter.planned(plan)

    def started(self, name: str, log: Path) -> None:
        """Count a step."""
        self.steps += 1
        self._reporter.started(name, log)

    def waiting(self, name: str, process: int | None) -> None:
        """Forward that another build is making a step."""
        self._reporter.waiting(name, process)

    def taken(self, name: str) -> None:
        """Forward that another build has made a step."""
        self._reporter.taken(name)

    def finished(self, name: str, seconds: float) -> None:
        """Forward that a step is done."""
        self._reporter.finished(name, seconds)

    def failed(self, name: str) -> None:
        """Record the step that failed; the steps stopped because of it come later."""
        self.failed_step = self.failed_step or name
        self._reporter.failed(name)

    def message(self, text: str) -> None:
        """Forward a line."""
        self._reporter.message(text)
