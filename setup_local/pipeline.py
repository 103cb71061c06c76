"""Composes the stages: a request becomes a plan, a plan becomes an archive.

What only a step's action needs is imported there: a build that has nothing to do never loads it.
"""

from __future__ import annotations

import dataclasses
import filecmp
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from setup_local import paths, render
from setup_local.build.code_digests import CodeDigests, memory_file
from setup_local.build.cpython_steps import CPYTHON, SHARED
from setup_local.build.engine import Engine, Observer
from setup_local.build.forecast import History, history_file
from setup_local.build.graph import build_steps
from setup_local.build.host import check_host
from setup_local.build.jobserver import Jobserver
from setup_local.build.llvm import COMPILER, HostLlvm, find_llvm
from setup_local.build.sandbox import choose_sandbox
from setup_local.build.step_parts import GraphInputs, library_step
from setup_local.build.steps import Job, Step
from setup_local.build.store import Store
from setup_local.build.workspace import Workspace
from setup_local.catalog.catalogs import Catalogs, load_catalogs
from setup_local.catalog.patches import patch_files
from setup_local.errors import OutputError, StoreError, ValidationFailed
from setup_local.fetch import Fetcher, Obtained
from setup_local.fetch.cache import SourceCache
from setup_local.plan.model import Plan
from setup_local.sourcing import plan_with_sources, with_own_sources
from setup_local.values import BuildSettings, Request, ToolchainChoice
from setup_local.whole import whole

_DISTRIBUTION = "distribution"
_AUDIT = "audit"
_MOST_FINDINGS = 20
_RESULT_SCHEMAS = tuple(paths.SCHEMA / f"{name}.schema.json" for name in ("python-json-8", "sources-record-1"))
# The data files that decide about the archive once everything is built, and those that its audit reads.
_FINISHING = (
    paths.DATA / "probe",
    paths.DATA / "sysconfig.toml",
    paths.DATA / "keys.toml",
    paths.DATA / "keys",
    *patch_files(["pip-launchers.toml"]),
    paths.DATA / "musl.toml",
    paths.DATA / "polyfill",
    paths.TEMPLATES,
    *_RESULT_SCHEMAS,
)
_JUDGING = (
    paths.DATA / "policy",
    paths.DATA / "flavors.toml",
    paths.DATA / "licenses.toml",
    paths.DATA / "limits.toml",
    *_RESULT_SCHEMAS,
)
# The locale is fixed because sort orders and messages depend on it; everything else a step needs is added to this.
_STEP_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Reporter(Observer, Protocol):
    """An observer that also takes plain messages."""

    def message(self, text: str) -> None:
        """Show one line."""


def build(request: Request, settings: BuildSettings, reporter: Reporter) -> Path:
    """Build the distribution that a request asks for and return the path of its archive in `output`.

    Raises the errors of every stage; nothing half-written is left in `output`.
    """
    check_host(paths.cache_root())
    check_places(settings.output)
    catalogs = with_own_sources(request, load_catalogs(), SourceCache(paths.cache_root()))
    host_llvm = host_compiler(request, catalogs)
    fetcher = Fetcher(
        paths.cache_root(),
        mirrors=settings.mirrors,
        offline=settings.offline,
        report=reporter.message,
        environ=os.environ,
    )
    supply = plan_with_sources(request, catalogs, fetcher, reporter.message, locked=settings.locked)
    plan = supply.plan
    reporter.message(f"building CPython {plan.python} for {system_text(plan)}")
    if host_llvm:
        plan = dataclasses.replace(plan, llvm_version=host_llvm.version)
        reporter.message(f"compiling with Clang {host_llvm.version}, {host_llvm.programs[COMPILER]}")
    with Jobserver(settings.jobs) as jobserver, Workspace(paths.cache_root(), keep=settings.keep_build) as workspace:
        engine = Engine(
            store=Store(paths.cache_root()),
            workspace=workspace,
            sandbox=choose_sandbox(settings.sandbox, paths.cache_root(), [request.llvm] if request.llvm else []),
            jobserver=jobserver,
            logs=paths.cache_root() / "logs",
            env=_STEP_ENVIRONMENT,
            observer=reporter,
            code=CodeDigests(memory_file(paths.cache_root())),
            history=History(history_file(paths.cache_root())),
        )
        steps = distribution_steps(plan, supply.sources, jobs=settings.jobs, host_llvm=host_llvm)
        if settings.keep_build:
            reporter.message(f"keeping the steps' scratch directories in {workspace.root}")
        result = engine.execute(steps, _AUDIT)
    archive = publish(result / archive_name(plan), settings.output)
    for line in license_lines(plan):
        reporter.message(f"licence: {line}")
    return archive


def host_compiler(request: Request, catalogs: Catalogs) -> HostLlvm | None:
    """Return the host's LLVM, None for a request that takes the wheel's; raise `ToolchainError` if there is none."""
    if request.toolchain is not ToolchainChoice.LLVM:
        return None
    return find_llvm(catalogs.toolchain.llvm, path=os.environ.get("PATH", os.defpath), directory=request.llvm)


