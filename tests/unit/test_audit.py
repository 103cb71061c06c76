"""The two commands, their reports, and the model of PYTHON.json against its schema."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner, Result
from sample_distribution import ELF, Sample, binary

from setup_local.audit.model import Finding, Severity, Verdict
from setup_local.audit.validate import rules
from setup_local.commands.audit import audit
from setup_local.commands.validate import validate
from setup_local.errors import ArchiveError, DescriptionError, RequestError, ValidationFailed


def _validate(*words: object) -> Result:
    return CliRunner().invoke(validate, [str(word) for word in words])


def _audit(*words: object) -> Result:
    return CliRunner().invoke(audit, [str(word) for word in words])


def _bad(directory: Path) -> Path:
    sample = Sample()
    sample.extension("_demo")["licenses"] = []
    directory.mkdir()
    return sample.write(directory)


def test_a_good_archive_is_shown_rule_by_rule(tmp_path: Path) -> None:
    result = _validate(Sample().write(tmp_path))
    assert result.exit_code == 0
    assert "needed-libraries" in result.stdout
    assert "FAILS" not in result.stdout
    assert "holds all it promises" in result.stdout


def test_a_breach_is_shown_and_fails(tmp_path: Path) -> None:
    result = _validate(_bad(tmp_path / "bad"))
    assert isinstance(result.exception, ValidationFailed)
    assert "licence-given _demo: links bundled but has no licences" in " ".join(result.stdout.split())


def test_json_has_stable_keys(tmp_path: Path) -> None:
    result = _validate("--json", Sample().write(tmp_path), _bad(tmp_path / "bad"))
    document = json.loads(result.stdout)
    assert set(document) == {"format", "holds", "subjects"}
    assert document["holds"] is False
    good, bad = document["subjects"]
    assert set(good) == {"subject", "holds", "error", "rules", "findings"}
    assert good["holds"]
    assert not bad["holds"]
    assert set(bad["findings"][0]) == {"rule", "severity", "where", "what"}
    assert {item["id"]: item["findings"] for item in bad["rules"]}["licence-given"] == 1


def test_the_other_archives_are_judged_after_an_unreadable_one(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.zst"
    broken.write_bytes(b"\x28\xb5\x2f\xfd")
    result = _validate("--json", broken, Sample().write(tmp_path))
    assert isinstance(result.exception, ArchiveError)
    first, second = json.loads(result.stdout)["subjects"]
    assert first["error"]["exit_code"] == ArchiveError.exit_code
    assert second["holds"]


def test_an_unsafe_archive_has_the_archive_exit_code(tmp_path: Path) -> None:
    sample = Sample()
    sample.entries["python/../escape"] = sample.file("build/run_tests.py")
    result = _validate(sample.write(tmp_path))
    assert isinstance(result.exception, ArchiveError)
    assert "leads out of the directory" in str(result.exception)


def test_a_malformed_description_has_its_own_exit_code(tmp_path: Path) -> None:
    result = _validate(Sample(description=b"{").write(tmp_path))
    assert isinstance(result.exception, DescriptionError)


def test_no_archive_is_a_wrong_request() -> None:
    assert isinstance(_validate().exception, RequestError)


def test_rules_are_listed() -> None:
    listed = json.loads(_validate("--list-rules", "--json").stdout)
    assert {"id", "group", "title"} == set(listed[0])
    text = _validate("--list-rules").stdout
    assert all(item["id"] in text for item in listed)


def test_rules_are_documented() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "validate.md").read_text(encoding="utf-8")
    assert [rule.id for rule in rules() if f"`{rule.id}`" not in documented] == []


def test_audit_accepts_a_file_and_rejects_a_directory(tmp_path: Path) -> None:
    assert _audit(ELF / "good.so").exit_code == 0
    shutil.copy(ELF / "lazy.so", tmp_path / "a.so")
    (tmp_path / "notes.txt").write_text("not judged")
    result = _audit("--json", tmp_path)
    assert isinstance(result.exception, ValidationFailed)
    findings = json.loads(result.stdout)["subjects"][0]["findings"]
    assert [found["rule"] for found in findings] == ["bind-now"]


def test_audit_knows_files_of_a_distribution_wherever_it_lies(tmp_path: Path) -> None:
    site = tmp_path / "python/install/lib/python3.13/site-packages"
    site.mkdir(parents=True)
    (site / "launcher.exe").write_bytes(b"MZ\x90\0")
    shutil.copy(ELF / "good.so", site / "module.so")
    assert _audit(tmp_path).exit_code == 0
    (tmp_path / "python/install/bin").mkdir()
    (tmp_path / "python/install/bin/pip").write_text("#!/home/builder/bin/python\n")
    result = _audit("--json", tmp_path)
    assert [found["rule"] for found in json.loads(result.stdout)["subjects"][0]["findings"]] == ["text-paths"]


def test_audit_takes_a_floor() -> None:
    assert isinstance(_audit(ELF / "newer.so").exception, ValidationFailed)
    assert _audit("--glibc", "2.30", ELF / "newer.so").exit_code == 0
    assert isinstance(_audit("--glibc", "new", ELF / "newer.so").exception, RequestError)


def test_audit_refuses_what_is_not_there(tmp_path: Path) -> None:
    assert isinstance(_audit(tmp_path / "nothing").exception, RequestError)
    assert isinstance(_audit("--target-triple", "vax", ELF / "good.so").exception, RequestError)
    assert _audit("--target-triple", "x86_64_v3-unknown-linux-gnu", ELF / "good.so").exit_code == 0


def test_audit_refuses_to_call_nothing_good(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no binary")
    result = _audit(tmp_path)
    assert isinstance(result.exception, RequestError)
    assert "nothing to check" in str(result.exception)


def test_audit_forbids_named_paths(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("made in /odd/place")
    result = _audit("--forbid", "/odd/place", tmp_path)
    assert "forbidden-paths" in str(result.stdout)
    assert isinstance(result.exception, ValidationFailed)


def test_a_verdict_is_as_bad_as_its_worst_part() -> None:
    bad = Verdict(
        subject="part",
        findings=(Finding(rule="r", severity=Severity.ERROR, where="w", what="x"),),
    )
    warned = Verdict(subject="p", findings=(Finding(rule="r", severity=Severity.WARNING, where="w", what="x"),))
    assert Verdict(subject="all").severity is Severity.GOOD
    assert Verdict(subject="all", parts=(warned,)).holds
    whole = Verdict(subject="all", parts=(warned, Verdict(subject="group", parts=(bad,))))
    assert not whole.holds
    assert [found.severity for found in whole.walk()] == [Severity.WARNING, Severity.ERROR]


def test_every_committed_binary_is_used() -> None:
    used = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    assert not [path.name for path in ELF.iterdir() if f'"{path.name}"' not in used and path.suffix != ".o"]
    assert binary("bundled.o")
