"""A comparison as a document for machines and as a table for people."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from benchmarks.comparison import (
    WANTED_CONFIDENCE,
    Comparison,
    Measured,
    Summary,
    Verdict,
    confidence,
    geometric_mean,
    summary,
)

_STYLES = {Verdict.FASTER: "green", Verdict.SLOWER: "red", Verdict.EVEN: ""}
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
_BUSY = "Others used this machine at the same time: these figures say little."


def seconds(value: float) -> str:
    """Return a time with three digits and a suitable unit."""
    factor, unit = next(((factor, unit) for factor, unit in _UNITS if value >= factor), _UNITS[-1])
    return f"{value / factor:.3g} {unit}"


def ratio(value: float) -> str:
    """Return a ratio in the format that is used everywhere."""
    return f"{value:.2f}"


def notes(comparison: Comparison) -> list[str]:
    """Return the notes that accompany the figures."""
    sure = min(confidence(comparison.rounds), WANTED_CONFIDENCE)
    lines = [
        "Ratio: the peer's time over ours; above 1 ours is faster.",
        f"{comparison.rounds} rounds; the true median lies in the interval with {sure:.0%} confidence.",
    ]
    if not comparison.shared_library:
        lines.append("The two differ in version: each ran on its own standard library.")
    if comparison.machine.busy:
        lines.append(_BUSY)
    lines += [f"{name} has no figures: {reason}" for name, reason in comparison.failed.items()]
    return lines


def table(comparison: Comparison) -> Table:
    """Return the table: a section for each kind, which ends with its geometric mean."""
    result = Table(title=f"{comparison.ours.name} against {comparison.peer.name}", title_justify="left")
    result.add_column("benchmark", no_wrap=True)
    for heading in ("ours", "peer", "ratio", "interval"):
        result.add_column(heading, justify="right", no_wrap=True)
    for kind in comparison.kinds:
        group = comparison.of_kind(kind)
        for item in group:
            _add_row(result, item.name, summary(item.ratios), times=(seconds(item.ours), seconds(item.peer)))
        _add_row(result, f"{comparison.titles[kind]}: geometric mean", geometric_mean(group), bold=True)
        result.add_section()
    if comparison.benchmarks:
        _add_row(result, "All: geometric mean", comparison.overall, bold=True)
    return result


def _add_row(
    result: Table, name: str, figures: Summary, *, times: tuple[str, str] = ("", ""), bold: bool = False
) -> None:
    colour = _STYLES[figures.verdict]
    interval = f"{ratio(figures.low)} - {ratio(figures.high)}"
    shown = f"[{colour}]{ratio(figures.ratio)}[/]" if colour else ratio(figures.ratio)
    result.add_row(name, *times, shown, interval, style="bold" if bold else "")


def document(comparison: Comparison) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON."""
    return {
        "ours": {"name": comparison.ours.name, "version": comparison.ours.version},
        "peer": {"name": comparison.peer.name, "version": comparison.peer.version},
        "machine": {
            "processor": comparison.machine.processor,
            "cores": comparison.machine.cores,
            "load": list(comparison.machine.load),
            "busy": comparison.machine.busy,
        },
        "rounds": comparison.rounds,
        "confidence": confidence(comparison.rounds),
        "shared_library": comparison.shared_library,
        "all": _figures(comparison.overall) if comparison.benchmarks else None,
        "kinds": {kind: _figures(geometric_mean(comparison.of_kind(kind))) for kind in comparison.kinds},
        "benchmarks": [_benchmark(item) for item in comparison.benchmarks],
        "failed": comparison.failed,
    }


def _figures(figures: Summary) -> dict[str, Any]:
    return {"ratio": figures.ratio, "low": figures.low, "high": figures.high, "verdict": figures.verdict.value}


def _benchmark(item: Measured) -> dict[str, Any]:
    return {
        "name": item.name,
        "kind": item.kind,
        **_figures(summary(item.ratios)),
        "ours_seconds": item.ours,
        "peer_seconds": item.peer,
        "loops": item.loops,
        "rounds": [
            {"first": "ours" if each.ours_first else "peer", "ours": list(each.ours), "peer": list(each.peer)}
            for each in item.rounds
        ],
    }
