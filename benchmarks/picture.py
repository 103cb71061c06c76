"""Draws a comparison: a bar for each benchmark from 1 to its ratio, with its interval, grouped by kind.

Ratios are drawn on a logarithmic scale, so that twice as fast and half as fast are equally far from 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.comparison import Comparison, Summary, Verdict, geometric_mean, summary
from benchmarks.report import notes, ratio, seconds
from setup_local.render import render

_TEMPLATE = "comparison.svg.j2"
_LEFT, _RIGHT, _WIDTH = 270.0, 70.0, 900.0
_TOP, _ROW, _GAP = 84.0, 18.0, 12.0
_BOTTOM, _NOTE = 38.0, 16.0
_NEAREST = 40.0  # pixels between the labels of the scale
_WIDEST = (0.4, 4.0)  # anything beyond is cut off; the figure next to the bar is exact
_NARROWEST = (0.85, 1.2)
_MARKS = (1, 0.5, 2, 0.8, 1.25, 0.9, 1.1, 1.5, 0.7, 0.6, 3, 1.2, 0.4, 4, 1.3, 1.4, 0.95, 1.05, 1.75)
_COLOURS = {Verdict.FASTER: "#2a7f62", Verdict.SLOWER: "#c8553d", Verdict.EVEN: "#8c8c8c"}
_WORDS = {Verdict.FASTER: "faster", Verdict.SLOWER: "slower", Verdict.EVEN: "no clear difference"}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The horizontal positions of ratios in the picture."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Return the position of a ratio; one outside the scale is at its edge."""
        inside = min(max(value, self.low), self.high)
        share = math.log(inside / self.low) / math.log(self.high / self.low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def marks(self) -> list[float]:
        """Return the ratios with a label on the scale, as many as fit; 1 is always included."""
        chosen: list[float] = []
        for mark in _MARKS:
            room = all(abs(self.x(mark) - self.x(other)) >= _NEAREST for other in chosen)
            if self.low <= mark <= self.high and room:
                chosen.append(mark)
        return sorted(chosen)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the picture."""

    name: str
    tip: str
    y: float
    figures: Summary
    mean: bool

    @property
    def colour(self) -> str:
        """Return the colour of the verdict."""
        return _COLOURS[self.figures.verdict]

    @property
    def shown(self) -> str:
        """Return the ratio as it is written next to the bar."""
        return ratio(self.figures.ratio)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The rows of one kind; the first is their geometric mean."""

    top: float
    height: float
    rows: tuple[Row, ...]


def scale_of(comparison: Comparison) -> Scale:
    """Return a scale that fits all intervals, within limits."""
    figures = [summary(item.ratios) for item in comparison.benchmarks]
    low = min([_NARROWEST[0], *(item.low / 1.02 for item in figures)])
    high = max([_NARROWEST[1], *(item.high * 1.02 for item in figures)])
    return Scale(low=max(low, _WIDEST[0]), high=min(high, _WIDEST[1]))


def groups(comparison: Comparison) -> Iterator[Group]:
    """Yield the rows to draw for each kind, from top to bottom; the mean of all comes first."""
    y = _TOP
    entire = _row("All benchmarks", comparison.overall, y, "geometric mean of all", mean=True)
    yield Group(top=y, height=_ROW, rows=(entire,))
    for kind in comparison.kinds:
        y += _ROW + _GAP
        top, items = y, comparison.of_kind(kind)
        rows = [_row(comparison.titles[kind], geometric_mean(items), y, "geometric mean of this kind", mean=True)]
        for item in items:
            y += _ROW
            times = f"ours {seconds(item.ours)}, peer {seconds(item.peer)}"
            rows.append(_row(item.name, summary(item.ratios), y, times, mean=False))
        yield Group(top=top, height=y + _ROW - top, rows=tuple(rows))


def _row(name: str, figures: Summary, top: float, told: str, *, mean: bool) -> Row:
    interval = f"{ratio(figures.ratio)} ({ratio(figures.low)} to {ratio(figures.high)}), {_WORDS[figures.verdict]}"
    return Row(name=name, tip=f"{name}: {interval}; {told}", y=top + _ROW / 2, figures=figures, mean=mean)


def svg(comparison: Comparison) -> str:
    """Return the picture; times and intervals are shown under the pointer."""
    if not comparison.benchmarks:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    drawn = list(groups(comparison))
    bottom = drawn[-1].top + drawn[-1].height
    told = notes(comparison)
    values = {
        "width": _WIDTH,
        "height": bottom + _BOTTOM + _NOTE * len(told) + 8,
        "left": _LEFT,
        "top": _TOP,
        "bottom": bottom,
        "slower": _COLOURS[Verdict.SLOWER],
        "faster": _COLOURS[Verdict.FASTER],
        "title": headline(comparison),
        "subtitle": f"{comparison.ours.name} against {comparison.peer.name}",
        "versions": f"{comparison.ours.version} | {comparison.peer.version}",
        "scale": scale_of(comparison),
        "groups": drawn,
        "notes": [(bottom + _BOTTOM + _NOTE * (number + 1), line) for number, line in enumerate(told)],
    }
    return render(_TEMPLATE, values, Path(__file__).resolve().parent)


def headline(comparison: Comparison) -> str:
    """Return the result of the picture as one sentence."""
    figures = comparison.overall
    said = f"{ratio(figures.ratio)} times the speed of the peer"
    return f"{said} (geometric mean of {len(comparison.benchmarks)} benchmarks)"
