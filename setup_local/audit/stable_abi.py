"""Reads the names of the stable ABI from CPython's own test of it: a list independent of the distribution's builder."""

from __future__ import annotations

import re

FILE = "test/test_stable_abi_ctypes.py"
_ALWAYS = frozenset({"", "MS_WINDOWS", "PY_HAVE_THREAD_NATIVE_ID"})  # features that every Python for Windows has
_MOST_BYTES = 1 << 20
_GROUP = re.compile(
    rb"^(?:if feature_macros\['(?P<feature>\w+)'\]:\n\s+)?SYMBOL_NAMES \+?= \(\n(?P<names>[^)]*)\)", re.MULTILINE
)
_NAME = re.compile(rb"""["'](\w+)["']""")


def stable_names(test: bytes) -> frozenset[str]:
    """Return the names that Python for Windows has, none if a file does not list them as expected."""
    groups = _GROUP.finditer(test[:_MOST_BYTES])
    wanted = (group["names"] for group in groups if (group["feature"] or b"").decode() in _ALWAYS)
    return frozenset(name.decode() for names in wanted for name in _NAME.findall(names))
