"""Lays the code of the linked interpreter out anew (LLVM's BOLT): what a run really takes lies in a row.

The interpreter is made to count every jump, runs the workload of the profile, and is put in order by what was counted.
What was counted is kept: the same counts make the same bytes.
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
from setup_local.binfmt.layout import SegmentRow, read_layout
from setup_local.build.optimized import LOOP
from setup_local.build.profile import run_workload
from setup_local.build.steps import Runner
from setup_local.catalog.cpython import Relayout, Training
from setup_local.errors import OptimizationError
from setup_local.plan.model import LAYOUT_FILE

_BOLT, _MERGER = "llvm-bolt", "merge-fdata"
_KEPT = "kept.txt"
_COMMENT = ".comment"  # where compilers name themselves
_RUNTIME = "libbolt_rt_instr.a"
_TABLE, _STACK = 6, 0x6474E551  # PT_PHDR, PT_GNU_STACK
_READ_WRITE = 6  # PF_R | PF_W


@dataclass(frozen=True, kw_only=True)
class Layouter:
    """What lays code out: the planned arguments, the workload, and the directory of LLVM's tools.

    `libraries` is the directory of the static libraries in the interpreter. `given` are counts that were made before:
    then nothing is run.
    """

    relayout: Relayout
    training: Training
    tools: Path
    libraries: Path
    given: Path | None = None

    def lay_out(self, source: Path, program: str, run: Runner, env: Mapping[str, str]) -> Path:
        """Replace `program` in CPython's built tree; return the file of counts.

        Raises `StepError`, and `OptimizationError` if nothing was counted or moved.
        """
        path, place = source / program, source.parent / "layout"
        place.mkdir()
        linked, counts = place / program, place / LAYOUT_FILE
        shutil.copy2(path, linked)
        if self.given:
            shutil.copyfile(self.given, counts)
        else:
            self._count(source, linked, counts, run, env)
        (place / _KEPT).write_text(kept_names(assembled(self.libraries)), encoding="utf-8")
        words = [f"--data={counts}", f"--skip-funcs-file={place / _KEPT}", *self.relayout.layout]
        run([self.tools / "bin" / _BOLT, linked, "-o", path, *words], cwd=place, env=env)
        data = with_stack_header(path.read_bytes(), where=program)
        check_layout(data, where=program)
        path.write_bytes(data)
        # make takes a program that is newer than before for one that other things must be made with again.
        times = linked.stat()
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return counts

    def _count(self, source: Path, linked: Path, counts: Path, run: Runner, env: Mapping[str, str]) -> None:
        """Make the interpreter count, let it run the workload, and add up what all its processes counted."""
        raw = linked.parent / "raw"
        raw.mkdir()
        runtime = f"--runtime-instrumentation-lib={self.tools / 'lib' / _RUNTIME}"
        words = [*self.relayout.counting, f"--instrumentation-file={raw / 'counts'}", runtime]
        run([self.tools / "bin" / _BOLT, linked, "-o", source / linked.name, *words], cwd=source, env=env)
        run_workload(source, self.training, run, env)
        found = sorted(raw.iterdir())
        if not found:
            raise OptimizationError("the workload left no counts of jumps", where=raw)
        run([self.tools / "bin" / _MERGER, *found, "-o", counts], cwd=raw, env=env)


def assembled(libraries: Path) -> frozenset[str]:
    """Return the functions in static libraries that no compiler has made, as their objects do not name one.

    Code that is written by hand computes where to jump, and may rely on how its parts lie.
    """
    objects = (read_elf(item.data) for path in libraries.glob("*.a") for item in members(path.read_bytes()))
    return frozenset(name for elf in objects if _COMMENT not in elf.sections for name in elf.symbols.functions)


def kept_names(names: Iterable[str]) -> str:
    """Return BOLT's list of functions that stay as they are: a pattern a line, for names that it makes unique, too."""
    return "".join(f"{re.escape(name)}(/.*)?\n" for name in sorted(names))


def with_stack_header(data: bytes, *, where: str) -> bytes:
    """Return a program with the header that says that its stack is not executable.

    BOLT has put the header of its new segment in that one's place. It takes the place of the header that describes the table
    of headers, which only programs that can be loaded anywhere need. A program that still has its header stays as it is.
    Raises `OptimizationError` for a program with neither.
    """
    file = read_layout(data)
    kinds = [row.kind for row in file.segments]
    if _STACK in kinds:
        return data
    if _TABLE not in kinds:
        raise OptimizationError("has no header that could say that the stack is not executable", where=where)
    stack = SegmentRow(_STACK, 0, 0, 0, 0, 0, _READ_WRITE, 0)
    body = bytearray(data)
    file.write_segments(body, [stack if row.kind == _TABLE else row for row in file.segments])
    return bytes(body)


def check_layout(data: bytes, *, where: str) -> None:
    """Raise `OptimizationError` unless the interpreter's loop was moved to where the hot code is."""
    elf = read_elf(data)
    if MOVED not in elf.sections or LOOP not in elf.symbols.hot:
        raise OptimizationError(f"was not laid out anew: {LOOP} is where the linker has put it", where=where)
