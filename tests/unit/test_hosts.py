"""Build hosts: their catalog files, and which of them the current machine is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sample_target import HOST, TARGET

from setup_local import paths
from setup_local.catalog.architectures import load_architecture
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.hosts import DIRECTORY, host_of, load_hosts
from setup_local.catalog.targets import load_targets
from setup_local.errors import CatalogError, HostError
from setup_local.plan.resolve import resolve
from setup_local.values import NATIVE, Libc, OperatingSystem, Request, ToolchainChoice

TEXT = (paths.DATA / DIRECTORY / "linux-x86_64.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("linux-x86_64", f"surprise = 1\n{TEXT}", "surprise"),
        ("pdp11", TEXT, "describes linux-x86_64, but the file is named pdp11"),
        ("linux-x86_64", TEXT.replace("-gnu", "-hurd"), "no target x86_64-unknown-linux-hurd"),
        ("linux-x86_64", TEXT.replace('"windows"', '"plan9"'), "plan9"),
    ],
)
def test_an_invalid_file_is_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=problem):
        load_hosts(load_targets(), tmp_path)


def test_a_host_builds_programs_of_its_own_processor_natively() -> None:
    other = dataclasses.replace(TARGET, triple="aarch64-unknown-linux-gnu", arch=load_architecture("aarch64"))
    assert HOST.builds_natively(TARGET)
    assert not HOST.builds_natively(other)


def test_a_host_neither_builds_natively_for_another_system_nor_runs_its_programs() -> None:
    other = dataclasses.replace(TARGET, triple="x86_64-apple-darwin", os=OperatingSystem.DARWIN, libc=Libc.LIBSYSTEM)
    assert HOST.runs_programs_of(TARGET)
    assert not HOST.builds_natively(other)
    assert not HOST.runs_programs_of(other)


def test_an_unknown_machine_is_refused() -> None:
    assert host_of("Linux", "x86_64", load_hosts(load_targets())).target.triple == TARGET.triple
    with pytest.raises(HostError, match="cannot be built on Linux pdp11 yet"):
        host_of("Linux", "pdp11", [HOST])


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", "x86_64"), ("arm64", "aarch64")])
def test_a_mac_builds_for_macos_with_xcode(machine: str, arch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    host = load_catalogs().host
    assert host.target.triple == f"{arch}-apple-darwin"
    assert host.runs == (arch,)
    assert host.builds == (OperatingSystem.DARWIN,)
    assert host.default_toolchain is ToolchainChoice.XCODE


def test_an_unsupported_machine_is_told_the_supported_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "FreeBSD")
    monkeypatch.setattr("platform.machine", lambda: "amd64")
    with pytest.raises(HostError, match="cannot be built on FreeBSD amd64 yet") as caught:
        load_catalogs()
    assert caught.value.hint == "use one of: macOS arm64, macOS x86_64, Linux aarch64, Linux x86_64"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_native_is_the_current_machine_and_uses_its_own_compilers(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    plan = resolve(Request(python="3.13.5", target_triple=NATIVE), load_catalogs())
    assert plan.target.triple == f"{machine}-unknown-linux-gnu"
    assert not plan.is_cross
    assert not plan.emulation
    (wheel,) = (form for source in plan.toolchain_sources if source.name == "ziglang" for form in source.forms)
    assert machine in wheel.file
