"""The recorded Setup.local: any change of the catalog, the plan or the template shows up as a diff here.

After an intended change, run `make golden` and read the diff.
"""

from __future__ import annotations

import pytest
from cases import CASES, HERE, recorded, rendered

from setup_local.catalog.catalogs import load_catalogs


@pytest.mark.parametrize("name", CASES)
def test_setup_local_is_as_recorded(name: str) -> None:
    assert rendered(name) == (HERE / name).read_text(encoding="utf-8")


def test_every_recorded_file_belongs_to_a_case() -> None:
    assert recorded() == set(CASES)


def test_no_recorded_file_repeats_the_version_of_a_library() -> None:
    """A bump of a library changes one data file: no golden file may change with it."""
    catalogs = load_catalogs()
    pins = {source.version for item in catalogs.libraries for source in catalogs.sources.candidates(item.requirement)}
    versions = {version for version in pins if version.count(".") > 1}
    texts = {name: (HERE / name).read_text(encoding="utf-8") for name in CASES}
    assert not [(name, version) for name, text in texts.items() for version in versions if version in text]
