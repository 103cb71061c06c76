"""Names of archives: parsing reverses composing, and only one module does either."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import setup_local
from setup_local import archive_name
from setup_local.archive_name import Flavor, flavor_options, full_name, full_names, parse_loosely, parse_name, stem
from setup_local.values import ArchiveFormat

PACKAGE = Path(setup_local.__file__).parent
BEGINNING = stem("cpython", "3.13.5", "x86_64-unknown-linux-gnu", "pgo+lto")
# A flavour or a suffix in a formatted text or in a regular expression: such code composes or parses names.
MADE_ELSEWHERE = re.compile(r"-full\.|-(?:full|install_only)\b[^\"' ]*\{|\}-(?:full|install_only)|\.tar\.\{|tar\\+\.\(")


@pytest.mark.parametrize("form", list(ArchiveFormat))
def test_what_is_put_together_is_taken_apart_again(form: ArchiveFormat) -> None:
    name = full_name(BEGINNING, form)
    found = parse_name(name)
    assert found is not None
    assert (found.build_options, found.flavor, str(found.version)) == ("pgo+lto", Flavor.FULL, "3.13.5")
    assert archive_name.without_suffixes(name) == BEGINNING
    assert name in full_names(BEGINNING)


def test_no_options_leave_no_trace() -> None:
    assert stem("cpython", "3.13.5", "x86_64-unknown-linux-gnu", "") == "cpython-3.13.5-x86_64-unknown-linux-gnu"
    assert flavor_options("debug+pgo+lto+without_layout") == "debug"
    assert flavor_options("noopt") == ""


@pytest.mark.parametrize("name", ["", "x", "x-full.tar", f"{BEGINNING}-full.tar.zst.part"])
def test_other_texts_stay_as_they_are(name: str) -> None:
    assert archive_name.without_suffixes(name) == name


def test_names_of_others_are_read_loosely() -> None:
    found = parse_loosely("cpython-3.13.5+20261121-aarch64-apple-darwin-debug-install_only.tar.gz")
    assert found is not None
    assert (found.python, found.target, found.flavor) == ("3.13.5", "aarch64-apple-darwin-debug", "install_only")
    assert parse_loosely("cpython.tar.gz") is None


def test_no_other_module_makes_names() -> None:
    assert MADE_ELSEWHERE.search((PACKAGE / "archive_name.py").read_text(encoding="utf-8"))
    for path in PACKAGE.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        code = [line for line in lines if not re.search(r"hint|setup-local |\.orig", line)]
        assert path.name == "archive_name.py" or not [line for line in code if MADE_ELSEWHERE.search(line)], path
