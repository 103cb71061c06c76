"""Rules about the manifest, and the gate that applies it for all other commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from corruptions import (
    HARDLINK,
    PROGRAM,
    SYMLINK,
    Breach,
    Corruption,
    add,
    attribute,
    every,
    findings,
    refused,
    without,
)
from sample_distribution import Entry, Sample, flavoured

from setup_local.audit.safe_archive import read_safe_members
from setup_local.errors import ArchiveError

ZERO = "0" * 64


def after_listing(corrupt: Corruption) -> Corruption:
    """Corrupt a sample after its manifest was computed."""

    def corrupted(sample: Sample) -> None:
        sample.manifest = sample.sums()
        corrupt(sample)

    return corrupted


def text(change: Callable[[str], str]) -> Corruption:
    """Change the text of the manifest."""

    def corrupt(sample: Sample) -> None:
        sample.manifest = change(sample.sums().decode()).encode()

    return corrupt


def _program(sample: Sample) -> None:
    """Flip one bit that no other rule checks: in the program's code."""
    data = bytearray(sample.file(PROGRAM).data)
    data[len(data) // 2] ^= 1
    sample.file(PROGRAM).data = bytes(data)


def _module(sample: Sample) -> None:
    sample.file("install/lib/python3.13/os.py").data = b"import sys, backdoor\n"


def _record(sample: Sample) -> None:
    sample.record["sources"][0]["size"] = 2


def _link(sample: Sample) -> None:
    sample.file("install/bin/python3").target = "../lib/python3.13/os.py"


BREACHES: list[Breach] = [
    ("manifest", attribute("unlisted", value=True)),
    ("manifest", attribute("manifest_last", value=True)),
    ("manifest", attribute("manifest", b"\0")),
    ("manifest", attribute("manifest", b"# nothing")),
    ("manifest", text(lambda said: said + f"{ZERO}  ../outside\n")),
    ("manifest", text(lambda said: said * 2)),
    ("manifest", text(lambda said: said + "x" * (1 << 23))),
    ("manifest-complete", text(lambda said: said + f"{ZERO}  install/lib/nothing.py\n")),
    ("manifest-complete", text(lambda said: said + f"{ZERO}  install/lib\n")),
    ("manifest-complete", after_listing(without("install/lib/python3.13/os.py"))),
    ("manifest-complete", after_listing(add("python/zz"))),
    ("manifest-complete", after_listing(add("python/zz", target="build/run_tests.py", **SYMLINK))),
    ("manifest-complete", after_listing(add("python/zz", target="python/build/run_tests.py", **HARDLINK))),
    ("manifest-complete", after_listing(_link)),
    ("manifest-hashes", after_listing(_program)),
    ("manifest-hashes", after_listing(_module)),
    ("manifest-hashes", after_listing(_record)),
]
# Breaches that the gate for all other commands accepts: it checks an archive against its manifest only if it has one.
_LET_PASS = {0, 1}


@every(BREACHES)
def test_a_sample_that_is_not_what_its_manifest_says_is_rejected(
    rule: str, corrupt: Corruption, tmp_path: Path
) -> None:
    refused(Sample(), rule, corrupt, tmp_path)


@every([breach for number, breach in enumerate(BREACHES) if number not in _LET_PASS])
def test_nothing_is_made_of_it(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    sample = Sample()
    corrupt(sample)
    what = "SHA256SUMS cannot be used" if rule == "manifest" else "was changed after it was packed"
    with pytest.raises(ArchiveError, match=what) as caught:
        _ = [read() for _, read in read_safe_members(sample.write(tmp_path))]
    assert "download or build it again" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("number", sorted(_LET_PASS))
def test_an_archive_without_a_manifest_in_front_is_still_read(number: int, tmp_path: Path) -> None:
    sample = Sample()
    BREACHES[number][1](sample)
    _ = [read() for _, read in read_safe_members(sample.write(tmp_path))]


def test_what_was_read_before_the_manifest_is_held_to_it_as_well(tmp_path: Path) -> None:
    sample = Sample(manifest_last=True)
    after_listing(_module)(sample)
    with pytest.raises(ArchiveError, match=r"os\.py has the SHA-256"):
        _ = [read() for _, read in read_safe_members(sample.write(tmp_path))]


def test_a_changed_description_is_seen_though_it_comes_before_the_manifest(tmp_path: Path) -> None:
    sample = Sample()
    after_listing(attribute("description", b'{"version": "8"}'))(sample)
    with pytest.raises(ArchiveError, match=r"PYTHON\.json has the SHA-256"):
        _ = [read() for _, read in read_safe_members(sample.write(tmp_path))]


def test_what_nobody_reads_is_not_hashed(tmp_path: Path) -> None:
    sample = Sample()
    after_listing(_module)(sample)
    assert [member.name for member, _ in read_safe_members(sample.write(tmp_path))]


def test_links_count_as_the_files_that_they_lead_to(tmp_path: Path) -> None:
    sample = Sample()
    for name, fields in (
        ("python/zz1", SYMLINK | {"target": "install/bin/python3"}),
        ("python/zz2", SYMLINK | {"target": "install/lib"}),
        ("python/zz3", SYMLINK | {"target": "zz2/python3.13/os.py"}),
        ("python/zz4", HARDLINK | {"target": f"python/{PROGRAM}"}),
    ):
        add(name, **fields)(sample)
    sums = sample.sums().decode()
    program = next(line[:64] for line in sums.splitlines() if line.endswith(f"  {PROGRAM}"))
    module = next(line[:64] for line in sums.splitlines() if line.endswith("/os.py"))
    kept = [line for line in sums.splitlines() if not line.endswith(("zz1", "zz2", "zz3", "zz4"))]
    sample.manifest = "\n".join([*kept, f"{program}  zz1", f"{module}  zz3", f"{program}  zz4", ""]).encode()
    assert [item for item in findings(sample, tmp_path) if item.rule.startswith("manifest")] == []


def test_only_the_first_of_two_counts(tmp_path: Path) -> None:
    sample = Sample()
    after_listing(_module)(sample)
    add("python/lib/debug/SHA256SUMS", data=Sample(entries=sample.entries).sums())(sample)
    assert "manifest-hashes" in {item.rule for item in findings(sample, tmp_path)}
    with pytest.raises(ArchiveError, match=r"os\.py has the SHA-256"):
        _ = [read() for _, read in read_safe_members(sample.write(tmp_path))]


def test_one_where_only_debug_information_has_it_is_none(tmp_path: Path) -> None:
    sample = Sample(unlisted=True)
    sample.extra.append(("python/lib/debug/SHA256SUMS", Entry(sample.sums())))
    assert "manifest" in {item.rule for item in findings(sample, tmp_path)}


@pytest.mark.parametrize("flavor", ["install_only", "debuginfo"])
def test_flavours_have_one_as_well(flavor: str, tmp_path: Path) -> None:
    sample = flavoured(flavor)
    sample.unlisted = True
    assert "manifest" in {item.rule for item in findings(sample, tmp_path)}
