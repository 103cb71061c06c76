"""Verdicts in the formats that continuous integration reads: JUnit XML, SARIF 2.1.0, GitHub workflow commands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from setup_local.audit.model import Finding, Rule, Severity
from setup_local.audit.report import Judged
from setup_local.errors import ArchiveError, DescriptionError, SetupLocalError
from setup_local.printable import printable, printable_lines

_TOOL = "setup-local"
_SARIF_VERSION = "2.1.0"
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.GOOD: "none", Severity.WARNING: "warning", Severity.ERROR: "error"}
# The rule that stopped the reading. Other errors are about the request or the host and have no rule.
_STOPPED_BY: dict[type[SetupLocalError], str] = {
    ArchiveError: "archive-readable",
    DescriptionError: "description-schema",
}
_UNJUDGED = "not-judged"


def _reading_rule(error: SetupLocalError) -> str:
    return _STOPPED_BY.get(type(error), "")


def _breaches(item: Judged) -> tuple[Finding, ...]:
    """Return all findings; an error that stopped the reading becomes a finding of the rule that it broke."""
    if item.error is None:
        return item.findings
    rule = _reading_rule(item.error) or _UNJUDGED
    return (Finding(rule=rule, severity=Severity.ERROR, where=item.error.where or item.subject, what=item.error.what),)


def _line(found: Finding) -> str:
    return f"{printable(found.where)}: {printable_lines(found.what)}"


# JUnit: one suite for each archive, one case for each rule that was applied, in the format of Jenkins' junit-10.xsd.


def junit(outcomes: Sequence[Judged], rules: Iterable[Rule[Any]]) -> str:
    """Return the outcome as JUnit XML; warnings are output of a passing case."""
    table = tuple(rules)
    suites = [_suite(item, table) for item in outcomes]
    root = ET.Element("testsuites", {"name": f"{_TOOL} validate"} | _totals(suites))
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}'


def _totals(suites: Iterable[ET.Element]) -> dict[str, str]:
    return {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in ("tests", "failures", "errors")}


def _suite(item: Judged, rules: tuple[Rule[Any], ...]) -> ET.Element:
    cases = [_stopped(item, item.error)] if item.error else [_case(item, rule) for rule in item.rules or rules]
    counted = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": 0,
    }
    attributes = {name: str(number) for name, number in counted.items()}
    suite = ET.Element("testsuite", {"name": printable(item.subject)} | attributes)
    suite.extend(cases)
    return suite


def _case(item: Judged, rule: Rule[Any]) -> ET.Element:
    case = ET.Element("testcase", classname=f"{_TOOL}.{rule.group.title}", name=rule.id)
    found = [finding for finding in item.findings if finding.rule == rule.id]
    failures = [_line(finding) for finding in found if finding.severity is Severity.ERROR]
    warnings = [_line(finding) for finding in found if finding.severity is not Severity.ERROR]
    if failures:
        message = f"{len(failures)} findings: {rule.title}"
        ET.SubElement(case, "failure", message=message, type=rule.id).text = "\n".join(failures)
    if warnings:
        ET.SubElement(case, "system-out").text = "\n".join(warnings)
    return case


def _stopped(item: Judged, error: SetupLocalError) -> ET.Element:
    (found,) = _breaches(item)
    case = ET.Element("testcase", classname=f"{_TOOL}.archive", name=found.rule)
    message = printable_lines(error.what)
    ET.SubElement(case, "error", message=message, type=type(error).__name__).text = printable_lines(str(error))
    return case


# SARIF: one run; its rule ids are the names of our rules.


def sarif(outcomes: Sequence[Judged], rules: Iterable[Rule[Any]], *, version: str, root: Path) -> dict[str, Any]:
    """Return the outcome as a SARIF log; paths of archives below `root` are relative to it."""
    table = tuple(rules)
    positions = {rule.id: number for number, rule in enumerate(table)}
    driver = {"name": _TOOL, "rules": [_described(rule) for rule in table]} | ({"version": version} if version else {})
    uris = dict.fromkeys(_uri(item.subject, root) for item in outcomes)
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": uri}, "roles": ["analysisTarget"]} for uri in uris],
        "invocations": [_invocation(outcomes, root)],
        "results": [
            _result(found, item.subject, positions, root)
            for item in outcomes
            for found in _breaches(item)
            if found.rule in positions
        ],
    }
    return {"$schema": _SARIF_SCHEMA, "version": _SARIF_VERSION, "runs": [run]}


def _described(rule: Rule[Any]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.group.title]},
    }


def _invocation(outcomes: Sequence[Judged], root: Path) -> dict[str, Any]:
    """Return whether all archives could be read. Code scanning shows only results, so errors with a rule are both."""
    stopped = [(item.subject, item.error) for item in outcomes if item.error is not None]
    return {
        "executionSuccessful": not stopped,
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": printable_lines(str(error))},
                "locations": [{"physicalLocation": _place(subject, root)}],
            }
            for subject, error in stopped
        ],
    }


def _result(found: Finding, subject: str, positions: dict[str, int], root: Path) -> dict[str, Any]:
    """Return one result; with its fingerprint, a service recognizes the finding in the next build of the archive."""
    where = printable(found.where)
    marks = f"{found.rule}\0{where}\0{found.what}"
    return {
        "ruleId": found.rule,
        "ruleIndex": positions[found.rule],
        "level": _LEVELS[found.severity],
        "message": {"text": _line(found)},
        "locations": [
            {
                "physicalLocation": _place(subject, root),
                "logicalLocations": [{"fullyQualifiedName": where, "kind": "member"}],
            }
        ],
        "partialFingerprints": {
            "ruleAndMember/v1": hashlib.sha256(marks.encode(errors="backslashreplace")).hexdigest()
        },
    }


def _place(subject: str, root: Path) -> dict[str, Any]:
    """Return an archive as a location. GitHub ignores results without a line; an archive has only its start."""
    return {"artifactLocation": {"uri": _uri(subject, root)}, "region": {"startLine": 1}}


def _relative(subject: str, root: Path) -> str:
    path = Path(subject)
    return str(path.relative_to(root)) if path.is_absolute() and path.is_relative_to(root) else subject


def _uri(subject: str, root: Path) -> str:
    path = Path(_relative(subject, root))
    return path.as_uri() if path.is_absolute() else quote(str(path), errors="surrogateescape")


# Workflow commands: lines that GitHub's runner turns into annotations.


def github(outcomes: Sequence[Judged], *, root: Path) -> Iterator[str]:
    """Yield a workflow command for each finding, and a plain line for each archive that passes."""
    for item in outcomes:
        file = _property(_relative(item.subject, root))
        for found in _breaches(item):
            level = "error" if found.severity is Severity.ERROR else "warning"
            yield f"::{level} file={file},title={_property(found.rule)}::{_data(_line(found))}"
        if item.holds:
            yield f"{printable(item.subject)}: holds all it promises"


def _data(text: str) -> str:
    """Escape the message of a command as the runner decodes it: percent signs first, then line ends."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a command, which also ends at a comma or colon."""
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
