"""Composes the stages: turns a request into a plan, and a plan into an archive."""

from __future__ import annotations

import dataclasses
import filecmp
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from setup_local import paths, render
from setup_local.atomic_write import atomic_write
from setup_local.build import xcode
from setup_local.build.bootstrapped import find_bootstrapped
from setup_local.build.code_digests import CodeDigests, memory_file
from setup_local.build.cpython_steps import PROFILE
from setup_local.build.engine import Engine, Observer
from setup_local.build.environment import environment_step, read_root
from setup_local.build.forecast import History, history_file
from setup_local.build.graph import build_steps
from setup_local.build.host import check_host
from setup_local.build.isolation import choose_sandbox
from setup_local.build.jobserver import Jobserver
from setup_local.build.llvm import COMPILER, HostLlvm, check_code_generator, find_llvm, with_layout_tools
from setup_local.build.sandbox import Isolation, Root, Sandbox
from setup_local.build.step_parts import GraphInputs
from setup_local.build.steps import Step
from setup_local.build.store import Store
from setup_local.build.workspace import Workspace
from setup_local.catalog.catalogs import PYTHON, Catalogs, load_catalogs
from setup_local.catalog.environments import Environment, load_environment
from setup_local.distribution import AUDIT, finishing_steps
from setup_local.errors import OutputError, RequestError, StoreError
from setup_local.fetch import Fetcher, Obtained
from setup_local.fetch.cache import SourceCache
from setup_local.plan.darwin import half_requests
from setup_local.plan.model import PROFILE_FILE, Plan
from setup_local.plan.resolve import asked_target, refuse_for_system
from setup_local.sourcing import Supply, plan_with_sources, with_own_sources
from setup_local.universal import HALF, half_step, joining_steps
from setup_local.values import LLVM_ON_HOST, BuildSettings, Request, SandboxChoice, ToolchainChoice

# The locale is fixed because sort orders and messages depend on it; steps add everything else they need.
_STEP_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Reporter(Observer, Protocol):
    """An observer that also accepts plain messages."""

    def message(self, text: str) -> None:
        """Show one line."""


def build(request: Request, settings: BuildSettings, reporter: Reporter) -> Path:
    """Build the requested distribution and return the path of its archive in `output`.

    Raises the errors of every stage; no incomplete file is left in `output`.
    """
    check_host(paths.cache_root())
    check_places(settings.output)
    requested_environment(settings)
    refuse_for_system(request)
    request = with_bootstrapped(request, settings)
    catalogs = with_own_sources(request, load_catalogs(), SourceCache(paths.cache_root()))
    request = xcode.completed(request, catalogs.host, os.environ)
    refuse_for_system(request)
    host_llvm = host_compiler(request, catalogs)
    host_xcode = xcode.host_xcode(request, os.environ)
    supply = _supply(request, catalogs, settings, reporter)
    plan = supply.plan
    if plan.profiling and (native := profile_request(plan, request)):
        given = _profile(native, catalogs, settings, reporter, host_llvm)
        plan = dataclasses.replace(plan, profiling=dataclasses.replace(plan.profiling, given=given))
    reporter.message(f"building CPython {plan.python} for {system_text(plan)}")
    if host_llvm:
        plan = dataclasses.replace(plan, llvm_version=host_llvm.version)
        reporter.message(f"compiling with Clang {host_llvm.version}, {host_llvm.programs[COMPILER]}")
    if host_xcode:
        plan = dataclasses.replace(plan, llvm_version=host_xcode.version)
        reporter.message(f"compiling with Xcode's Clang {host_xcode.version}, {host_xcode.programs[COMPILER]}")
    if plan.target.triple == catalogs.universal.triple:
        steps = _joined_steps(plan, request, catalogs, settings, reporter, host_xcode)
    else:
        steps = distribution_steps(plan, supply.sources, jobs=settings.jobs, host_llvm=host_llvm, host_xcode=host_xcode)
    archive = publish(_execute(steps, AUDIT, request, settings, reporter) / plan.archive_name, settings.output)
    for line in license_lines(plan):
        reporter.message(f"licence: {line}")
    return archive


def _supply(request: Request, catalogs: Catalogs, settings: BuildSettings, reporter: Reporter) -> Supply:
    """Return the plan, and its sources."""
    fetcher = fetcher_of(settings, reporter)
    return plan_with_sources(request, catalogs, fetcher, reporter.message, locked=settings.locked)


def fetcher_of(settings: BuildSettings, reporter: Reporter) -> Fetcher:
    """Return a fetcher with these settings."""
    return Fetcher(
        paths.cache_root(),
        mirrors=settings.mirrors,
        offline=settings.offline,
        report=reporter.message,
        environ=os.environ,
    )


