"""`scripts/use_matrix.py`: its counts, and its conditions for success."""

from __future__ import annotations

import pytest

from scripts import use_matrix


def report(tests: int, skipped: int = 0, failures: int = 0, errors: int = 0) -> str:
    counts = f'tests="{tests}" skipped="{skipped}" failures="{failures}" errors="{errors}"'
    return f'<?xml version="1.0"?><testsuites><testsuite name="pytest" {counts}/></testsuites>'


@pytest.mark.parametrize(
    ("text", "said", "holds"),
    [
        (report(5), "5 passed", True),
        (report(5, skipped=2), "3 passed, 2 skipped", True),
        (report(5, skipped=1, failures=1, errors=1), "2 passed, 1 skipped, 2 FAILED", False),
        (report(2, skipped=2), "2 skipped", False),
        (report(0), "FAILED", False),
    ],
)
def test_a_report_is_counted(text: str, said: str, *, holds: bool) -> None:
    tally = use_matrix.tally(text)
    assert str(tally) == said
    assert tally.holds is holds


def test_the_table_has_a_row_for_what_could_not_be_built() -> None:
    good = use_matrix.Row(
        name="a", built="yes", validated=True, tallies=(use_matrix.tally(report(1)), use_matrix.tally(report(2)))
    )
    bad = use_matrix.Row(name="b", built="failed")
    assert good.holds
    assert not bad.holds
    assert use_matrix.table([good, bad]).splitlines()[2:] == [
        "| a | yes | yes | 1 passed | 2 passed |",
        "| b | failed | NO |  |  |",
    ]


def test_each_module_of_a_suite_exists() -> None:
    files = [file for files in use_matrix.SUITES.values() for file in files]
    assert files
    assert all((use_matrix.ROOT / "tests" / "integration" / file).is_file() for file in files)
