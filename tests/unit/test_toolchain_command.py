"""`setup-local toolchain list`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_toolchain_llvm import Host

from setup_local.build import toolchains
from setup_local.catalog.sources import load_sources
from setup_local.catalog.toolchains import ToolchainCatalog, load_toolchain
from setup_local.commands.toolchain import toolchain

WHEEL = load_sources().find("ziglang", load_toolchain().sources["ziglang"])


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Return a host on which no other LLVMs are found."""
    found = Host(tmp_path)
    catalog = load_toolchain()
    fields = {**vars(catalog), "llvm": found.search}
    monkeypatch.setattr(toolchains, "load_toolchain", lambda: ToolchainCatalog(**fields))
    monkeypatch.setenv("SETUP_LOCAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(found.on_path))
    return found


def listed(*words: str | Path) -> list[dict[str, Any]]:
    result = CliRunner().invoke(toolchain, ["list", "--json", *map(str, words)])
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


@pytest.mark.usefixtures("host")
def test_a_host_without_llvm_has_the_wheel() -> None:
    (wheel,) = listed()
    assert wheel["toolchain"] == "zig"
    assert wheel["version"] == load_toolchain().sources["compiler-rt"]
    assert wheel["place"] == f"{WHEEL.identity} (fetched when needed)"
    assert wheel["tools"]["clang"] == WHEEL.identity
    assert wheel["tools"]["llvm-profdata"] == "packages, else LLVM's source"
    assert wheel["tools"]["llvm-bolt"] == "packages, else LLVM's source"
    assert wheel["taken"]


def test_each_llvm_is_listed_with_the_reason_why_it_is_not_taken(host: Host) -> None:
    host.add("14.0.6")
    newest, older = host.add("20.1.0"), host.add("19.1.7")
    host.add("22.1.8", without=["ld.lld"])
    rows = listed()[1:]
    assert [(row["version"], row["taken"], row["reason"]) for row in rows] == [
        ("20.1.0", True, "with --toolchain llvm"),
        ("19.1.7", False, f"Clang 20.1.0 is newer; --llvm {older.parent} selects this one"),
        ("22.1.8", False, "Clang 22.1.8 lacks ld.lld"),
        ("14.0.6", False, "Clang 14.0.6 is older than 19"),
    ]
    assert rows[0]["tools"]["llvm-ar"] == str(newest / "llvm-ar")
    assert "ld.lld" not in rows[2]["tools"]


def test_one_directory_can_be_asked_about(host: Host, tmp_path: Path) -> None:
    host.add("20.1.0")
    host.add("19.1.7", tmp_path / "mine" / "bin")
    (row,) = listed("--llvm", tmp_path / "mine")[1:]
    assert (row["version"], row["taken"], row["reason"]) == ("19.1.7", True, f"with --llvm {tmp_path}/mine")


def test_the_table_says_the_same(host: Host) -> None:
    host.add("14.0.6")
    result = CliRunner().invoke(toolchain, ["list"])
    assert "no: Clang 14.0.6 is older than 19" in result.stdout
    assert "by default, or with --toolchain zig" in result.stdout
