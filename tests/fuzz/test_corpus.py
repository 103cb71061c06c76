"""Reads every seed, and every input that once crashed a reader, again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from json_changes import changed
from seeds import SEEDS
from targets import DOCUMENTS, TARGETS

CHANGES = 200
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


@pytest.mark.parametrize("name", DOCUMENTS)
def test_changed_documents(name: str) -> None:
    begin, *_ = SEEDS[name]()
    document = json.loads(begin)
    made = [changed(begin, len(begin) * 2, seed) for seed in range(CHANGES)]
    different = [data for data in made if data is not None and json.loads(data) != document]
    assert len(different) > CHANGES / 2
    for data in different:
        TARGETS[name](data)


@pytest.mark.parametrize("data", [b"{", b"[" * 100_000, b"\xff"])
def test_what_is_no_document_is_not_changed_as_one(data: bytes) -> None:
    assert changed(data, 1 << 16, 1) is None
