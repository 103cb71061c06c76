"""scripts/check_windows_abi.py: reading structures from Clang's output, and comparing them."""

from __future__ import annotations

from scripts.check_windows_abi import differences, records

_DUMP = """
*** Dumping AST Record Layout
         0 | struct number_time_t
         0 |   char[{size}] size
           | [sizeof={size}, align=1]

*** Dumping AST Record Layout
         0 | union (unnamed at Include/object.h:175:5)
         0 |   Py_ssize_t ob_refcnt
           | [sizeof=8, align=8]
"""


def test_structures_are_distinguished_by_their_names() -> None:
    found = records(_DUMP.format(size=8))
    assert list(found) == ["struct number_time_t", "union (unnamed at Include/object.h:175:5)"]
    assert "sizeof=8" in found["struct number_time_t"]


def test_differences_are_found_and_structures_of_only_one_side_are_ignored() -> None:
    ours, official = records(_DUMP.format(size=8)), records(_DUMP.format(size=4))
    assert differences(ours, ours) == {}
    assert differences(ours, official).keys() == {"struct number_time_t"}
    assert differences(ours, {}) == {}
