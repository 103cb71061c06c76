"""Every seed, and every input that once brought a reader down, is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from seeds import SEEDS
from targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def test_every_target_has_seeds() -> None:
    assert SEEDS.keys() == TARGETS.keys()


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    count = 0
    for count, data in enumerate(SEEDS[name](), 1):  # noqa: B007 - how many there were
        TARGETS[name](data)
    assert count


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name[:16]}")
def test_what_once_failed(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())
