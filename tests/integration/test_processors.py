"""C programs for every other processor with glibc: compiled with its toolchain and its oldest C library, audited, run by QEMU.

This is what can be seen of a processor in minutes; `test_architecture.py` is about archives.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from setup_local import paths, pipeline
from setup_local.audit.policy import load_policy
from setup_local.audit.validate import audit_paths
from setup_local.build.emulation import EMULATOR, ROOT
from setup_local.build.engine import Engine
from setup_local.build.isolation import choose_sandbox
from setup_local.build.step_parts import emulation_step
from setup_local.build.steps import Step
from setup_local.build.toolchain import tool_environment
from setup_local.catalog.catalogs import load_catalogs
from setup_local.plan.model import Plan
from setup_local.sourcing import plan_with_sources
from setup_local.values import BuildSettings, Libc, Request, SandboxChoice

PROGRAMS = Path(__file__).parents[1] / "data"
LIBRARY = "library:libffi"
TRIPLES = [
    target.triple
    for target in load_catalogs().targets
    if target.libc is Libc.GLIBC and target.arch.name not in load_catalogs().host.runs
]
CHILDREN = "left_open_in_child"
"""A check for which an emulated program starts another one. The kernel does that, and may not know the emulator, or an older one."""
HARDENED = ("-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,--build-id=sha1")


class Quiet:
    """Takes what a build reports, and shows nothing of it."""

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


def planned(triple: str, settings: BuildSettings) -> tuple[Plan, list[Step]]:
    reporter = Quiet()
    fetcher = pipeline.fetcher_of(settings, reporter)  # type: ignore[arg-type]
    request = Request(python="cpython-3.13.5", target_triple=triple)
    supply = plan_with_sources(request, load_catalogs(), fetcher, lambda _: None, locked=False)
    return supply.plan, pipeline.distribution_steps(supply.plan, supply.sources, jobs=settings.jobs)


@pytest.mark.parametrize("triple", TRIPLES)
def test_programs_are_compiled_audited_and_run(
    triple: str, engine: Engine, settings: BuildSettings, tmp_path: Path
) -> None:
    plan, steps = planned(triple, settings)
    arch = plan.target.arch
    tools = engine.execute(steps, f"toolchain:{plan.toolchain}-{arch.name}")
    libc = engine.execute(steps, f"sysroot:{arch.name}-glibc-{plan.floor}")
    libffi = engine.execute(steps, LIBRARY)
    emulation = engine.execute(steps, emulation_step(plan))
    env = tool_environment(tools, libc)
    (archive,) = libffi.rglob("libffi.a")
    (header,) = libffi.rglob("ffi.h")
    for name in ("polyfill", "processor"):
        words = ["clang", *arch.cflags, *HARDENED, "-O2", "-no-pie", f"-I{header.parent}", str(PROGRAMS / f"{name}.c")]
        subprocess.run([*words, str(archive), "-o", name, "-lm", "-lpthread"], cwd=tmp_path, env=env, check=True)
    verdict = audit_paths([tmp_path], load_policy(triple))
    assert not list(verdict.walk())
    for name, words in (("processor", []), ("polyfill", ["new"])):
        command = [emulation / EMULATOR, "-L", emulation / ROOT, tmp_path / name, *words]
        inside = {"QEMU_LD_PREFIX": str(emulation / ROOT)}
        done = subprocess.run(command, env=inside, capture_output=True, text=True, check=False, timeout=300)
        said = [line for line in done.stdout.splitlines() if CHILDREN not in line]
        assert said in (["fine"], [] if done.stdout else ["fine"]), done.stdout + done.stderr
