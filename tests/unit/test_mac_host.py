"""Builds on a Mac: the plan, its steps, refused requests, and the programs that run there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner
from sample_mac import MACHINES, SDK, mac
from sample_steps import sources_of

from setup_local import pipeline
from setup_local.build.graph import build_steps
from setup_local.build.launcher import Launcher, find_launcher
from setup_local.build.step_parts import GraphInputs
from setup_local.build.xcode import Xcode
from setup_local.catalog.catalogs import load_catalogs
from setup_local.commands.build import build
from setup_local.commands.variant_options import choose_triple
from setup_local.errors import RequestError
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import NATIVE, LinkMode, OperatingSystem, Request, ToolchainChoice

XCODE = Xcode(
    version="17.0.0",
    builds=("1700.0.13.5", "ld-1167.5"),
    programs={"clang": Path("/xcode/clang"), "ar": Path("/xcode/ar"), "ranlib": Path("/xcode/ranlib")},
    dsym={"dsymutil": Path("/xcode/dsymutil")},
    make=Path("/opt/homebrew/bin/gmake"),
    headers=Path(__file__).parent / "data",
)


def _plan(machine: str, triple: str = NATIVE, **wishes: object) -> Plan:
    request = Request(python="3.13.5", target_triple=triple, sdk=SDK)
    return resolve(dataclasses.replace(request, **wishes), mac(machine))  # type: ignore[arg-type]


def _other(machine: str) -> str:
    return next(triple for name, triple in MACHINES.items() if name != machine)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_mac_builds_natively_with_xcode(machine: str) -> None:
    plan = _plan(machine)
    assert plan.target.triple == MACHINES[machine]
    assert plan.toolchain == "xcode"
    assert not plan.is_cross
    assert plan.build_python is None
    assert plan.emulation == ()
    patches = {patch.name for patch in plan.python_patches}
    assert "cpython-darwin-gdb-hooks.toml" in patches
    assert "cpython-darwin-cross.toml" not in patches
    assert f"--build={plan.target.system}" in plan.configure.args
    assert not any(word.startswith("--with-build-python") for word in plan.configure.args)
    assert {item.name for item in plan.extensions if item.link is LinkMode.SHARED} >= {"_tkinter"}
    assert plan.archive_stem == f"cpython-3.13.5-{MACHINES[machine]}-noopt+sdk15.5"


@pytest.mark.parametrize("machine", MACHINES)
def test_no_programs_for_linux_are_fetched(machine: str) -> None:
    for triple in MACHINES.values():
        plan = _plan(machine, triple)
        assert [source.name for source in plan.toolchain_sources] == ["compiler-rt"]
        assert not [form.file for source in plan.sources for form in source.forms if form.file.endswith("linux.whl")]
        assert plan.emulation == ()


@pytest.mark.parametrize("machine", MACHINES)
def test_a_mac_builds_for_the_other_processor_with_a_build_python(machine: str) -> None:
    plan = _plan(machine, _other(machine))
    assert plan.is_cross
    assert plan.build_python is not None
    assert f"--build={plan.host.target.system}" in plan.configure.args
    names = _names(plan)
    assert "build-python" in names
    assert {f"toolchain:xcode-{target.arch.name}-darwin" for target in (plan.target, plan.host.target)} <= set(names)


def _names(plan: Plan) -> list[str]:
    inputs = GraphInputs(sources=sources_of(plan), setup_local="", host_xcode=XCODE)
    return [step.name for step in build_steps(plan, inputs)[1]]


def test_each_step_comes_after_what_it_needs() -> None:
    for triple in MACHINES.values():
        plan = _plan("arm64", triple)
        done: set[str] = set()
        inputs = GraphInputs(sources=sources_of(plan), setup_local="", host_xcode=XCODE)
        for step in build_steps(plan, inputs)[1]:
            assert done.issuperset(step.needs), step.name
            done.add(step.name)
        assert not any("zig" in name or "linux" in name for name in done)


def test_only_programs_for_its_own_processor_run_on_a_mac() -> None:
    assert find_launcher(_plan("arm64"), Path("/sysroot")) == Launcher()
    assert find_launcher(_plan("arm64", MACHINES["x86_64"]), Path("/sysroot")) is None
    assert find_launcher(_plan("x86_64"), Path("/sysroot")) == Launcher()
    assert find_launcher(_plan("x86_64", MACHINES["arm64"]), Path("/sysroot")) is None
    assert find_launcher(_plan("arm64", "universal2-apple-darwin"), Path("/sysroot")) is None


def test_a_universal_distribution_is_staged_by_the_python_of_the_other_half() -> None:
    plan = _plan("arm64", "universal2-apple-darwin")
    assert plan.build_python is not None
    halves = [_plan("arm64", triple) for triple in MACHINES.values()]
    assert [bool(half.build_python) for half in halves] == [False, True]


@pytest.mark.parametrize(
    ("wishes", "problem", "hint"),
    [
        ({"target_triple": "x86_64-unknown-linux-gnu", "sdk": None}, "for Linux are not built on macOS", "on Linux"),
        ({"target_triple": "x86_64-pc-windows-msvc", "sdk": None}, "for Windows are not built on macOS", "on Linux"),
        ({"toolchain": ToolchainChoice.ZIG}, "no wheel for it contains LLVM's linker for macOS", "it is xcode here"),
        ({"toolchain": ToolchainChoice.LLVM}, "has neither a linker nor headers for macOS", "leave --toolchain"),
        ({"sdk": None}, "needs Xcode's SDK", "--sdk"),
    ],
)
def test_builds_that_are_refused_on_a_mac(wishes: dict[str, object], problem: str, hint: str) -> None:
    with pytest.raises(RequestError, match=problem) as refusal:
        _plan("arm64", **{"triple": MACHINES["arm64"], **wishes})  # type: ignore[arg-type]
    assert hint in refusal.value.hint


@pytest.mark.parametrize(
    ("options", "problem"),
    [("pgo", "with a profile yet"), ("pgo+lto", "with a profile yet"), ("lto", "with link-time optimization yet")],
)
def test_profiles_and_link_time_optimization_are_refused_with_xcode(options: str, problem: str) -> None:
    with pytest.raises(RequestError, match=problem):
        _plan("arm64", MACHINES["arm64"], toolchain=ToolchainChoice.XCODE, options=options)


@pytest.mark.parametrize(("machine", "triple"), MACHINES.items())
def test_the_command_builds_for_the_mac_itself(machine: str, triple: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert choose_triple(OperatingSystem.DARWIN, musl=False, triple=None) == triple
    assert choose_triple(OperatingSystem.DARWIN, musl=False, triple=NATIVE) == triple
    assert choose_triple(OperatingSystem.DARWIN, musl=False, triple=_other(machine)) == _other(machine)
    with pytest.raises(RequestError, match=r"builds for Linux, and .*-apple-darwin is macOS"):
        choose_triple(OperatingSystem.LINUX, musl=False, triple=NATIVE)


def test_a_linux_target_on_a_mac_is_refused_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    refusal = CliRunner().invoke(build, ["--system", "linux", "--dry-run"]).exception
    assert isinstance(refusal, RequestError)
    assert refusal.what == "distributions for Linux are not built on macOS, only those for macOS"


def test_on_linux_xcode_compiles_for_macos_and_the_wheel_for_linux() -> None:
    request = Request(python="3.13.5", target_triple=MACHINES["arm64"], toolchain=ToolchainChoice.XCODE, sdk=SDK)
    plan = resolve(request, load_catalogs())
    names = _names(plan)
    assert {"toolchain:xcode-aarch64-darwin", f"toolchain:zig-{plan.host.target.arch.name}"} <= set(names)
    assert {source.name for source in plan.toolchain_sources} == {"ziglang", "compiler-rt"}
    assert plan.llvm_version == ""
    assert pipeline.plan_text(plan).count("toolchain xcode") == 1
