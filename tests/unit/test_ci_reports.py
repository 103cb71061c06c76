"""Reports for continuous integration: their content. No text of an archive can forge a line or an element."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from sample_distribution import Sample

from setup_local.audit import ci_reports
from setup_local.audit.model import Finding, Severity, Verdict
from setup_local.audit.report import Judged
from setup_local.audit.validate import rules
from setup_local.commands.validate import validate
from setup_local.errors import ArchiveError, DescriptionError, OutputError, RequestError, ValidationFailed

HOSTILE = "a]]>&<b>\x00\x1b[31m\ud800\r\n::error::forged%0A,title=x"
ROOT = Path("/builds/project")
# The written elements and attributes, as Jenkins' XML schema for JUnit reports (junit-10.xsd) allows them.
JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped"}, {"testcase"}),
    "testcase": ({"classname", "name"}, {"failure", "error", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "system-out": (set(), set()),
}


def found(
    rule: str, severity: Severity = Severity.ERROR, *, where: str = "bin/python3", what: str = "is bad"
) -> Finding:
    return Finding(rule=rule, severity=severity, where=where, what=what)


def judged(*findings: Finding, subject: str = "dist/a.tar.zst") -> Judged:
    return Judged(subject=subject, verdict=Verdict(subject=subject, findings=findings), rules=rules())


GOOD = judged()
BAD = judged(found("stack"), found("stack", where="lib/x"), found("exports", Severity.WARNING))
UNREAD = Judged(subject="cut.tar.zst", error=ArchiveError("ends early", where="cut.tar.zst"))
UNKNOWN = Judged(subject="z80.tar.zst", error=RequestError("there is no policy", where="z80", hint="name another"))


def junit(*outcomes: Judged) -> ET.Element:
    root = ET.fromstring(ci_reports.junit(outcomes, rules()))
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        assert set(element.attrib) == attributes
        assert {child.tag for child in element} <= children
    for suite in root:
        assert suite.get("tests") == str(len(suite))
        for kind in ("failure", "error"):
            assert suite.get(f"{kind}s") == str(len(suite.findall(f"testcase/{kind}")))
    return root


def sarif(*outcomes: Judged) -> dict[str, Any]:
    log = ci_reports.sarif(outcomes, rules(), version="1.2", root=ROOT)
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert isinstance(run, dict)
    assert len(run["artifacts"]) == len({outcome.subject for outcome in outcomes})
    described = run["tool"]["driver"]["rules"]
    assert [item["id"] for item in described] == [rule.id for rule in rules()]
    for result in run["results"]:
        assert described[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"warning", "error"}
        assert result["message"]["text"]
        for location in result["locations"]:
            assert location["physicalLocation"]["region"]["startLine"] == 1
    json.dumps(log).encode("ascii")
    return run


def github(*outcomes: Judged) -> list[str]:
    return list(ci_reports.github(outcomes, root=ROOT))


def test_junit_has_a_suite_for_each_archive_and_a_case_for_each_rule() -> None:
    good, bad, unread = junit(GOOD, BAD, UNREAD)
    assert [case.get("name") for case in good] == [rule.id for rule in rules()]
    assert bad.get("failures") == "1"
    (failure,) = bad.iter("failure")
    assert (failure.text or "").splitlines() == ["bin/python3: is bad", "lib/x: is bad"]
    assert [case.get("name") for case in unread] == ["archive-readable"]
    assert unread.get("errors") == "1"


def test_junit_warnings_are_no_failures() -> None:
    (suite,) = junit(judged(found("exports", Severity.WARNING)))
    assert suite.get("failures") == "0"
    assert [element.text for element in suite.iter("system-out")] == ["bin/python3: is bad"]


def test_junit_survives_whatever_an_archive_says() -> None:
    (suite,) = junit(judged(found("stack", where=HOSTILE, what=HOSTILE), subject=HOSTILE))
    (failure,) = suite.iter("failure")
    assert "\\x1b[31m\\ud800" in str(failure.text)
    assert len(list(suite)) == len(rules())


def test_sarif_results_have_the_names_of_our_rules() -> None:
    run = sarif(GOOD, BAD)
    assert run["tool"]["driver"]["version"] == "1.2"
    assert [item["ruleId"] for item in run["results"]] == ["stack", "stack", "exports"]
    assert [item["level"] for item in run["results"]] == ["error", "error", "warning"]
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    prints = [item["partialFingerprints"]["ruleAndMember/v1"] for item in run["results"]]
    assert len(set(prints)) == 3
    assert prints == [item["partialFingerprints"]["ruleAndMember/v1"] for item in sarif(BAD)["results"]]


def test_sarif_has_an_unreadable_archive_as_a_result_and_any_error_as_a_notification() -> None:
    damaged = Judged(subject="b", error=DescriptionError("is not JSON"))
    run = sarif(UNREAD, damaged, UNKNOWN)
    assert [item["ruleId"] for item in run["results"]] == ["archive-readable", "description-schema"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    assert "there is no policy (name another)" in invocation["toolExecutionNotifications"][-1]["message"]["text"]


@pytest.mark.parametrize(
    ("subject", "uri"),
    [
        ("dist/a b.tar.zst", "dist/a%20b.tar.zst"),
        ("/builds/project/dist/a.tar.zst", "dist/a.tar.zst"),
        ("/elsewhere/ä.tar.zst", "file:///elsewhere/%C3%A4.tar.zst"),
        ("a:b.tar.zst", "a%3Ab.tar.zst"),
        ("\udcff.tar.zst", "%FF.tar.zst"),
    ],
)
def test_sarif_names_archives_by_uri(subject: str, uri: str) -> None:
    run = sarif(judged(found("stack"), subject=subject))
    assert run["artifacts"][0]["location"]["uri"] == uri
    place = run["results"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == uri
    assert place["logicalLocations"] == [{"fullyQualifiedName": "bin/python3", "kind": "member"}]


def test_github_gets_a_command_for_each_finding() -> None:
    assert github(GOOD, BAD, UNREAD) == [
        "dist/a.tar.zst: holds all it promises",
        "::error file=dist/a.tar.zst,title=stack::bin/python3: is bad",
        "::error file=dist/a.tar.zst,title=stack::lib/x: is bad",
        "::warning file=dist/a.tar.zst,title=exports::bin/python3: is bad",
        "::error file=cut.tar.zst,title=archive-readable::cut.tar.zst: ends early",
    ]
    assert github(UNKNOWN) == ["::error file=z80.tar.zst,title=not-judged::z80: there is no policy"]


def test_github_commands_are_escaped_as_the_runner_reads_them() -> None:
    (line,) = github(judged(found("stack", where="b", what="100%\r\n::error::x"), subject="a:b,c%.tar.zst"))
    head, _, message = line.partition("::")[2].partition("::")
    assert head == "error file=a%3Ab%2Cc%25.tar.zst,title=stack"
    assert unquote(message) == "b: 100%\\r\n::error::x"
    (line,) = github(judged(found("stack", where=HOSTILE, what=HOSTILE), subject=HOSTILE))
    assert line.isprintable()
    assert line.startswith("::error file=")


def _validate(*words: object) -> Result:
    return CliRunner().invoke(validate, [str(word) for word in words])


def _bad(directory: Path) -> Path:
    sample = Sample()
    sample.extension("_demo")["licenses"] = []
    return sample.write(directory)


def test_several_reports_come_of_one_run(tmp_path: Path) -> None:
    archive = _bad(tmp_path)
    files = {name: tmp_path / name for name in ("junit", "sarif", "github", "json", "table")}
    result = _validate(*(f"--format={name}={file}" for name, file in files.items() if name != "github"),
                       "--format", "github", archive)  # fmt: skip
    assert isinstance(result.exception, ValidationFailed)
    (command,) = result.stdout.splitlines()
    assert command.startswith(f"::error file={archive},title=licence-given::_demo: ")
    assert ET.parse(files["junit"]).getroot().get("failures") == "1"
    assert json.loads(files["sarif"].read_text())["runs"][0]["results"][0]["ruleId"] == "licence-given"
    assert json.loads(files["json"].read_text())["holds"] is False
    table = files["table"].read_text()
    assert "FAILS" in table
    assert "\x1b" not in table


def test_the_table_is_shown_when_all_else_goes_to_files(tmp_path: Path) -> None:
    result = _validate("--format", f"json={tmp_path / 'x'}", _bad(tmp_path))
    assert "FAILS" in result.stdout


def test_json_is_a_format_and_an_option(tmp_path: Path) -> None:
    archive = Sample().write(tmp_path)
    assert _validate("--format", "json", archive).stdout == _validate("--json", archive).stdout
    assert isinstance(_validate("--format", "github", "--json", archive).exception, RequestError)


def test_a_report_that_cannot_be_written_stops_before_anything_is_judged(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere" / "x"):
        result = _validate("--format", f"json={place}", tmp_path / "no archive")
        assert isinstance(result.exception, OutputError)


def test_a_file_that_takes_nothing_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    archive = Sample().write(tmp_path)
    monkeypatch.setattr(Path, "write_text", full)
    assert isinstance(_validate("--format", f"json={tmp_path / 'x'}", archive).exception, OutputError)
    assert list(tmp_path.iterdir()) == [archive]
