"""Invalid archives: refused with a one-line error by the validator and by everything that uses an archive."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_archives import DESCRIPTIONS, LOUD, SHAPES, with_description
from sample_distribution import NAME, Sample

from setup_local.audit.safe_archive import read_safe_members
from setup_local.audit.validate import rules, validate_archive
from setup_local.errors import ArchiveError, DescriptionError

SLOW = {"hundred-thousand-members", "zstd-million-blocks"}


def _written(directory: Path, data: bytes) -> Path:
    path = directory / NAME
    path.write_bytes(data)
    return path


def _one_line(error: Exception) -> None:
    assert str(error).isprintable()
    assert len(str(error)) < 1000


@pytest.mark.parametrize("shape", [*SHAPES, *LOUD])
def test_readers_of_members_refuse_it(shape: str, tmp_path: Path) -> None:
    path = _written(tmp_path, (SHAPES | LOUD)[shape]())
    with pytest.raises(ArchiveError) as caught:
        _ = [read() for _, read in read_safe_members(path)]
    _one_line(caught.value)


@pytest.mark.parametrize("shape", [shape for shape in (*SHAPES, *LOUD) if shape not in SLOW])
def test_the_validator_refuses_it(shape: str, tmp_path: Path) -> None:
    """By an error, or by an equivalent breach of a rule."""
    path = _written(tmp_path, (SHAPES | LOUD)[shape]())
    fatal = {rule.id for rule in rules() if rule.fatal}
    try:
        found = list(validate_archive(path).walk())
    except ArchiveError as error:
        _one_line(error)
        return
    assert fatal & {finding.rule for finding in found}
    assert all(finding.where.isprintable() for finding in found)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_an_invalid_description_is_refused_with_the_archives_name(name: str, tmp_path: Path) -> None:
    path = _written(tmp_path, with_description(DESCRIPTIONS[name]))
    with pytest.raises(DescriptionError, match=NAME) as caught:
        validate_archive(path)
    _one_line(caught.value)


def test_the_good_sample_is_safe(tmp_path: Path) -> None:
    sample = Sample()
    names = {member.name for member, _ in read_safe_members(sample.write(tmp_path))}
    assert names >= {*sample.entries, "python/PYTHON.json"}
