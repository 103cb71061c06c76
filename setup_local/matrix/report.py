"""The table of a matrix, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.filesize import decimal
from rich.table import Table

from setup_local.archive_name import without_suffixes
from setup_local.build.progress import clock
from setup_local.matrix.execute import BAD, Outcome, Result

_STYLES = {
    Outcome.BUILT: "green",
    Outcome.PRESENT: "green",
    Outcome.REFUSED: "red",
    Outcome.FAILED: "red",
    Outcome.INTERRUPTED: "yellow",
}


def table(results: Iterable[Result]) -> Table:
    """Return a row for each cell: the distribution, the outcome, its size, and the time it took."""
    made = Table(box=None, pad_edge=False)
    made.add_column("distribution", overflow="fold")
    made.add_column("result", no_wrap=True)
    made.add_column("size", justify="right", no_wrap=True)
    made.add_column("time", justify="right", no_wrap=True)
    for result in results:
        made.add_row(
            without_suffixes(result.archive) or result.cell.title,
            result.outcome.value,
            decimal(result.size) if result.size else "",
            clock(result.seconds) if result.seconds else "",
            style=_STYLES.get(result.outcome, ""),
        )
    return made


def reasons(results: Iterable[Result]) -> Iterator[str]:
    """Yield lines for each cell that could not be built: the reason, the step, and where to find details."""
    for result in results:
        if result.failure is None:
            continue
        yield f"{result.outcome.value}: {result.cell.title}"
        step = f"{result.failure.step}: " if result.failure.step else ""
        yield from (f"  {line}" for line in f"{step}{result.failure.what}".splitlines())
        if result.failure.log:
            yield f"  log: {result.failure.log}"


def document(results: Iterable[Result]) -> dict[str, object]:
    """Return everything as machine-readable data; an absent value has no key."""
    rows = [_row(result) for result in results]
    return {"complete": all(row["result"] in _GOOD for row in rows), "cells": rows}


_GOOD = frozenset(item.value for item in (Outcome.BUILT, Outcome.PRESENT, Outcome.PLANNED))


def _row(result: Result) -> dict[str, object]:
    failure = result.failure
    row: dict[str, object] = {
        "chosen": dict(result.cell.chosen),
        "archive": result.archive or None,
        "result": result.outcome.value,
        "path": str(result.path) if result.path else None,
        "size": result.size or None,
        "seconds": round(result.seconds, 1) if result.seconds else None,
        "reason": failure.what if failure else None,
        "step": failure.step or None if failure else None,
        "log": str(failure.log) if failure and failure.log else None,
    }
    return {name: value for name, value in row.items() if value is not None}


def summary(results: Iterable[Result]) -> str:
    """Return how many cells could not be built, empty if none."""
    everything = list(results)
    bad = sum(result.outcome in BAD for result in everything)
    return f"{bad} of {len(everything)} distributions could not be built" if bad else ""
