"""Makes the profile of an optimized build: runs a workload in an instrumented CPython and merges the counters."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from setup_local.build.cpython import Recipe, compile_cpython
from setup_local.build.optimized import LOOP
from setup_local.build.steps import Runner
from setup_local.catalog.cpython import Training
from setup_local.errors import OptimizationError, StepError
from setup_local.plan.model import PROFILE_FILE, PlannedProfiling
from setup_local.values import Counters

_SUMMARY = "summary.txt"
_MERGER = "llvm-profdata"

# A profile that saw less of the interpreter's loop, or less often, is rejected. The workload sees 62 % of it; 31 % in a
# free-threaded 3.13, which specializes no instruction.
_LEAST_SEEN = 1_000_000
_LEAST_SHARE = 0.25
# How llvm-profdata names the kinds of counters.
_LEVELS = {
    Counters.INTERMEDIATE: "Instrumentation level: IR",
    Counters.SOURCE: "Instrumentation level: Front-end",
}
_WHERE = {Counters.INTERMEDIATE: "compiler's intermediate code", Counters.SOURCE: "source's syntax tree"}
_VERSION = slice(8, 16)  # of an indexed profile; its upper bits are flags: VARIANT_MASK_IR_PROF in LLVM's InstrProf.h
_FROM_INTERMEDIATE = 1 << 56
_COUNTS = re.compile(r"Block counts: \[([\d, ]*)\]")


def train(source: Path, recipe: Recipe, profiling: PlannedProfiling, *, tools: Path, out: Path, run: Runner) -> None:
    """Compile an instrumented CPython in `source`, run the workload in it, and merge its counters into `out`.

    `tools` is the directory of `llvm-profdata`. Raises `StepError` when a required command fails, and
    `OptimizationError` for a profile without useful counts.
    """
    raw = source.parent / "raw"
    ignored = {"LLVM_PROFILE_FILE": str(source.parent / "ignored" / "%4m.profraw")}
    counting = {"LLVM_PROFILE_FILE": str(raw / "%4m.profraw")}
    env = compile_cpython(source, dataclasses.replace(recipe, env={**recipe.env, **ignored}), run)
    for _ in run_workload(source, profiling.training, run, {**env, **counting}):
        pass  # each process adds to the counts of the others
    merge(raw, profiling.counters, tools=tools, out=out, run=run, env=env)


def run_workload(source: Path, training: Training, run: Runner, env: Mapping[str, str]) -> Iterator[None]:
    """Run the workload with the interpreter in CPython's built tree; pause after each command.

    Raises `StepError` for a required command that fails, and for every crash, which loses the process's counts.
    """
    for command in training.command:
        try:
            run(["./python", *command.argv], cwd=source, env={**env, **training.environment})
        except StepError as error:
            if error.crashed or not command.may_fail:
                raise
        yield


def merge(raw: Path, kind: Counters, *, tools: Path, out: Path, run: Runner, env: Mapping[str, str]) -> None:
    """Merge the counters of all processes into `out/cpython.profdata`, and check that they are useful."""
    counters = sorted(raw.glob("*.profraw"))
    if not counters:
        raise OptimizationError("the workload left no counters: the build was not instrumented", where=raw)
    run([tools / _MERGER, "merge", "-o", out / PROFILE_FILE, *counters], cwd=out, env=env)
    check_profile(out, kind, tools=tools, run=run, env=env)


def refuse_other_counters(profile: Path, kind: Counters) -> None:
    """Raise `OptimizationError` for a profile whose header says that it comes from counters of the other kind."""
    with profile.open("rb") as stream:
        version = int.from_bytes(stream.read(_VERSION.stop)[_VERSION], "little")
    if bool(version & _FROM_INTERMEDIATE) is not (kind is Counters.INTERMEDIATE):
        raise _other_counters(profile, kind)


def _other_counters(profile: Path, kind: Counters) -> OptimizationError:
    return OptimizationError(
        f"the profile does not come from counters in the {_WHERE[kind]}, which this target needs",
        where=profile,
        hint="use one from an optimized build for this target, or build without --profile",
    )


def check_profile(place: Path, kind: Counters, *, tools: Path, run: Runner, env: Mapping[str, str]) -> None:
    """Raise `OptimizationError` unless the profile in `place` comes from such counters and covers the interpreter's loop.

    Writes a summary there.
    """
    summary = place / _SUMMARY
    words = ["show", "--counts", f"--function={LOOP}", "-o", str(summary), PROFILE_FILE]
    run([tools / _MERGER, *words], cwd=place, env=env)
    text = summary.read_text(encoding="utf-8")
    if _LEVELS[kind] not in text:
        raise _other_counters(place / PROFILE_FILE, kind)
    found = _COUNTS.search(text)
    counts = [int(count) for count in found[1].split(",")] if found else [0]
    share = sum(count > 0 for count in counts) / len(counts)
    if max(counts) < _LEAST_SEEN or share < _LEAST_SHARE:
        raise OptimizationError(
            f"the profile covers {share:.0%} of {LOOP}, with at most {max(counts)} executions: that is too little",
            where=place / PROFILE_FILE,
        )
