"""The record of sources: the sources of a plan, the use of each, and the evidence for it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from test_describe import STAGED

from setup_local.audit.sources_record import read_record
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.keys import load_keys
from setup_local.catalog.patches import PATCHES
from setup_local.catalog.sources import Source, Trust
from setup_local.describe.documents import documents
from setup_local.describe.sources_record import PATH
from setup_local.errors import DescribeError
from setup_local.fetch import Obtained
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.sourcing import record_of
from setup_local.stage.staged import StagedTree
from setup_local.values import Linkage, Request

PLAIN = Request(python="3.13.5")
MUSL = dataclasses.replace(PLAIN, target_triple="x86_64-unknown-linux-musl")
SUPPORT = {"libclang_rt.builtins-x86_64.a": "compiler-rt", "libpolyfill.a": "polyfill"}


def planned(request: Request) -> tuple[Plan, StagedTree]:
    """Return a plan, and a staged tree with all archives that its libraries produce."""
    plan = resolve(request, load_catalogs())
    linked = {archive for item in plan.linked_extensions for archive in item.archives}
    made = {name.removeprefix("lib/"): item.name for item in plan.libraries for name in item.library.produces}
    archives = {archive: made[archive] for archive in sorted(linked)}
    support = dict(SUPPORT)
    if plan.is_static:
        support = {"libclang_rt.builtins-x86_64.a": "compiler-rt", "libc.a": "musl"}
    return plan, dataclasses.replace(STAGED, archives=archives | support)


def recorded(tmp_path: Path, plan: Plan, staged: StagedTree) -> dict[str, Any]:
    path = tmp_path / "bytes"
    path.write_bytes(b"seven b")
    obtained = (Obtained(source=item, form=item.forms[-1], path=path) for item in plan.sources)
    records = tuple(record_of(item, load_keys()) for item in obtained)
    (document,) = documents(dataclasses.replace(plan, obtained=records), staged)
    assert document.path == PATH
    read_record(document.text.encode())
    whole: dict[str, Any] = json.loads(document.text)
    return whole


def entry(whole: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (item for item in whole["sources"] if item["name"] == name)
    return dict(found)


def test_every_source_is_there_once_with_the_form_that_was_had(tmp_path: Path) -> None:
    plan, staged = planned(PLAIN)
    whole = recorded(tmp_path, plan, staged)
    names = [(item["name"], item["version"]) for item in whole["sources"]]
    assert names == sorted({(item.name, item.version) for item in plan.sources})
    zlib = entry(whole, "zlib")
    (source,) = (item for item in plan.sources if item.name == "zlib")
    form = source.forms[-1]
    assert (zlib["file"], zlib["sha256"], zlib["size"]) == (form.file, form.sha256, 7)
    assert (zlib["trust"], zlib["published_by"]) == ("pinned", ["distribution"])


def test_every_linked_library_has_one_owner(tmp_path: Path) -> None:
    plan, staged = planned(PLAIN)
    whole = recorded(tmp_path, plan, staged)
    owned = [path for item in whole["sources"] for path in item["used_by"]["files"]] + whole["own_files"]
    assert sorted(owned) == sorted(f"build/lib/{name}" for name in staged.archives)
    assert whole["own_files"] == ["build/lib/libpolyfill.a"]
    assert entry(whole, "compiler-rt")["used_by"] == {
        "python": False,
        "libraries": ["compiler-rt"],
        "files": ["build/lib/libclang_rt.builtins-x86_64.a"],
        "modules": [],
        "tools": ["toolchain"],
    }


def test_what_only_other_libraries_need_is_followed_to_the_modules(tmp_path: Path) -> None:
    whole = recorded(tmp_path, *planned(PLAIN))
    proto = entry(whole, "xcb-proto")["used_by"]
    assert {"libxcb", "libx11", "tk"} <= set(proto["libraries"])
    assert proto["modules"] == ["_tkinter"]
    assert entry(whole, "certifi")["used_by"]["modules"] == ["_ssl"]
    assert entry(whole, "cpython")["used_by"]["python"] is True
    assert {"tk", "tcl"} <= set(entry(whole, "tcl")["used_by"]["libraries"])


def test_patches_are_named_with_their_hashes(tmp_path: Path) -> None:
    plan, staged = planned(PLAIN)
    whole = recorded(tmp_path, plan, staged)
    (patch,) = entry(whole, "zlib")["patches"]
    data = (PATCHES / "zlib-longest-match.toml").read_bytes()
    assert patch == {"name": "zlib-longest-match", "sha256": hashlib.sha256(data).hexdigest()}
    assert [item["name"] for item in entry(whole, "cpython")["patches"]] == [
        patch.name.removesuffix(".toml") for patch in plan.python_patches
    ]
    assert entry(whole, "bzip2")["patches"] == []


def test_shared_libraries_belong_to_the_source_of_the_static_ones(tmp_path: Path) -> None:
    plan, staged = planned(dataclasses.replace(PLAIN, dependencies=Linkage.SHARED))
    files = entry(recorded(tmp_path, plan, staged), "zlib")["used_by"]["files"]
    assert files == ["build/lib/libz.a", "install/lib/libz-setup_local-1.3.1.so"]


def test_the_c_library_in_a_static_program_is_a_source(tmp_path: Path) -> None:
    whole = recorded(tmp_path, *planned(dataclasses.replace(MUSL, options="noopt+static")))
    assert entry(whole, "musl")["used_by"]["files"] == ["build/lib/libc.a"]
    assert entry(whole, "musl")["used_by"]["tools"] == ["sysroot"]
    assert whole["own_files"] == []


def test_tools_of_an_optimized_build_are_recorded(tmp_path: Path) -> None:
    plan, staged = planned(dataclasses.replace(PLAIN, options="pgo+lto"))
    whole = recorded(tmp_path, plan, staged)
    assert plan.profiling
    for source in plan.profiling.tools:
        assert "llvm-tools" in entry(whole, source.name)["used_by"]["tools"]


def test_an_emulator_is_fetched_and_leaves_nothing_in_the_archive(tmp_path: Path) -> None:
    plan, staged = planned(dataclasses.replace(PLAIN, target_triple="aarch64-unknown-linux-gnu"))
    named = {item["name"] for item in recorded(tmp_path, plan, staged)["sources"]}
    assert {"qemu-user", "libc6-arm64"} <= {source.name for source in plan.sources}
    assert named == {source.name for source in plan.sources} - {source.name for source in plan.emulation}


def test_signatures_are_those_of_the_catalog(tmp_path: Path) -> None:
    whole = recorded(tmp_path, *planned(PLAIN))
    openssl = entry(whole, "openssl")["signature"]
    assert openssl["status"] == "verified"
    assert openssl["signer"].startswith("OpenSSL ")
    assert (len(openssl["fingerprint"]), openssl["reason"]) == (40, "")
    assert entry(whole, "zlib")["signature"]["reason"]


@pytest.mark.parametrize("trust", [Trust.LOCAL, Trust.SIGNED])
def test_what_vouches_for_a_source_is_told(tmp_path: Path, trust: Trust) -> None:
    plan, staged = planned(PLAIN)

    def trusted(source: Source) -> Source:
        return dataclasses.replace(source, trust=trust)

    libraries = tuple(
        dataclasses.replace(item, source=trusted(item.source)) if item.name == "zlib" else item
        for item in plan.libraries
    )
    whole = recorded(tmp_path, dataclasses.replace(plan, libraries=libraries), staged)
    assert entry(whole, "zlib")["trust"] == trust.value
    assert entry(whole, "zlib")["published_by"] == (["user"] if trust is Trust.LOCAL else ["distribution"])


def test_a_library_from_nowhere_is_an_error(tmp_path: Path) -> None:
    plan, staged = planned(PLAIN)
    with pytest.raises(DescribeError, match="mystery is linked, but the plan does not name its source"):
        recorded(tmp_path, plan, dataclasses.replace(staged, archives={**staged.archives, "libm.a": "mystery"}))
