"""What README.md lists is what the program has."""

from __future__ import annotations

import re

import pytest

from setup_local import cli
from setup_local.bootstrap import ROOT
from setup_local.commands.build import build

README = (ROOT / "README.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
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
    assert all(f"./setup-local {name}" in README or name == "build" for name in cli._COMMANDS)


def test_every_dependency_has_its_reason() -> None:
    wanted = (ROOT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines()
    table = _section("Dependencies, and why")
    assert [name for name in wanted if name and not name.startswith("#") and name not in table] == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()
