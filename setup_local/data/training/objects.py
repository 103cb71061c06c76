"""Trains the interpreter's loop and its objects: classes, calls, generators, containers, exceptions, garbage."""

from __future__ import annotations

import abc
import bisect
import collections
import contextlib
import copy
import dataclasses
import enum
import functools
import gc
import heapq
import itertools
import operator
import random
import typing
import weakref
from collections.abc import Callable, Iterator

ROUNDS = 200


class Shape(abc.ABC):
    """Something with an area."""

    count = 0

    def __init__(self, name: str) -> None:
        self.name = name
        Shape.count += 1

    @property
    @abc.abstractmethod
    def area(self) -> float: ...

    def __lt__(self, other: Shape) -> bool:
        return self.area < other.area


class Box(Shape):
    """Wide and high."""

    def __init__(self, name: str, wide: float, high: float) -> None:
        super().__init__(name)
        self.wide, self.high = wide, high

    @property
    def area(self) -> float:
        return self.wide * self.high

    @classmethod
    def square(cls, side: float) -> Box:
        return cls("square", side, side)

    @staticmethod
    def named(name: str) -> str:
        return name.upper()


class Vector:
    """Two numbers, in slots."""

    __slots__ = ("x", "y")

    def __init__(self, x: float, y: float = 0.0) -> None:
        self.x = x
        self.y = y

    def __add__(self, other: Vector) -> Vector:
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, factor: float) -> Vector:
        return Vector(self.x * factor, self.y * factor)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self.x == other.x and self.y == other.y

    def __hash__(self) -> int:
        return hash((self.x, self.y))


class Lazy:
    """Answers for attributes that it does not have."""

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        return len(name)

    def __call__(self, *args: object, **kwargs: object) -> int:
        return len(args) + len(kwargs)

    def __getitem__(self, index: int) -> int:
        return index

    def __len__(self) -> int:
        return 3


class Colour(enum.Enum):
    """Three of them."""

    RED, GREEN, BLUE = 1, 2, 3


@dataclasses.dataclass(frozen=True, order=True)
class Record:
    """A row of a table."""

    number: int
    name: str
    tags: tuple[str, ...] = ()


@typing.runtime_checkable
class Sized(typing.Protocol):
    """Whatever has an area and a name."""

    name: str

    @property
    def area(self) -> float: ...


class Pair(typing.NamedTuple):
    """Two texts."""

    left: str
    right: str


def tree(depth: int) -> Iterator[int]:
    """Yield from generators that yield from generators."""
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def fold(function: Callable[..., int], *args: int, start: int = 0, **options: int) -> int:
    """Call a function with all kinds of arguments."""
    for value in args:
        start = function(start, value, **options)
    return start


@functools.lru_cache(maxsize=200)
def cached(number: int) -> int:
    """Count calls that are remembered."""
    return 1 if number < 2 else cached(number - 1) + cached(number - 2)


def plain(number: int) -> int:
    """Count calls that are not."""
    return 1 if number < 2 else plain(number - 1) + plain(number - 2)


def classes() -> float:
    """Make objects, call their methods, look up attributes of every kind."""
    shapes: list[Shape] = [Box(str(side), side, side + 1.5) for side in range(300)]
    total = sum(shape.area for shape in shapes) + max(shapes).area + len(Box.named("x")) + Box.square(2).area
    place, lazy = Vector(0.0), Lazy()
    for step in range(1500):
        place = place + Vector(step, 1.0) * 0.5
        total += lazy.abc + lazy(step, key=step) + lazy[step] + len(lazy) + getattr(place, "z", 1)
        shapes[step % 300].name = "other" if place != Vector(1) else "same"
        total += (
            isinstance(shapes[0], Sized) + hasattr(place, "w") + isinstance(step, (str, int)) + issubclass(Box, Shape)
        )
    return total + len({Vector(step % 7) for step in range(300)})


