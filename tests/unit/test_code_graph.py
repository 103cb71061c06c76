"""Which parts of a module count as code, and which as prose."""

from __future__ import annotations

import pytest

from setup_local.build.code_graph import read_module

PLAIN = """
from setup_local import paths

LIMIT = 3


class Box(Base):
    size: int = 1

    def grow(self, by: Amount) -> None:
        if by > LIMIT:
            raise ValueError("too much")
        self.size += by
"""
SAME = {
    "a docstring": ("LIMIT = 3", '"""Text."""\nLIMIT = 3'),
    "a docstring of a class": ("class Box(Base):", 'class Box(Base):\n    """Text."""\n'),
    "a docstring of a function": ("-> None:", '-> None:\n        """Text."""'),
    "a text beside a variable": ("LIMIT = 3", 'LIMIT = 3\n"""Text."""'),
    "a comment": ("LIMIT = 3", "LIMIT = 3  # why"),
    "layout": ("self, by: Amount", "self,\n        by: Amount,\n    "),
    "quotes": ('"too much"', "'too much'"),
    "the text of an error": ('"too much"', '"more than fits"'),
    "a figure in the text of an error": ('"too much"', 'f"more than {LIMIT}"'),
}
OTHER = {
    "a value": ("LIMIT = 3", "LIMIT = 4"),
    "the type of a value": ("LIMIT = 3", "LIMIT = 3.0"),
    "a default": ("size: int = 1", "size: int = 2"),
    "a base": ("Box(Base)", "Box(Other)"),
    "a decorator": ("class Box", "@frozen\nclass Box"),
    "an annotation": ("by: Amount", "by: int"),
    "a comparison": ("by > LIMIT", "by >= LIMIT"),
    "a statement": ("self.size += by", "self.size += by\n        by()"),
    "another error": ("ValueError", "TypeError"),
    "an argument of an error": ('"too much"', '"too much", by'),
    "what importing does": ("LIMIT = 3", "LIMIT = 3\nprint()"),
}


def _edited(edit: tuple[str, str]) -> str:
    assert PLAIN.count(edit[0]) == 1
    return PLAIN.replace(*edit)


def _digests(text: str) -> object:
    module = read_module(text)
    effects = module.effects.digest if module.effects else None
    return effects, {
        name: (item.digest, {member: below.digest for member, below in item.members.items()})
        for name, item in module.definitions.items()
    }


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_prose_and_layout_count_for_nothing(edit: tuple[str, str]) -> None:
    assert _digests(_edited(edit)) == _digests(PLAIN)


@pytest.mark.parametrize("edit", OTHER.values(), ids=OTHER)
def test_everything_else_counts(edit: tuple[str, str]) -> None:
    assert _digests(_edited(edit)) != _digests(PLAIN)


def test_the_digest_is_the_same_under_every_python() -> None:
    """Interpreters share keys; the expected digests were computed with 3.11, 3.12 and 3.13."""
    text = """
def show(value: int | None, *rest: str, end: str = '', **more: bytes) -> Iterator[str]:
    match value:
        case 0 | None:
            yield f"{value!r:>{len(rest)}} {end}" 'and' f'{more["x"]=}'
        case int(real=number) if number > 1_000:
            yield from (str(item) async for item in rest)
    with open(end) as one, suppress(OSError):
        return lambda x, /, *, y=2.5: (x, y, b"z", ..., -1j, not x)
"""
    assert read_module(text).definitions["show"].digest == "08a8fc1d3afabd3b"


def test_names_of_annotations_are_apart_from_those_that_are_used() -> None:
    box = read_module(PLAIN).definitions["Box"]
    grow = box.members["grow"]
    assert (box.values, box.members["size"].hints) == (("Base",), ("int",))
    assert (grow.hints, grow.attributes) == (("Amount",), ("size",))
    assert set(grow.values) == {"LIMIT", "ValueError", "by", "self.size"}


def test_imports_count_wherever_they_stand() -> None:
    module = read_module("""
import setup_local.run as runner
if TYPE_CHECKING:
    from setup_local.plan.model import Plan
try:
    from setup_local import log
except ImportError:
    from setup_local import paths as log

def work():
    from setup_local.build import library
""")
    assert module.imports == {
        "runner": ("setup_local.run",),
        "Plan": ("setup_local.plan.model.Plan",),
        "log": ("setup_local.log", "setup_local.paths"),
        "library": ("setup_local.build.library",),
    }


@pytest.mark.parametrize("text", ["from setup_local.errors import *", "from . import paths"])
def test_an_import_that_hides_what_it_brings_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line 1: an import must be absolute"):
        read_module(text)


def test_a_variable_is_all_that_is_done_to_it() -> None:
    before = read_module("NAMES = []\nNAMES += [1]").definitions["NAMES"]
    assert before.digest != read_module("NAMES = []").definitions["NAMES"].digest
    both = read_module("FIRST, SECOND = 1, 2").definitions
    assert set(both) == {"FIRST", "SECOND"}
