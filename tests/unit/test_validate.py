"""Every rule of the validator accepts the good sample and rejects a corrupted one.

This module covers the rules about archives as such; other modules cover the rest. Its general tests cover all rules.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import test_validate_binaries as binaries
import test_validate_code as code
import test_validate_contents as contents
import test_validate_description as description
import test_validate_embedding as embedding
import test_validate_flavours as flavours
import test_validate_macos as macos
import test_validate_manifest as manifest
import test_validate_optimized as optimized
import test_validate_sources as sources
import test_validate_windows as on_windows
from corruptions import (
    FORBIDDEN,
    HARDLINK,
    PROGRAM,
    SYMLINK,
    Breach,
    Corruption,
    add,
    attribute,
    described,
    every,
    extension,
    findings,
    member,
    refused,
)
from sample_distribution import Sample, flavoured
from sample_macos import macos_sample

from setup_local.audit.model import Severity
from setup_local.audit.validate import rules, validate_archive
from setup_local.errors import DescriptionError

BREACHES: list[Breach] = [
    ("archive-safe-paths", add("python/../../etc/passwd")),
    ("archive-safe-paths", add("/python/absolute")),
    ("archive-safe-paths", add("python/zz", target="../../outside", **SYMLINK)),
    ("archive-safe-paths", add("python/zz", target="/etc/passwd", **SYMLINK)),
    ("archive-safe-paths", add("python/zz", target="", **SYMLINK)),
    ("archive-safe-paths", add("python/zz", target="python/../../outside", **HARDLINK)),
    ("archive-safe-paths", add("python/zz", target="/etc/passwd", **HARDLINK)),
    ("archive-safe-paths", add("python/zz", target="install/../install/bin", **SYMLINK)),
    ("archive-safe-paths", add("python/./zz")),
    ("archive-safe-paths", add("python/back\\slash")),
    ("archive-names", add("python/z\n")),
    ("archive-names", add("python/z\x1b[31m")),
    ("archive-names", add("python/z\udcff")),
    ("archive-names", add("python/" + "z" * 300)),
    ("archive-names", add("python/zz", target="install/\u202e", **SYMLINK)),
    ("archive-no-detours", add("python/install/bin/python3/inside")),
    ("archive-no-detours", add("python/install/bin/python3.13/inside")),
    ("archive-no-detours", add("python/install/lib", target="elsewhere", **SYMLINK)),
    ("archive-no-loops", add("python/zz", target="zz", **SYMLINK)),
    ("archive-no-loops", member("install/bin/python3", "target", "python3")),
    ("archive-unique", add(f"python/{PROGRAM}")),
    ("archive-unique", add(f"python/{PROGRAM}", target="python3", **SYMLINK)),
    ("archive-unique", add(f"python/{PROGRAM}", kind=tarfile.DIRTYPE, mode=0o755)),
    ("archive-root", add("zebra")),
    ("archive-no-devices", add("python/zz", kind=tarfile.CHRTYPE)),
    ("archive-no-devices", add("python/zz", kind=tarfile.FIFOTYPE)),
    ("archive-description-first", attribute("description_last", value=True)),
    ("archive-order", attribute("reverse", value=True)),
    ("archive-owners", member(PROGRAM, "owner", 1000)),
    ("archive-owners", member(PROGRAM, "owner_name", "builder")),
    ("archive-times", member(PROGRAM, "time", 5)),
    ("archive-modes", member(PROGRAM, "mode", 0o4755)),
    ("archive-modes", member("build/run_tests.py", "mode", 0o664)),
    ("archive-name", attribute("name", "cpython-3.13.4-x86_64-unknown-linux-gnu-noopt-full.tar.zst")),
    ("archive-name", attribute("name", "python.tar.zst")),
    ("dead-links", add("python/zz", target="install/nothing", **SYMLINK)),
    ("dead-links", add("python/zz", target="python/nothing", **HARDLINK)),
]

# Corruptions after which the archive or its description cannot be read at all.
UNREADABLE: list[tuple[str, type[Exception], Corruption]] = [
    ("description-schema", DescriptionError, attribute("description", b"{")),
    ("description-schema", DescriptionError, attribute("description", b"[" * 100_000)),
    ("description-schema", DescriptionError, attribute("description", b"\xff\xfe")),
    ("description-schema", DescriptionError, attribute("description", b"[]")),
    ("description-schema", DescriptionError, described("version", "99")),
    ("description-schema", DescriptionError, described("surprise", 1)),
    ("description-schema", DescriptionError, described("python_exe", "../bin/python")),
    ("description-schema", DescriptionError, described("python_config_vars", {"HAVE_X": 1})),
    ("description-schema", DescriptionError, extension("_demo", surprise=1)),
    ("description-schema", DescriptionError, extension("_demo", init_fn=None)),
]


@every(BREACHES)
def test_a_corrupted_sample_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(Sample(), rule, corrupt, tmp_path)


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_the_good_sample_holds(tmp_path: Path, compression: str) -> None:
    sample = Sample(compression=compression)
    if compression == "gzip":
        sample.name = sample.name.replace(".zst", ".gz")
    verdict = validate_archive(sample.write(tmp_path), forbid=(FORBIDDEN,))
    assert list(verdict.walk()) == []
    assert verdict.holds
    assert verdict.severity is Severity.GOOD


@pytest.mark.parametrize(("rule", "error", "corrupt"), UNREADABLE)
def test_an_unreadable_description_is_refused(
    rule: str, error: type[Exception], corrupt: Corruption, tmp_path: Path
) -> None:
    del rule
    sample = Sample()
    corrupt(sample)
    with pytest.raises(error):
        findings(sample, tmp_path)


def test_only_the_rules_that_were_applied_are_reported() -> None:
    full = {rule.id for rule in rules(Sample().name)}
    installation = {rule.id for rule in rules(flavoured("minimal").name)}
    assert not any(name.startswith("flavour-") for name in full)
    assert "archive-description-first" in full - installation
    debug = {rule.id for rule in rules(flavours.debuginfo().name)}
    assert not any(name.startswith("debuginfo-") for name in full | installation)
    windows = {rule.id for rule in rules(on_windows.windows().name)}
    assert not windows & {"relro", "symbol-versions"}
    macos_rules = {rule.id for rule in rules(macos_sample().name)}
    assert "signature" in macos_rules - full
    assert "symbol-versions" in full - macos_rules
    assert full | installation | debug | windows | macos_rules == {rule.id for rule in rules()}


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    proved = (
        {
            rule
            for module in (
                binaries,
                code,
                contents,
                description,
                embedding,
                macos,
                manifest,
                optimized,
                sources,
                on_windows,
            )
            for rule, _ in module.BREACHES
        }
        | {
            rule
            for rule, _ in (
                *BREACHES,
                *macos.SHARED_BREACHES,
                *macos.SLICES,
                *flavours.FLAVOUR_BREACHES,
                *flavours.DEBUGINFO_BREACHES,
            )
        }
        | {rule for rule, _, _ in UNREADABLE}
        | {"archive-readable"}
    )
    assert {rule.id for rule in rules()} == proved


def test_rules_have_distinct_names_and_titles() -> None:
    assert len({rule.id for rule in rules()}) == len(rules()) == len({rule.title for rule in rules()})


def test_a_schema_error_names_the_place(tmp_path: Path) -> None:
    sample = Sample()
    sample.extension("_demo")["required"] = "yes"
    with pytest.raises(DescriptionError, match=r"\$\.build_info\.extensions\['_demo'\]\[0\]\.required"):
        findings(sample, tmp_path)


def test_an_archive_without_a_description_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.tar.gz"
    with tarfile.open(path, "w:gz"):
        pass
    with pytest.raises(DescriptionError, match=r"no python/PYTHON\.json"):
        validate_archive(path)


def test_names_that_are_no_text_are_shown_escaped(tmp_path: Path) -> None:
    sample = Sample()
    add("python/z\udcff", mode=0o600)(sample)
    assert "python/z\\xff" in {finding.where for finding in findings(sample, tmp_path)}
