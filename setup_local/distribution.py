"""The steps after CPython: its results become a staged tree, which is described, packed and audited.

They are separate steps, so that a change in how a distribution is described neither stages it again nor recompiles
bytecode. Modules that only a step's action needs are imported there: a build that has nothing to do never loads them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from setup_local import paths
from setup_local.build import build_python
from setup_local.build.cpython_steps import CPYTHON, SHARED
from setup_local.build.step_parts import Toolkit, emulation_step, library_step
from setup_local.build.steps import Job, Step
from setup_local.errors import ValidationFailed
from setup_local.plan.model import Plan
from setup_local.values import OperatingSystem

if TYPE_CHECKING:
    from setup_local.stage.staged import StagedTree
    from setup_local.stage.tree import Results

STAGE = "stage"
DESCRIBE = "describe"
DOCUMENTS = "documents"
PACK = "pack"
AUDIT = "audit"
_MOST_FINDINGS = 20
_DESCRIPTION_SCHEMA = paths.SCHEMA / "python-json-8.schema.json"
_SOURCES_SCHEMA = paths.SCHEMA / "sources-record-1.schema.json"
_STAGE_TEMPLATES = (
    "run_tests.py.j2",
    "script-start.j2",
    "sysconfigdata.py.j2",
    "python-config.sh.j2",
    "tkinter-scripts.py.j2",
)

# The data files that staging reads.
STAGE_DATA = (
    paths.DATA / "probe" / "compile_tree.py",
    paths.DATA / "polyfill",
    *(paths.TEMPLATES / name for name in _STAGE_TEMPLATES),
)


def finishing_steps(plan: Plan, built: tuple[str, ...], toolkit: Toolkit, *, jobs: int) -> list[Step]:
    """Return the steps from the results of `built` to the audited archive, which is the result of the last."""
    return [stage_step(plan.for_staging, built, toolkit, jobs), *steps_after_staging(plan, toolkit, jobs=jobs)]


def steps_after_staging(plan: Plan, toolkit: Toolkit, *, jobs: int) -> list[Step]:
    """Return the steps from the staged tree to the audited archive, which is the result of the last."""
    return [
        describe_step(plan.for_describing, toolkit),
        documents_step(plan.for_describing),
        pack_step(plan.archive_name, jobs),
        audit_step(plan.archive_name),
    ]


def stage_step(plan: Plan, built: tuple[str, ...], toolkit: Toolkit, jobs: int) -> Step:
    """Return the step that makes the staged tree, with its bytecode.

    The tree stays in the store. It takes little space there: files that no staging step changes are hard links to the
    results of the previous steps.
    """

    def action(job: Job) -> None:
        from setup_local.stage.staged import write_record

        stage = _stage_windows if plan.target.os is OperatingSystem.WINDOWS else _stage_unix
        write_record(stage(plan, toolkit, job, jobs), job.out)

    return Step(name=STAGE, ingredients=plan, needs=built, data=STAGE_DATA, action=action, weight=25)


def _stage_unix(plan: Plan, toolkit: Toolkit, job: Job, jobs: int) -> StagedTree:
    from setup_local.build.launcher import find_launcher
    from setup_local.stage.tree import stage_tree

    launcher = find_launcher(plan, job.inputs[toolkit.libc], job.inputs.get(emulation_step(plan)))
    return stage_tree(plan, built_results(plan, toolkit, job), job.out, launcher=launcher, jobs=jobs)


def _stage_windows(plan: Plan, toolkit: Toolkit, job: Job, jobs: int) -> StagedTree:
    from setup_local.stage.windows import stage_windows

    return stage_windows(plan, built_results(plan, toolkit, job), job.inputs[toolkit.libc], job.out, jobs)


def built_results(plan: Plan, toolkit: Toolkit, job: Job) -> Results:
    """Return the results of the previous steps from which a tree is staged."""
    from setup_local.build.graph import runtime_support
    from setup_local.stage.tree import Results

    support = runtime_support(plan, job.inputs[toolkit.compilers], job.inputs[toolkit.libc], job.work / "support")
    return Results(
        cpython=job.inputs[CPYTHON],
        libraries={item.name: job.inputs[library_step(item.name)] for item in plan.libraries} | support,
        shared=job.inputs.get(SHARED),
        build_python=find_build_python(job),
    )


def describe_step(plan: Plan, toolkit: Toolkit) -> Step:
    """Return the step that writes PYTHON.json."""

    def action(job: Job) -> None:
        from setup_local.build.launcher import choose_python, find_launcher
        from setup_local.describe.compose import describe
        from setup_local.describe.probe import probe
        from setup_local.describe.read import read_facts, refuse_differences
        from setup_local.describe.windows import magic_number, windows_facts
        from setup_local.stage import files
        from setup_local.stage.pack import DESCRIPTION
        from setup_local.stage.staged import read_record

        staged = read_record(job.inputs[STAGE])
        if plan.target.os is OperatingSystem.WINDOWS:
            stdlib = staged.root / "install" / "Lib"
            facts = windows_facts(plan, staged, magic_number(stdlib))
            files.write(job.out / DESCRIPTION, describe(plan, staged, facts).to_json())
            return
        launcher = find_launcher(plan, job.inputs[toolkit.libc], job.inputs.get(emulation_step(plan)))
        facts = read_facts(plan, staged, choose_python(staged.interpreter, launcher, find_build_python(job)))
        if launcher:
            refuse_differences(facts, probe(staged, launcher), where=staged.python_exe)
        files.write(job.out / DESCRIPTION, describe(plan, staged, facts).to_json())

    data = (paths.DATA / "probe" / "facts.py", _DESCRIPTION_SCHEMA)
    needs = (STAGE, toolkit.libc, emulation_step(plan), *build_python.build_python_needs(plan))
    return Step(name=DESCRIBE, ingredients=plan, needs=tuple(filter(None, needs)), data=data, action=action, weight=1)


def find_build_python(job: Job) -> Path | None:
    """Return the build Python, None if the interpreter itself runs here."""
    made = job.inputs.get(build_python.STEP)
    return made / build_python.PREFIX / "bin" / "python3" if made else None


def documents_step(plan: Plan) -> Step:
    """Return the step that writes the documents next to PYTHON.json."""

    def action(job: Job) -> None:
        from setup_local.describe.documents import documents
        from setup_local.stage import files
        from setup_local.stage.staged import read_record

        for document in documents(plan, read_record(job.inputs[STAGE])):
            files.write(job.out / document.path, document.text)

    return Step(name=DOCUMENTS, ingredients=plan, needs=(STAGE,), data=(_SOURCES_SCHEMA,), action=action, weight=1)


def pack_step(archive_name: str, jobs: int) -> Step:
    """Return the step that packs the staged tree, its description and its documents without copying them first."""

    def action(job: Job) -> None:
        from setup_local.stage.pack import pack
        from setup_local.stage.staged import TREE

        trees = (job.inputs[STAGE] / TREE, job.inputs[DESCRIBE], job.inputs[DOCUMENTS])
        pack(trees, job.out / archive_name, threads=jobs)

    needs = (STAGE, DESCRIBE, DOCUMENTS)
    return Step(name=PACK, ingredients=archive_name, needs=needs, action=action, weight=15)


def audit_step(archive_name: str) -> Step:
    """Return the step that passes an archive on only if the audit finds nothing."""
    machine = (str(paths.cache_root()), str(paths.PACKAGE.parent))

    def action(job: Job) -> None:
        from setup_local.audit.validate import validate_archive

        archive = job.inputs[PACK] / archive_name
        verdict = validate_archive(archive, forbid=machine)
        if not verdict.holds:
            found = [f"  {item.rule}: {item.where}: {item.what}" for item in verdict.walk()]
            raise ValidationFailed("\n".join(["is refused by the audit:", *found[:_MOST_FINDINGS]]), where=archive.name)
        os.link(archive, job.out / archive.name)

    return Step(name=AUDIT, ingredients=(), needs=(PACK,), data=_judging(), action=action, weight=5)


def _judging() -> tuple[Path, ...]:
    """Return the data files that the audit reads."""
    names = ("policy", "flavors.toml", "licenses.toml", "limits.toml", "sysroot.toml")
    return (*(paths.DATA / name for name in names), _DESCRIPTION_SCHEMA, _SOURCES_SCHEMA)