def profile_request(plan: Plan, request: Request) -> Request | None:
    """Return the request to build first, for this machine, to get a plan's profile; None if none is needed."""
    if plan.profiling is None or plan.profiling.given or not plan.profiling.native:
        return None
    triple, python = plan.profiling.native, f"{PYTHON}-{plan.python}"
    return dataclasses.replace(
        request,
        python=python,
        target_triple=triple,
        glibc=None,
        macos_minimum=None,
        counters=plan.profiling.counters,
    )


def _profile(
    request: Request, catalogs: Catalogs, settings: BuildSettings, reporter: Reporter, host_llvm: HostLlvm | None
) -> Path:
    """Return the profile of the requested build; nothing after the profile is built."""
    supply = _supply(request, catalogs, settings, reporter)
    reporter.message(f"profiling CPython {supply.plan.python} for {system_text(supply.plan)}")
    steps = distribution_steps(supply.plan, supply.sources, jobs=settings.jobs, host_llvm=host_llvm)
    return _execute(steps, PROFILE, request, settings, reporter) / PROFILE_FILE


def _joined_steps(
    plan: Plan,
    request: Request,
    catalogs: Catalogs,
    settings: BuildSettings,
    reporter: Reporter,
    host_xcode: xcode.Xcode | None,
) -> list[Step]:
    """Build a universal distribution for each of its processors; return the steps that merge the halves.

    The half of this machine's processor comes first: the steps of the last one build the Python that stages the tree.
    """
    asked = dataclasses.replace(request, python=f"{PYTHON}-{plan.python}")
    built = {}
    halves = half_requests(asked, catalogs.universal, catalogs.targets)
    for half in sorted(halves, key=lambda half: half.target_triple != catalogs.host.target.triple):
        supply = _supply(half, catalogs, settings, reporter)
        reporter.message(f"building the part for {system_text(supply.plan)}")
        inputs = GraphInputs(
            sources=supply.sources, setup_local=render.render_setup_local(supply.plan), host_xcode=host_xcode
        )
        toolkit, steps = build_steps(supply.plan, inputs)
        collected = half_step(supply.plan, tuple(step.name for step in steps), toolkit)
        built[half.target_triple] = _execute([*steps, collected], HALF, half, settings, reporter)
    return [*steps, *joining_steps(plan, catalogs.universal, built, toolkit, jobs=settings.jobs)]


def _execute(steps: Sequence[Step], goal: str, request: Request, settings: BuildSettings, reporter: Reporter) -> Path:
    """Run the steps up to `goal` that are not in the store; return its result."""
    cache = paths.cache_root()
    root = environment_root(settings, reporter)
    sandbox = choose_sandbox(settings.sandbox, cache, [request.llvm] if request.llvm else [], root)
    with running_engine(settings, sandbox, reporter) as engine:
        return engine.execute(steps, goal)


def with_bootstrapped(request: Request, settings: BuildSettings) -> Request:
    """Return a request for the bootstrapped toolchain with its directory. Raises `ToolchainError`."""
    if request.toolchain is not ToolchainChoice.BOOTSTRAP:
        return request
    found = find_bootstrapped(paths.cache_root(), settings.environment)
    return dataclasses.replace(request, llvm=found)


def environment_root(settings: BuildSettings, reporter: Reporter) -> Root | None:
    """Return the root file system that steps run in, built if the store does not have it; None for the host's own.

    Raises `RequestError` for an environment that cannot be built, `SourceError` if a package is not available.
    """
    environment = requested_environment(settings)
    if environment is None:
        return None
    packages = fetcher_of(settings, reporter).obtain_all(environment.sources)
    step = environment_step(environment, packages.values())
    with running_engine(settings, Sandbox(program=None), reporter) as engine:
        return read_root(environment.name, engine.execute([step], step.name))


def requested_environment(settings: BuildSettings) -> Environment | None:
    """Return the environment in the settings; raise `RequestError` for one that steps cannot run in."""
    if not settings.environment:
        if settings.sandbox is SandboxChoice.DOCKER:
            raise RequestError("--sandbox docker needs an environment", hint="name one with --environment")
        return None
    if settings.sandbox is SandboxChoice.NONE:
        raise RequestError("--environment needs a sandbox", hint="leave --sandbox none out")
    environment = load_environment(settings.environment)
    environment.refuse_unresolved()
    return environment


