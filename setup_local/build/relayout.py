"""Post-link layout of the interpreter with LLVM's BOLT: hot code is contiguous.

The interpreter is instrumented to count every jump, runs the workload of the profile, and gets a layout from these
counts. They are kept, because the same counts give the same bytes.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from setup_local.binfmt.ar import members
from setup_local.binfmt.elf import MOVED, read_elf
from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.rows import SegmentRow
from setup_local.build.copied_code import with_copied_code
from setup_local.build.optimized import LOOP
from setup_local.build.profile import run_workload
from setup_local.build.steps import Runner
from setup_local.catalog.cpython import Relayout, Training
from setup_local.errors import OptimizationError
from setup_local.plan.model import LAYOUT_FILE

_BOLT, _MERGER = "llvm-bolt", "merge-fdata"
_KEPT = "kept.txt"
_COMMENT = ".comment"  # where compilers record their name
# The whole workload takes the most frequent jump in the interpreter's loop 200 million times, all starts together 7
# million times.
_LEAST_JUMPS = 20_000_000
_RUNTIME = "libbolt_rt_instr.a"
_TABLE, _STACK = 6, 0x6474E551  # PT_PHDR, PT_GNU_STACK
_READ_WRITE = 6  # PF_R | PF_W


@dataclass(frozen=True, kw_only=True)
class LayoutEnvironment:
    """The directories of LLVM's tools and of the interpreter's static libraries, and how commands are run."""

    tools: Path
    libraries: Path
    run: Runner
    env: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Layouter:
    """The planned arguments of BOLT, and the workload. With `given`, counts of an earlier build, nothing is run."""

    relayout: Relayout
    training: Training
    given: Path | None = None

    def lay_out(self, source: Path, program: str, place: LayoutEnvironment) -> Path:
        """Replace `program` in CPython's built tree; return the file of counts.

        Raises `StepError`, and `OptimizationError` if almost nothing was counted, or nothing moved.
        """
        path, work = source / program, source.parent / "layout"
        work.mkdir()
        linked, counts = work / program, work / LAYOUT_FILE
        shutil.copy2(path, linked)
        copied = self.relayout.copied
        (work / _KEPT).write_text(kept_names(assembled(place.libraries).union(copied)), encoding="utf-8")
        if self.given:
            shutil.copyfile(self.given, counts)
        else:
            self._count(source, linked, counts, place)
        check_counts(counts)
        self._rewrite(linked, path, place, [f"--data={counts}", *self.relayout.layout])
        data = with_copied_code(linked.read_bytes(), path.read_bytes(), copied, where=program)
        data = with_stack_header(data, where=program)
        check_layout(data, where=program)
        path.write_bytes(data)
        # make treats a program that is newer than before as a reason to rebuild other things.
        times = linked.stat()
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return counts

    def _count(self, source: Path, linked: Path, counts: Path, place: LayoutEnvironment) -> None:
        """Instrument the interpreter, run the workload with it, and add up the counts of all its processes."""
        raw, kept = linked.parent / "raw", linked.parent / "kept"
        raw.mkdir()
        kept.mkdir()
        runtime = f"--runtime-instrumentation-lib={place.tools / 'lib' / _RUNTIME}"
        words = [*self.relayout.counting, f"--instrumentation-file={raw / 'counts'}", runtime]
        self._rewrite(linked, source / linked.name, place, words)
        # Each process writes its counts to a file with its number, and in a sandbox every command starts with the same
        # number.
        for number, _ in enumerate(run_workload(source, self.training, place.run, place.env)):
            if not any(raw.iterdir()):
                raise OptimizationError("a command of the workload wrote no branch counts", where=raw)
            raw.rename(kept / str(number))
            raw.mkdir()
        found = sorted(path for path in kept.rglob("*") if path.is_file())
        place.run([place.tools / "bin" / _MERGER, *found, "-o", counts], cwd=kept, env=place.env)

    def _rewrite(self, linked: Path, into: Path, place: LayoutEnvironment, words: Iterable[str]) -> None:
        """Rewrite the linked program.

        Assembly functions stay unchanged even when instrumenting: it would crash otherwise.
        """
        kept = f"--skip-funcs-file={linked.with_name(_KEPT)}"
        place.run([place.tools / "bin" / _BOLT, linked, "-o", into, kept, *words], cwd=linked.parent, env=place.env)


def check_counts(counts: Path) -> None:
    """Raise `OptimizationError` unless the interpreter's loop was seen often: each line ends with a jump's count."""
    with counts.open(encoding="utf-8") as lines:
        most = max((int(line.rsplit(" ", 1)[1]) for line in lines if f" {LOOP} " in line), default=0)
    if most < _LEAST_JUMPS:
        raise OptimizationError(
            f"the branches of {LOOP} were counted at most {most} times: that is too little", where=counts
        )


def assembled(libraries: Path) -> frozenset[str]:
    """Return the functions in static libraries that were not compiled: their objects do not name a compiler.

    Hand-written code computes jump targets, and may rely on the order of its parts.
    """
    objects = (read_elf(item.data) for path in libraries.glob("*.a") for item in members(path.read_bytes()))
    return frozenset(name for elf in objects if _COMMENT not in elf.sections for name in elf.symbols.functions)


def kept_names(names: Iterable[str]) -> str:
    """Return BOLT's list of functions to leave unchanged: a pattern per line, also for names that BOLT makes unique."""
    return "".join(f"{re.escape(name)}(/.*)?\n" for name in sorted(names))


def with_stack_header(data: bytes, *, where: str) -> bytes:
    """Return a program with the header that marks its stack as not executable.

    BOLT overwrites that header with the one of its new segment. The restored header replaces the one that describes
    the table of headers, which only position-independent programs need. A program that still has its header is
    returned unchanged. Raises `OptimizationError` for a program with neither.
    """
    file = read_layout(data)
    kinds = [row.kind for row in file.segments]
    if _STACK in kinds:
        return data
    if _TABLE not in kinds:
        raise OptimizationError("has no header to mark the stack as not executable", where=where)
    stack = SegmentRow(_STACK, 0, 0, 0, 0, 0, _READ_WRITE, 0)
    body = bytearray(data)
    file.write_segments(body, [stack if row.kind == _TABLE else row for row in file.segments])
    return bytes(body)


def check_layout(data: bytes, *, where: str) -> None:
    """Raise `OptimizationError` unless the interpreter's loop was moved to the hot code."""
    elf = read_elf(data)
    if MOVED not in elf.sections or LOOP not in elf.symbols.hot:
        raise OptimizationError(f"has no post-link layout: {LOOP} is where the linker put it", where=where)
