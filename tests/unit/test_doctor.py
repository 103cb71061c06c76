"""The doctor's tables, its report and its command."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from sample_doctor import (
    HOST,
    TABLES,
    judged_host,
    judged_tree,
)

from setup_local import paths
from setup_local.commands import doctor as command
from setup_local.doctor import host as host_module
from setup_local.doctor import judge_host, report
from setup_local.errors import RequestError, ValidationFailed


def test_every_fix_is_used_and_every_used_fix_is_there() -> None:
    package = Path(judge_host.__file__).parent
    text = "".join((package / f"judge_{name}.py").read_text(encoding="utf-8") for name in ("host", "tree"))
    used = {name for one in re.findall(r'fix=?"?([a-z-]+)"|"([a-z-]+)"\)', text) for name in one if name}
    assert set(TABLES.fixes) - used == set()


def test_the_directories_of_the_terminal_database_are_those_of_our_ncurses() -> None:
    recipes = (paths.DATA / "libraries.toml").read_text(encoding="utf-8")
    assert f"--with-terminfo-dirs={':'.join(TABLES.terminfo_directories)}" in recipes


def test_the_places_of_certificates_are_those_of_our_tls_library() -> None:
    header = (paths.DATA / "recipes" / "certificates.h").read_text(encoding="utf-8")
    lists = re.findall(r"setup_local_certificate_(?:files|directories)\[\] = \{(.*?)\};", header, re.DOTALL)
    known = [path for one in lists for path in re.findall(r'"(/[^"]+)"', one)]
    assert len(lists) == 2
    assert known == [place.path for place in TABLES.certificates]


def test_the_report_names_level_and_fix() -> None:
    document = report.as_json([judged_host(certificates=()), judged_tree(needs_glibc="2.38")])
    assert document["holds"] is False
    host, judged = document["sections"]
    assert host["problems"] == 0
    assert judged["problems"] == 1
    assert {"topic", "level", "found", "fix"} == set(host["lines"][0])


def test_the_command_prints_a_table_or_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "host_facts", lambda *_: HOST)
    shown = CliRunner().invoke(command.doctor, [])
    assert shown.exit_code == 0
    assert "C library" in shown.output
    document = json.loads(CliRunner().invoke(command.doctor, ["--json"]).output)
    assert document["holds"] is True


def test_the_command_fails_when_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "host_facts", lambda *_: dataclasses.replace(HOST, machine="aarch64"))
    result = CliRunner().invoke(command.doctor, [])
    assert isinstance(result.exception, ValidationFailed)
    assert "fix:" in result.output


def test_the_command_refuses_what_is_no_tree(tmp_path: Path) -> None:
    assert isinstance(CliRunner().invoke(command.doctor, [str(tmp_path)]).exception, RequestError)
