"""The lists in README.md and in the reference agree with the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from setup_local import cli
from setup_local.bootstrap import ROOT
from setup_local.commands.build import build

README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def _section(title: str, text: str = REFERENCE) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def test_every_option_of_the_build_is_listed_and_no_other() -> None:
    rows = re.findall(r"^\| `(--[a-z-]+)", _section("Options of `./build-linux.py`"), re.MULTILINE)
    inline = re.findall(r"`(--json)`", _section("Options of `./build-linux.py`"))
    options = {name for parameter in build.params for name in parameter.opts if not getattr(parameter, "hidden", False)}
    assert set(rows) | set(inline) == options


def test_every_exit_code_is_listed_and_no_other() -> None:
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", _section("Exit codes"), re.MULTILINE)}
    assert rows == set(cli.exit_codes())


def test_every_command_is_mentioned() -> None:
    assert all(f"./setup-local {name}" in REFERENCE or name == "build" for name in cli._COMMANDS)


def test_every_dependency_has_its_reason() -> None:
    wanted = (ROOT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines()
    table = _section("Dependencies, and why", README)
    assert [name for name in wanted if name and not name.startswith("#") and name not in table] == []


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")))
    assert [link for link in links if not (path.parent / link).exists()] == []