def functions() -> int:
    """Call: closures, keywords, defaults, partial, recursion, generators, decorators."""
    offset = 3

    def inner(left: int, right: int, *, scale: int = 2) -> int:
        return left + right * scale + offset

    total = sum(fold(inner, 1, 2, 3, start=step, scale=step & 3) for step in range(600))
    total += sum(map(functools.partial(inner, 1), range(300))) + sum(tree(9)) + plain(17) + cached(90)
    total += functools.reduce(operator.xor, (inner(a, b) for a, b in itertools.product(range(20), repeat=2)))
    numbers = (step * step for step in itertools.count() if step % 3)
    total += sum(itertools.islice(numbers, 500)) + sum(1 for _ in itertools.permutations(range(6)))
    return total + sum(len(list(group)) for _, group in itertools.groupby(sorted("mississippi" * 9)))


def containers(chance: random.Random) -> int:
    """Fill, search, sort, slice and unpack lists, dictionaries, sets, tuples, heaps and deques."""
    words = ["".join(chance.choices("abcdef", k=4)) for _ in range(1200)]
    count: dict[str, int] = {}
    for word in words:
        count[word] = count.get(word, 0) + 1
    index = collections.defaultdict(list)
    for place, word in enumerate(words):
        index[word[0], word[1]].append(place)
    ranked = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    heap: list[tuple[int, str]] = []
    for word, times in ranked:
        heapq.heappush(heap, (times, word))
        if len(heap) > 50:
            heapq.heappop(heap)
    queue = collections.deque(words, maxlen=100)
    queue.rotate(7)
    first, *rest, last = words
    (left, right), total = (first, last), len(rest)
    grid = [[column ^ row for column in range(30)] for row in range(30)]
    for row in range(1, 29):
        for column in range(1, 29):
            grid[row][column] = (grid[row - 1][column] + grid[row + 1][column] + grid[row][column - 1]) & 255
    order = list(range(9))
    for _ in range(600):  # turn over the first so many, swap, count
        order[: order[0] + 1] = order[order[0] :: -1]
        order[0], order[-1] = order[-1], order[0]
    total += sum(map(sum, grid)) + len(set(words) & set(count) | {left, right}) + bisect.bisect(sorted(words), "cc")
    merged = {**count, **dict.fromkeys(words[:50], 0)} | dict.fromkeys("xyz", 1)
    del merged["x"], words[5:10], grid[0]
    words[3:6] = ["new", *words[:2]]
    return (
        total
        + len(merged)
        + words.count("abcd")
        + len(words + ["x"] * 5)
        + (Pair("a", "b").left in words)
        + sum(index[("a", "b")])
    )


def trouble() -> int:
    """Raise and catch, clean up, and go on."""
    total = 0
    for step in range(1500):
        try:
            total += int("x" if step % 3 == 0 else str(step)) // (step % 5)
        except ValueError as error:
            total += len(error.args)
        except ZeroDivisionError:
            continue
        finally:
            total += 1
        with contextlib.suppress(KeyError), contextlib.nullcontext():
            total += {1: 2}[step % 2]
    return total


def garbage() -> int:
    """Make cycles, and copies of what has them."""
    total = 0
    for _ in range(60):
        nodes: list[dict[str, object]] = [{"name": str(step), "data": [step, (step,)]} for step in range(60)]
        for before, after in zip(nodes, nodes[1:] + nodes[:1]):
            before["next"], after["back"] = after, before
    total += gc.collect() + len(copy.deepcopy({"a": [Vector(1), {"b": (1, 2, {3})}] * 20, "r": Record(1, "x")}))
    box = Box.square(1)
    watched = weakref.WeakValueDictionary(box=box)
    records = [Record(step % 9, str(step), ("t",)) for step in range(300)]
    total += (
        len(watched)
        + len(set(records))
        + sum(dataclasses.replace(record, number=1).number for record in sorted(records))
    )
    return total + sum(colour.value for colour in Colour) + len(Colour["RED"].name) + len(repr(records[0]))


def main() -> None:
    """Repeat everything."""
    chance = random.Random(3)
    for _ in range(ROUNDS):
        classes()
        functions()
        containers(chance)
        trouble()
        garbage()


if __name__ == "__main__":
    main()
