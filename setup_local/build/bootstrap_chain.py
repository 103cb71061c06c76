"""The stages of the bootstrap chain as steps. A stage that is killed resumes where it was: its scratch space is kept.

Mark files next to its source tree record which parts of a stage are done. Make and Ninja track objects themselves.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from setup_local import fetch
from setup_local.build.step_parts import pins
from setup_local.build.steps import Job, ResumableStep, Step
from setup_local.build.toolchain import SYSTEM_PATH
from setup_local.catalog.bootstrap_chain import NEED, PLACEHOLDER, BootstrapChain, Stage
from setup_local.errors import StepError
from setup_local.fetch import Obtained

TOOLCHAIN = "toolchain:bootstrap"
RECORD = "toolchain.json"
_PREFIX = "bootstrap:"
_COMPILED = frozenset({".a", ".lo", ".o", ".so"})
_DOUBTFUL_SECONDS = 60
_JOBS = re.compile(r"-j(\d+)")


def stage_step(name: str) -> str:
    """Return the name of the step of a stage."""
    return f"{_PREFIX}{name}"


def chain_steps(chain: BootstrapChain, sources: Mapping[str, Obtained], backends: Sequence[str]) -> list[Step]:
    """Return the steps of a chain.

    `sources` are the obtained ones by the names of the stages, `backends` LLVM's names of the code generators to build.
    """
    constants = {"backends": ";".join(backends), "prefix": chain.prefix, "triple": chain.triple}
    return [_step(stage, sources[stage.name], constants) for stage in chain.stages]


def _step(stage: Stage, source: Obtained, constants: Mapping[str, str]) -> Step:
    whole = dataclasses.replace(source, form=dataclasses.replace(source.form, extent=None))
    used = {name: value for name, value in constants.items() if name in stage.placeholders}

    def action(job: Job) -> None:
        build_stage(stage, whole, job, constants)

    return ResumableStep(
        name=stage_step(stage.name),
        ingredients=[dataclasses.replace(stage, weight=0, versions=""), used, pins([whole])],
        needs=tuple(stage_step(name) for name in stage.needs),
        action=action,
        weight=stage.weight,
    )


def collect_step(chain: BootstrapChain, environment: str) -> Step:
    """Return the step that merges what the stages installed into one toolchain, with a record of its contents."""
    places, versions = dict(chain.programs), {stage.name: stage.versions for stage in chain.stages}
    makers = sorted({place.partition("/")[0] for place in places.values()})

    def action(job: Job) -> None:
        for name in makers:
            shutil.copytree(job.inputs[stage_step(name)], job.out, symlinks=True, dirs_exist_ok=True)
        programs = {name: place.partition("/")[2] for name, place in places.items()}
        for place in programs.values():
            job.run([job.out / place, "--version"], cwd=job.out)
        record = {"environment": environment, "programs": programs, "stages": versions}
        (job.out / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    return Step(
        name=TOOLCHAIN,
        ingredients=[places, versions, environment],
        needs=tuple(stage_step(name) for name in makers),
        action=action,
        weight=20,
    )


def build_stage(stage: Stage, source: Obtained, job: Job, constants: Mapping[str, str]) -> None:
    """Fill `job.out` with what a stage installs: `bin/`, `lib/` and so on; `constants` are values of placeholders.

    Raises `StepError`, `SourceError`.
    """
    needs = {name: job.inputs[stage_step(name)] for name in stage.needs}
    tree = _once(job.work / "unpacked", lambda: str(_unpack(stage, source, job.work / "source")))
    values = {
        **constants,
        "jobs": _jobs(job.env),
        "out": str(job.out),
        "source": tree,
        **{f"{NEED}{name}": str(path) for name, path in needs.items()},
    }
    env = _environment(job.env, needs.values())
    build = job.work / "build"
    build.mkdir(exist_ok=True)

    def run(commands: Iterable[Iterable[str]], place: Path) -> str:
        for words in commands:
            job.run([_expand(word, values) for word in words], cwd=place, env=env)
        return ""

    if (job.work / "configured").is_file():
        remove_newest(build)
    _once(job.work / "prepared", lambda: run(stage.prepare, Path(tree)))
    _once(job.work / "configured", lambda: run([stage.configure], build))
    run(stage.build, build)
    run(stage.install, build)
    _move_up(job.out, constants["prefix"], where=stage.name)


def remove_newest(build: Path) -> None:
    """Remove files compiled in the last minute before a kill: one may be incomplete, and make would accept it."""
    times = {path: path.lstat().st_mtime for path in build.rglob("*") if path.is_file() and not path.is_symlink()}
    last = max(times.values(), default=0.0)
    for path, time in times.items():
        if path.suffix in _COMPILED and time > last - _DOUBTFUL_SECONDS:
            path.unlink()


def _once(mark: Path, work: Callable[[], str]) -> str:
    """Do some work unless its mark says that it is done; return the content of the mark, which is the work's result."""
    if not mark.is_file():
        answer = work()
        fresh = mark.with_suffix(".fresh")
        fresh.write_text(answer, encoding="utf-8")
        fresh.replace(mark)
    return mark.read_text(encoding="utf-8")


def _unpack(stage: Stage, source: Obtained, into: Path) -> Path:
    """Unpack a source from scratch; return its tree."""
    shutil.rmtree(into, ignore_errors=True)
    tree = fetch.unpack(source, into / "archive", only=stage.keep)
    inner = tree / stage.inside.replace("{version}", source.source.version)
    if not stage.inside or not inner.is_file():
        return tree
    root = source.source.identity
    form = dataclasses.replace(source.form, file=inner.name, root=root)
    return fetch.unpack(dataclasses.replace(source, form=form, path=inner), into / "inside")


def _environment(base: Mapping[str, str], needs: Iterable[Path]) -> dict[str, str]:
    """Return the environment of every command: programs of needed stages come before those of the environment."""
    places = [str(path / "bin") for path in needs if (path / "bin").is_dir()]
    return {**base, "PATH": ":".join([*places, SYSTEM_PATH]), "HOME": "/nonexistent", "CONFIG_SHELL": "/bin/sh"}


def _jobs(env: Mapping[str, str]) -> str:
    """Return the number of parallel compilers, for programs that do not use make's job server."""
    found = _JOBS.search(env.get("MAKEFLAGS", ""))
    return found[1] if found else "1"


def _expand(word: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values[match[1]], word)


def _move_up(out: Path, prefix: str, *, where: str) -> None:
    """Move what was installed below the prefix to the result's top; drop libtool's files, which name build paths."""
    installed = out / prefix.lstrip("/")
    if not installed.is_dir():
        raise StepError(f"nothing was installed below {prefix}", where=stage_step(where))
    for path in installed.rglob("*.la"):
        path.unlink()
    for path in list(installed.iterdir()):
        path.rename(out / path.name)
    shutil.rmtree(out / prefix.lstrip("/").partition("/")[0])
