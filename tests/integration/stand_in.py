"""What stand-ins for others' toolchains are made of: the compilers and the sysroot of an ordinary build."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from setup_local import paths
from setup_local.build.graph import toolkit_steps
from setup_local.build.isolation import choose_sandbox
from setup_local.build.progress import Progress
from setup_local.build.step_parts import GraphInputs
from setup_local.catalog.catalogs import Catalogs
from setup_local.fetch import Obtained
from setup_local.log import console
from setup_local.pipeline import fetcher_of, running_engine
from setup_local.plan.resolve import resolve
from setup_local.values import BuildSettings, Request, SandboxChoice


def build_toolkit(catalogs: Catalogs, triple: str, output: Path) -> tuple[Path, Path, Mapping[str, Obtained]]:
    """Return the results of the steps that make compilers and sysroot for a target, and the sources of these steps."""
    plan = resolve(Request(python="3.13", target_triple=triple), catalogs)
    settings = BuildSettings(
        output=output, jobs=2, sandbox=SandboxChoice.AUTO, mirrors=(), offline=False, keep_build=False, locked=False
    )
    with Progress(console()) as progress:
        sources = fetcher_of(settings, progress).obtain_all(plan.toolchain_sources)
        toolkit, steps = toolkit_steps(plan, GraphInputs(sources=sources, setup_local=""))
        sandbox = choose_sandbox(settings.sandbox, paths.cache_root())
        with running_engine(settings, sandbox, progress) as engine:
            compilers, sysroot = (engine.execute(steps, name) for name in toolkit.names)
    return compilers, sysroot, {item.source.name: item for item in sources.values()}
