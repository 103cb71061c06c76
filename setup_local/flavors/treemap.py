"""Draws sizes as a treemap: each part is a rectangle with the area of its share and its largest pieces inside.

The layout is squarified (Bruls, Huizing, van Wijk, "Squarified Treemaps", 2000).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from rich.filesize import decimal

from setup_local.flavors.sizes import Sizes

_WIDTH, _HEIGHT, _TITLE, _MARGIN = 1200.0, 700.0, 34.0, 2.0
_HEAD = 18.0  # height of a part's heading
_SMALLEST = 8.0  # shorter sides are not drawn
_FONT, _LETTER = 12, 6.6  # font size, and approximate width of a letter
_COLOURS = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#b07aa1", "#edc948", "#9c755f", "#ff9da7", "#8c8c8c",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle of the picture."""

    x: float
    y: float
    width: float
    height: float

    def inner(self, margin: float, head: float = 0.0) -> Box:
        """Return the area inside a margin, below a line of text."""
        return Box(
            x=self.x + margin,
            y=self.y + margin + head,
            width=max(self.width - 2 * margin, 0.0),
            height=max(self.height - 2 * margin - head, 0.0),
        )


def layout(sizes: Mapping[str, int], box: Box) -> dict[str, Box]:
    """Divide a rectangle among names, as squarely as possible; areas are in proportion to the sizes."""
    rest = sorted(((name, size) for name, size in sizes.items() if size > 0), key=lambda item: (-item[1], item[0]))
    scale = box.width * box.height / (sum(size for _, size in rest) or 1)
    areas = [(name, size * scale) for name, size in rest]
    placed: dict[str, Box] = {}
    while areas and min(box.width, box.height) > 0:
        row = _row(areas, min(box.width, box.height))
        box = _place(areas[:row], box, placed)
        areas = areas[row:]
    return placed


def _row(areas: list[tuple[str, float]], side: float) -> int:
    """Return how many of the first areas form the row whose worst rectangle is closest to a square."""
    best, count = _worst(areas[:1], side), 1
    while count < len(areas) and (worse := _worst(areas[: count + 1], side)) <= best:
        best, count = worse, count + 1
    return count


def _worst(row: list[tuple[str, float]], side: float) -> float:
    """Return the largest ratio of the sides of a rectangle in a row along `side`."""
    thickness = sum(area for _, area in row) / side
    lengths = [area / thickness for _, area in row]
    return max(max(length / thickness, thickness / length) for length in lengths)


def _place(row: list[tuple[str, float]], box: Box, placed: dict[str, Box]) -> Box:
    """Place a row along the shorter side and return the rest of the rectangle."""
    side = min(box.width, box.height)
    thickness = sum(area for _, area in row) / side
    start = 0.0
    for name, area in row:
        length = area / thickness
        if box.width >= box.height:
            placed[name] = Box(x=box.x, y=box.y + start, width=thickness, height=length)
        else:
            placed[name] = Box(x=box.x + start, y=box.y, width=length, height=thickness)
        start += length
    if box.width >= box.height:
        return Box(x=box.x + thickness, y=box.y, width=box.width - thickness, height=box.height)
    return Box(x=box.x, y=box.y + thickness, width=box.width, height=box.height - thickness)


def svg(sizes: Sizes) -> str:
    """Return the picture; exact figures are shown under the pointer."""
    heading = f"{sizes.archive}: {decimal(sizes.packed)} packed, {decimal(sizes.size)} unpacked"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"',
        f' font-family="sans-serif" font-size="{_FONT}" role="img">',
        f"<title>{escape(heading)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="8" y="22" font-size="16">{escape(heading)}</text>',
        *_parts(sizes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _parts(sizes: Sizes) -> Iterator[str]:
    whole = Box(x=0.0, y=_TITLE, width=_WIDTH, height=_HEIGHT - _TITLE).inner(_MARGIN)
    boxes = layout({item.part.name: item.size for item in sizes.parts}, whole)
    for number, item in enumerate(sizes.parts):
        if (box := boxes.get(item.part.name)) is None:
            continue
        colour = _COLOURS[number % len(_COLOURS)]
        label = f"{item.part.title}, {decimal(item.size)}"
        yield _rectangle(box.inner(_MARGIN / 2), label, label, colour=colour, opacity=1.0)
        groups = item.groups()
        for name, inner in layout(groups, box.inner(_MARGIN, _HEAD)).items():
            if min(inner.width, inner.height) >= _SMALLEST:
                tip = f"{item.part.title}: {name}, {decimal(groups[name])}"
                last = name.rstrip("/").rpartition("/")[2]
                yield _rectangle(inner.inner(0.5), last, tip, colour="#ffffff", opacity=0.3)


def _rectangle(box: Box, label: str, tip: str, *, colour: str, opacity: float) -> str:
    room = int((box.width - 6) / _LETTER)
    shown = label if len(label) <= room else f"{label[: room - 1]}…" if room > _FONT // 2 else ""
    text = f'<text x="{box.x + 4:.1f}" y="{box.y + 13:.1f}">{escape(shown)}</text>' if box.height > _HEAD - 4 else ""
    return (
        f'<g><title>{escape(tip)}</title><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" fill="{colour}" fill-opacity="{opacity}"/>{text if shown else ""}</g>'
    )