@contextmanager
def running_engine(settings: BuildSettings, sandbox: Isolation, reporter: Reporter) -> Iterator[Engine]:
    """Provide an engine, with scratch space and job slots that exist as long as it is used."""
    cache = paths.cache_root()
    with Jobserver(settings.jobs) as jobserver, Workspace(cache, keep=settings.keep_build) as workspace:
        if settings.keep_build:
            reporter.message(f"keeping the steps' scratch directories in {workspace.root}")
        yield Engine(
            store=Store(cache),
            workspace=workspace,
            sandbox=sandbox,
            jobserver=jobserver,
            logs=cache / "logs",
            env=_STEP_ENVIRONMENT,
            observer=reporter,
            code=CodeDigests(memory_file(cache)),
            history=History(history_file(cache)),
        )


def host_compiler(request: Request, catalogs: Catalogs) -> HostLlvm | None:
    """Return the host's LLVM, None for a request that uses the wheel's.

    Raises `ToolchainError` if there is none, or if it cannot compile for the target.
    """
    if request.toolchain not in LLVM_ON_HOST:
        return None
    found = find_llvm(catalogs.toolchain.llvm, path=os.environ.get("PATH", os.defpath), directory=request.llvm)
    check_code_generator(found, asked_target(request, catalogs).system)
    if request.toolchain is ToolchainChoice.BOOTSTRAP and request.llvm:
        return with_layout_tools(found, request.llvm, catalogs.llvm_tools.layout)
    return found


def distribution_steps(
    plan: Plan,
    sources: Mapping[str, Obtained],
    *,
    jobs: int,
    host_llvm: HostLlvm | None = None,
    host_xcode: xcode.Xcode | None = None,
) -> list[Step]:
    """Return all steps up to the audited archive, compiled by the host's LLVM or Xcode if the plan uses that."""
    inputs = GraphInputs(
        sources=sources, setup_local=render.render_setup_local(plan), host_llvm=host_llvm, host_xcode=host_xcode
    )
    toolkit, steps = build_steps(plan, inputs)
    built = tuple(step.name for step in steps)
    return [*steps, *finishing_steps(plan, built, toolkit, jobs=jobs)]


def check_places(output: Path) -> None:
    """Raise `OutputError` or `StoreError` before any work is done if the result or the cache could not be written."""
    paths.check_writable(output, OutputError, "choose another --output")
    paths.check_writable(paths.cache_root(), StoreError, "set SETUP_LOCAL_CACHE to another directory")


def publish(archive: Path, output: Path) -> Path:
    """Copy an archive out of the store; it appears under its name only when it is complete.

    A copy has the time of its original, so that it is recognized later without reading both.
    """
    target = output.absolute() / archive.name
    if target.is_file() and filecmp.cmp(target, archive):
        return target
    try:
        with atomic_write(target) as fresh:
            shutil.copyfile(archive, fresh)
            os.utime(fresh, ns=(archive.stat().st_atime_ns, archive.stat().st_mtime_ns))
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror}", where=target, hint="choose another --output"
        ) from error
    return target


def license_lines(plan: Plan) -> tuple[str, ...]:
    """Return what the licences of the libraries mean for the whole distribution, one sentence each."""
    return tuple(line for consequence in plan.consequences for line in consequence.lines)


def plan_json(plan: Plan) -> str:
    """Return a plan as machine-readable JSON."""
    document = dataclasses.asdict(plan) | {"archive": plan.archive_name}
    return json.dumps(document, indent=2, default=lambda value: getattr(value, "value", str(value)))


def system_text(plan: Plan) -> str:
    """Return a plan's target system in readable form."""
    return plan.target.triple + (f", {plan.target.libc.floor} {plan.floor} or newer" if plan.floor else "")


def plan_text(plan: Plan) -> str:
    """Return a plan in readable form."""
    counts = {
        mode: sum(item.link.value == mode for item in plan.extensions) for mode in ("static", "shared", "disabled")
    }
    libraries = "\n".join(f"  {item.source.identity:24} {', '.join(item.library.licenses)}" for item in plan.libraries)
    native = plan.profiling.native if plan.profiling and not plan.profiling.given else ""
    profile = f"profile: from the same build for {native}, which is built first\n" if native else ""
    return (
        f"CPython {plan.python} for {system_text(plan)}, {plan.tls}, toolchain {plan.toolchain}\n"
        f"archive: {plan.archive_name}\n"
        f"{profile}"
        f"extension modules: {', '.join(f'{count} {mode}' for mode, count in counts.items())}\n"
        f"libraries, in build order:\n{libraries}"
        f"{''.join(f'{chr(10)}licence: {line}' for line in license_lines(plan))}"
    )
