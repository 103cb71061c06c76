"""Builds a toolchain from sources in an environment: the packages, the root file system, then stage after stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from setup_local.build.bootstrap_chain import TOOLCHAIN, chain_steps, collect_step, stage_step
from setup_local.build.bootstrapped import register
from setup_local.build.host import check_space
from setup_local.build.isolation import choose_sandbox
from setup_local.catalog.architectures import load_architecture, names
from setup_local.catalog.bootstrap_chain import BootstrapChain, load_chain
from setup_local.catalog.sources import NoCandidate, load_sources
from setup_local.errors import RequestError, SourceError, StoreError
from setup_local.fetch import Fetcher, Obtained
from setup_local.paths import cache_root, check_writable
from setup_local.pipeline import Reporter, environment_root, fetcher_of, running_engine
from setup_local.values import BuildSettings

_NEEDED_BYTES = 12 << 30  # LLVM's source and objects are most of it


def bootstrap(settings: BuildSettings, reporter: Reporter, *, until: str = "", processors: Sequence[str] = ()) -> Path:
    """Build a toolchain in the environment of the settings, or one of its stages, and return its directory.

    Its Clang compiles for these processors and that of the environment, or for all if none is named. Results in the
    store are reused, and a stage that was killed is resumed. Raises `RequestError` without an environment and for an
    unknown stage or processor, and what fetching and building raise.
    """
    if not settings.environment:
        raise RequestError("bootstrapping a toolchain needs an environment", hint="name one with --environment")
    chain = load_chain()
    wanted, chosen = target_step(chain, until), backends(chain, processors)
    check_writable(cache_root(), StoreError, "set SETUP_LOCAL_CACHE to another directory")
    if wanted == TOOLCHAIN:
        check_space(cache_root(), _NEEDED_BYTES)
    root = environment_root(settings, reporter)
    sources = obtain_sources(chain, fetcher_of(settings, reporter))
    steps = chain_steps(chain, sources, chosen)
    steps.append(collect_step(chain, settings.environment))
    sandbox = choose_sandbox(settings.sandbox, cache_root(), (), root)
    with running_engine(settings, sandbox, reporter) as engine:
        made = engine.execute(steps, wanted)
    if wanted == TOOLCHAIN:
        register(cache_root(), settings.environment, made)
    return made


def target_step(chain: BootstrapChain, until: str) -> str:
    """Return the step that builds a stage, or the whole toolchain."""
    stages = [stage.name for stage in chain.stages]
    if until and until not in stages:
        raise RequestError(f"unknown stage {until}", hint=f"one of: {', '.join(stages)}")
    return stage_step(until) if until else TOOLCHAIN


def backends(chain: BootstrapChain, processors: Sequence[str]) -> list[str]:
    """Return LLVM's names of the code generators for some processors, or for all if none is named.

    The processor that the chain's own programs run on is always one of them. Raises `RequestError` for an unknown one.
    """
    known = names()
    if unknown := [name for name in processors if name not in known]:
        raise RequestError(f"unknown processor {unknown[0]}", hint=f"one of: {', '.join(known)}")
    wanted = {*processors, chain.triple.partition("-")[0]} if processors else known
    return sorted({load_architecture(name).backend for name in wanted})


def obtain_sources(chain: BootstrapChain, fetcher: Fetcher) -> dict[str, Obtained]:
    """Return the source of each stage: of the pins that fit, the best available one. Raises `SourceError`."""
    pins = load_sources()
    found: dict[str, Obtained] = {}
    for stage in chain.stages:
        failure: SourceError | NoCandidate = NoCandidate(stage.requirement)
        for source in pins.candidates(stage.requirement):
            try:
                found[stage.name] = fetcher.obtain(source)
                break
            except SourceError as error:
                failure = error
        else:
            raise failure
    return found
