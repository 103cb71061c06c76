"""Rules about the record of sources: each accepts the good sample and rejects a corrupted one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from corruptions import Breach, Corruption, broken, every, put, refused
from sample_distribution import Sample

RECORD = "build/sources.json"


def entry(name: str, **fields: Any) -> Corruption:
    """Change fields of one source."""

    def corrupt(sample: Sample) -> None:
        (found,) = (item for item in sample.record["sources"] if item["name"] == name)
        found.update(fields)

    return corrupt


def use(name: str, **fields: Any) -> Corruption:
    """Change fields of the uses of one source."""

    def corrupt(sample: Sample) -> None:
        (found,) = (item for item in sample.record["sources"] if item["name"] == name)
        found["used_by"].update(fields)

    return corrupt


def own(*paths: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.record["own_files"] = list(paths)

    return corrupt


def signed(status: str, **fields: str) -> dict[str, str]:
    return {"status": status, "signer": "", "fingerprint": "", "reason": ""} | fields


def lost(sample: Sample) -> None:
    sample.record = None


def drop(name: str) -> Corruption:
    def corrupt(sample: Sample) -> None:
        sample.record["sources"] = [item for item in sample.record["sources"] if item["name"] != name]

    return corrupt


BREACHES: list[Breach] = [
    ("sources-record", lost),
    ("sources-record", put(RECORD, b"{")),
    ("sources-record", put(RECORD, b"[]")),
    ("sources-record", put(RECORD, b"[" * 100_000)),
    ("sources-record", entry("bundled", trust="hearsay")),
    ("sources-record", entry("bundled", sha256="short")),
    ("sources-record", entry("bundled", surprise=1)),
    ("sources-record", use("bundled", files=["../outside"])),
    ("sources-record", entry("bundled", signature=signed("verified", reason="it was Tuesday"))),
    ("sources-record", entry("bundled", signature=signed("verified"))),
    ("sources-record", entry("bundled", signature=signed("unsigned"))),
    ("sources-record", entry("bundled", signature=signed("verified", signer="A", fingerprint="12"))),
    ("sources-linked", drop("bundled")),
    ("sources-linked", use("bundled", files=[])),
    ("sources-linked", use("compiler", files=["build/lib/libbundled.a"])),
    ("sources-linked", own("build/lib/libbundled.a")),
    ("sources-used", use("compiler", tools=[])),
    ("sources-used", use("bundled", files=["build/lib/libbundled.a", "build/lib/libother.a"])),
    ("sources-used", use("bundled", modules=["_demo", "_absent"])),
    ("sources-used", own("build/lib/libother.a")),
    ("sources-python", entry("cpython", version="3.13.6")),
    ("sources-python", use("cpython", python=False)),
    ("sources-python", use("bundled", python=True)),
]


@every(BREACHES)
def test_a_corrupted_record_breaks_its_rule(rule: str, corrupt: Corruption, tmp_path: Path) -> None:
    refused(Sample(), rule, corrupt, tmp_path)


@pytest.mark.parametrize("change", [lambda _: None, entry("bundled", trust="local", published_by=["user"])])
def test_a_good_record_breaks_none(change: Corruption, tmp_path: Path) -> None:
    sample = Sample()
    change(sample)
    assert broken(sample, tmp_path) == set()


def test_archives_of_others_need_no_record(tmp_path: Path) -> None:
    sample = Sample(record=None)
    del sample.document["python_config_vars"]["SETUP_LOCAL_TOOLCHAIN"]
    assert broken(sample, tmp_path) == set()