def distribution_steps(
    plan: Plan, sources: Mapping[str, Obtained], *, jobs: int, host_llvm: HostLlvm | None = None
) -> list[Step]:
    """Return all steps up to the archive; `host_llvm` is the compiler where the plan takes the host's."""
    inputs = GraphInputs(sources=sources, setup_local=render.render_setup_local(plan), host_llvm=host_llvm)
    steps = build_steps(plan, inputs)
    last = _distribution_step(plan, tuple(step.name for step in steps), sources, jobs)
    return [*steps, last, _audit_step(plan, last.name)]


def _distribution_step(plan: Plan, needs: tuple[str, ...], sources: Mapping[str, Obtained], jobs: int) -> Step:
    """Return the step that makes the archive; the first two that it needs are the toolchain and the sysroot."""
    compilers, libc = needs[:2]

    def action(job: Job) -> None:
        from setup_local.build.graph import runtime_support
        from setup_local.build.loader import build_loader
        from setup_local.describe.compose import describe
        from setup_local.describe.documents import documents
        from setup_local.describe.probe import probe
        from setup_local.stage import files
        from setup_local.stage.pack import pack
        from setup_local.stage.tree import Results, stage_tree

        libraries = {item.name: job.inputs[library_step(item.name)] for item in plan.libraries}
        support = runtime_support(plan, job.inputs[compilers], job.inputs[libc], job.work / "support")
        results = Results(cpython=job.inputs[CPYTHON], libraries=libraries | support, shared=job.inputs.get(SHARED))
        starter = build_loader(plan, job.inputs[libc])
        staged = stage_tree(plan, results, job.work, jobs=jobs, starter=(starter,) if starter else ())
        facts = probe(staged)
        description = describe(plan, staged, facts)
        for document in documents(plan, staged, sources):
            files.write(staged.root / document.path, document.text)
        pack(staged, description, job.out / archive_name(plan), threads=jobs)

    forms = [sources[source.identity].form for source in plan.sources]
    return Step(name=_DISTRIBUTION, ingredients=[plan, forms], needs=needs, data=_FINISHING, action=action, weight=40)


def _audit_step(plan: Plan, distribution: str) -> Step:
    """Return the step that lets an archive through only if the audit finds nothing."""
    machine = (str(paths.cache_root()), str(paths.PACKAGE.parent))

    def action(job: Job) -> None:
        from setup_local.audit.validate import validate_archive

        archive = job.inputs[distribution] / archive_name(plan)
        verdict = validate_archive(archive, forbid=machine)
        if not verdict.holds:
            found = [f"  {item.rule}: {item.where}: {item.what}" for item in verdict.walk()]
            raise ValidationFailed("\n".join(["is refused by the audit:", *found[:_MOST_FINDINGS]]), where=archive.name)
        os.link(archive, job.out / archive.name)

    return Step(
        name=_AUDIT,
        ingredients=(),
        needs=(distribution,),
        data=_JUDGING,
        action=action,
        weight=5,
    )


def archive_name(plan: Plan) -> str:
    """Return the file name of the full archive."""
    return f"{plan.archive_stem}-full.tar.{plan.archive_format.value}"


def check_places(output: Path) -> None:
    """Raise `OutputError` or `StoreError` before any work is done if the result or the cache could not be written."""
    paths.check_writable(output, OutputError, "choose another --output")
    paths.check_writable(paths.cache_root(), StoreError, "name another directory with SETUP_LOCAL_CACHE")


def publish(archive: Path, output: Path) -> Path:
    """Copy an archive out of the store; it appears under its name only when it is whole.

    A copy has the time of its original, so that it is known again without reading both.
    """
    target = output.absolute() / archive.name
    if target.is_file() and filecmp.cmp(target, archive):
        return target
    try:
        with whole(target) as fresh:
            shutil.copyfile(archive, fresh)
            os.utime(fresh, ns=(archive.stat().st_atime_ns, archive.stat().st_mtime_ns))
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror}", where=target, hint="choose another --output"
        ) from error
    return target


def license_lines(plan: Plan) -> tuple[str, ...]:
    """Return what the licences of the libraries mean for the whole distribution, a sentence each."""
    return tuple(line for consequence in plan.consequences for line in consequence.lines)


def plan_json(plan: Plan) -> str:
    """Return a plan as JSON for machines."""
    document = dataclasses.asdict(plan) | {"archive": archive_name(plan)}
    return json.dumps(document, indent=2, default=lambda value: getattr(value, "value", str(value)))


def system_text(plan: Plan) -> str:
    """Return what a plan builds for as a person wants to read it."""
    return plan.target.triple + (f", glibc {plan.floor} or newer" if plan.floor else "")


def plan_text(plan: Plan) -> str:
    """Return a plan as a person wants to read it."""
    counts = {
        mode: sum(item.link.value == mode for item in plan.extensions) for mode in ("static", "shared", "disabled")
    }
    libraries = "\n".join(f"  {item.source.identity:24} {', '.join(item.library.licenses)}" for item in plan.libraries)
    return (
        f"CPython {plan.python} for {system_text(plan)}, {plan.tls}, toolchain {plan.toolchain}\n"
        f"archive: {archive_name(plan)}\n"
        f"extension modules: {', '.join(f'{count} {mode}' for mode, count in counts.items())}\n"
        f"libraries, in build order:\n{libraries}"
        f"{''.join(f'{chr(10)}licence: {line}' for line in license_lines(plan))}"
    )
