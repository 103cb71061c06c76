"""C programs for every other processor: compiled with its toolchain and its oldest C library, audited, run by QEMU.

These checks of a processor take minutes; `test_architecture.py` tests archives.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from setup_local import paths, pipeline, render
from setup_local.audit.policy import load_policy
from setup_local.audit.validate import audit_paths
from setup_local.build.engine import Engine
from setup_local.build.graph import build_steps
from setup_local.build.isolation import choose_sandbox
from setup_local.build.launcher import find_launcher
from setup_local.build.loader import target_loader
from setup_local.build.step_parts import GraphInputs, Toolkit, emulation_step
from setup_local.build.steps import Step
from setup_local.build.toolchain import tool_environment
from setup_local.catalog.catalogs import load_catalogs
from setup_local.plan.model import Plan
from setup_local.sourcing import plan_with_sources
from setup_local.values import BuildSettings, Libc, OperatingSystem, Request, SandboxChoice

PROGRAMS = Path(__file__).parents[1] / "data"
LIBRARY = "library:libffi"
TRIPLES = [
    target.triple
    for target in load_catalogs().targets
    if target.os is OperatingSystem.LINUX and target.arch.name not in load_catalogs().host.runs
]
CHILDREN = "left_open_in_child"
"""A check in which an emulated program starts another one: the kernel may have no emulator for it, or an older one."""
HARDENED = ("-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,--build-id=sha1")


class Quiet:
    """Accepts a build's reports, and discards them."""

    def __getattr__(self, name: str) -> object:
        return lambda *_, **__: None


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> BuildSettings:
    return BuildSettings(
        output=tmp_path_factory.mktemp("output"),
        jobs=os.cpu_count() or 1,
        sandbox=SandboxChoice.AUTO,
        mirrors=(),
        offline=False,
        keep_build=False,
        locked=False,
    )


@pytest.fixture(scope="module")
def engine(settings: BuildSettings) -> Iterator[Engine]:
    sandbox = choose_sandbox(settings.sandbox, paths.cache_root(), [], None)
    with pipeline.running_engine(settings, sandbox, Quiet()) as running:  # type: ignore[arg-type]
        yield running


def planned(triple: str, settings: BuildSettings) -> tuple[Plan, Toolkit, list[Step]]:
    reporter = Quiet()
    fetcher = pipeline.fetcher_of(settings, reporter)  # type: ignore[arg-type]
    request = Request(python="cpython-3.13.5", target_triple=triple)
    supply = plan_with_sources(request, load_catalogs(), fetcher, lambda _: None, locked=False)
    inputs = GraphInputs(sources=supply.sources, setup_local=render.render_setup_local(supply.plan))
    return supply.plan, *build_steps(supply.plan, inputs)


@pytest.mark.parametrize("triple", TRIPLES)
def test_programs_are_compiled_audited_and_run(
    triple: str, engine: Engine, settings: BuildSettings, tmp_path: Path
) -> None:
    plan, toolkit, steps = planned(triple, settings)
    arch = plan.target.arch
    tools = engine.execute(steps, toolkit.compilers)
    libc = engine.execute(steps, toolkit.libc)
    libffi = engine.execute(steps, LIBRARY)
    emulation = engine.execute(steps, emulation_step(plan))
    env = tool_environment(tools, libc)
    (archive,) = libffi.rglob("libffi.a")
    (header,) = libffi.rglob("ffi.h")
    musl = plan.target.libc is Libc.MUSL
    programs = {"processor": []} if musl else {"processor": [], "polyfill": ["new"]}
    linking = [*HARDENED, *([f"-Wl,--dynamic-linker={target_loader(plan.target)}"] if musl else [])]
    for name in programs:
        words = ["clang", *arch.cflags, *linking, "-O2", "-no-pie", f"-I{header.parent}", str(PROGRAMS / f"{name}.c")]
        subprocess.run([*words, str(archive), "-o", name, "-lm", "-lpthread"], cwd=tmp_path, env=env, check=True)
    verdict = audit_paths([tmp_path], load_policy(triple))
    assert not list(verdict.walk())
    launcher = find_launcher(plan, libc, emulation)
    assert launcher
    for name, words in programs.items():
        inside = {"QEMU_LD_PREFIX": str(launcher.words[-1])}
        command = launcher.command(tmp_path / name, words)
        done = subprocess.run(command, env=inside, capture_output=True, text=True, check=False, timeout=300)
        said = [line for line in done.stdout.splitlines() if CHILDREN not in line]
        assert said in (["fine"], [] if done.stdout else ["fine"]), done.stdout + done.stderr
