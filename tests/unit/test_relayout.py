"""Post-link layout: the arguments of llvm-bolt, how its result is checked, and the header that it removes."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sample_distribution import ELF

from setup_local.binfmt.elf import read_elf
from setup_local.binfmt.layout import read_layout
from setup_local.binfmt.rows import SYMTAB, SegmentRow
from setup_local.build.copied_code import with_copied_code
from setup_local.build.optimized import LOOP
from setup_local.build.relayout import (
    LayoutEnvironment,
    Layouter,
    assembled,
    check_layout,
    kept_names,
    with_stack_header,
)
from setup_local.catalog.cpython import Relayout, Training, TrainingCommand
from setup_local.catalog.when import ALWAYS
from setup_local.errors import OptimizationError, StepError

TABLE, STACK, LOAD = 6, 0x6474E551, 1
RELAYOUT = Relayout(when=ALWAYS, ldflags=("-q",), counting=("--instrument",), layout=("--split",))
COMMANDS = (TrainingCommand(argv=("-m", "test"), may_fail=True), TrainingCommand(argv=("-m", "more")))
TRAINING = Training(environment={"HASH": "0"}, command=COMMANDS)
COUNTED = "1 f 0 1 _PyEval_EvalFrameDefault 10 0 20000000\n1 _PyEval_EvalFrameDefault 8 1 g 0 0 7\n"
RESULTS = {"moved": "python-laid-out", "as linked": "python-not-laid-out"}


@dataclass
class Tools:
    """Simulates llvm-bolt, merge-fdata and the interpreter: records the commands, and writes their output files."""

    result: str = "moved"
    counts: bool = True
    fails: str = ""
    crashes: bool = False
    ran: list[list[str]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        words = [str(word) for word in argv]
        self.ran.append([Path(words[0]).name, *words[1:]])
        options = dict(word.split("=", 1) for word in words if "=" in word)
        if "--data" in options:
            assert Path(options["--data"]).exists()
            shutil.copyfile(ELF / RESULTS[self.result], words[3])
        elif "--instrument" in words:
            self.raw = Path(options["--instrumentation-file"])
            Path(words[3]).write_text("counts")
        elif words[0] == "./python":
            assert env is not None
            assert env["HASH"] == "0"
            assert (cwd / "python").read_text() == "counts"
            if self.counts:
                self.raw.with_name("counts.2.fdata").write_text(words[-1])
            if self.fails and words[-1].endswith(self.fails):
                raise StepError("ended", crashed=self.crashes)
        else:
            self.merged = [Path(word).read_text() for word in words[1:-2]]
            Path(words[-1]).write_text(COUNTED)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a built tree that contains only the interpreter."""
    (tmp_path / "source").mkdir()
    shutil.copyfile(ELF / "python-optimized", tmp_path / "source" / "python")
    return tmp_path / "source"


def layouter(given: Path | None = None) -> Layouter:
    return Layouter(relayout=RELAYOUT, training=TRAINING, given=given)


def lay_out(source: Path, tools: Tools, given: Path | None = None) -> Path:
    place = LayoutEnvironment(tools=source.parent / "tools", libraries=ELF, run=tools, env={})
    return layouter(given).lay_out(source, "python", place)


def test_the_interpreter_counts_runs_and_is_laid_out(source: Path) -> None:
    tools, before = Tools(), (source / "python").stat().st_mtime_ns
    counts = lay_out(source, tools)
    assert [words[0] for words in tools.ran] == ["llvm-bolt", "python", "python", "merge-fdata", "llvm-bolt"]
    assert counts.read_text() == COUNTED
    assert tools.merged == ["test", "more"]
    assert "--split" in tools.ran[-1]
    assert (source / "python").read_bytes() == (ELF / "python-laid-out").read_bytes()
    assert (source / "python").stat().st_mtime_ns == before


def test_with_counts_that_are_given_nothing_runs(source: Path, tmp_path: Path) -> None:
    given = tmp_path / "cpython.fdata"
    given.write_text(COUNTED)
    tools = Tools()
    assert lay_out(source, tools, given).read_text() == COUNTED
    assert [words[0] for words in tools.ran] == ["llvm-bolt"]


def test_a_workload_that_counts_nothing_is_caught(source: Path) -> None:
    with pytest.raises(OptimizationError, match="no branch counts"):
        lay_out(source, Tools(counts=False))


@pytest.mark.parametrize("jumps", ["", "1 _PyEval_EvalFrameDefault 8 1 g 0 0 19999999\n", "1 g 0 1 h 0 0 30000000\n"])
def test_counts_that_hardly_know_the_interpreter_are_caught(source: Path, tmp_path: Path, jumps: str) -> None:
    given = tmp_path / "cpython.fdata"
    given.write_text(jumps)
    with pytest.raises(
        OptimizationError, match=r"the branches of _PyEval_EvalFrameDefault were counted at most \d+ times"
    ):
        lay_out(source, Tools(), given)


def test_tests_may_fail_but_nothing_may_crash(source: Path) -> None:
    lay_out(source, Tools(fails="test"))
    for tools in (Tools(fails="test", crashes=True), Tools(fails="more")):
        shutil.rmtree(source.parent / "layout")
        with pytest.raises(StepError):
            lay_out(source, tools)


def test_an_interpreter_that_stays_as_it_was_is_caught(source: Path) -> None:
    with pytest.raises(OptimizationError, match="python: has no post-link layout: _PyEval_EvalFrameDefault is where"):
        lay_out(source, Tools(result="as linked"))
    with pytest.raises(OptimizationError, match="python: has no post-link layout"):
        check_layout((ELF / "python-optimized").read_bytes(), where="python")


def test_code_that_no_compiler_has_made_stays_where_it_is(source: Path) -> None:
    tools = Tools()
    lay_out(source, tools)
    rewritten = [words for words in tools.ran if words[0] == "llvm-bolt"]
    kept, same = (Path(word[18:]) for words in rewritten for word in words if word.startswith("--skip-funcs-file="))
    assert kept == same
    assert "bundled_version(/.*)?" in kept.read_text().splitlines()
    assert kept_names(["b.c", "a"]) == "a(/.*)?\nb\\.c(/.*)?\n"


def test_a_compiler_names_itself(tmp_path: Path) -> None:
    """The sample objects name no compiler, as assemblers do not; a renamed section serves as the name here."""
    made = (ELF / "libbundled.a").read_bytes()
    assert b".note.GNU-stack\0" in made
    (tmp_path / "libbundled.a").write_bytes(made)
    assert assembled(tmp_path) == {"bundled_version"}
    (tmp_path / "libbundled.a").write_bytes(made.replace(b".note.GNU-stack\0", b".comment\0-stack\0"))
    assert assembled(tmp_path) == frozenset()


def replaced(data: bytes, old: int, new: int) -> bytes:
    file, body = read_layout(data), bytearray(data)
    file.write_segments(body, [row._replace(kind=new) if row.kind == old else row for row in file.segments])
    return bytes(body)


def test_the_header_of_the_stack_comes_back() -> None:
    whole = (ELF / "python-optimized").read_bytes()
    assert with_stack_header(whole, where="python") == whole
    taken = replaced(whole, STACK, LOAD)
    assert read_elf(taken).executable_stack is None
    found = with_stack_header(taken, where="python")
    assert read_elf(found).executable_stack is False
    kinds = [row.kind for row in read_layout(found).segments]
    assert TABLE not in kinds
    assert SegmentRow(STACK, 0, 0, 0, 0, 0, 6, 0) in read_layout(found).segments


def test_a_program_without_room_for_the_header_is_refused() -> None:
    without = replaced(replaced((ELF / "python-optimized").read_bytes(), STACK, LOAD), TABLE, LOAD)
    with pytest.raises(OptimizationError, match="mark the stack as not executable"):
        with_stack_header(without, where="python")


def changed(name: str, *, moved: int = 0, renamed: bool = False) -> bytes:
    """Return the sample program with a changed byte in the code of a function, or the function elsewhere or unnamed."""
    data = bytearray((ELF / "python-optimized").read_bytes())
    file = read_layout(bytes(data))
    (table,) = (row for row in file.sections if row.kind == SYMTAB)
    names = file.sections[table.link].offset
    for index, row in enumerate(file.form.read_symbols(file.content(table))):
        if data[names + row.name :].startswith(name.encode() + b"\0"):
            section = file.sections[row.section]
            data[row.value - section.address + section.offset] ^= 0xFF
            packed = file.form.pack_symbol(row._replace(value=row.value + moved, name=0 if renamed else row.name))
            data[table.offset + index * len(packed) : table.offset + (index + 1) * len(packed)] = packed
    return bytes(data)


def test_code_that_is_copied_at_run_time_stays_as_it_was_linked() -> None:
    linked = (ELF / "python-optimized").read_bytes()
    adjusted = changed(LOOP)
    assert adjusted != linked
    assert with_copied_code(linked, adjusted, [LOOP, "absent"], where="python") == linked
    assert with_copied_code(linked, adjusted, ["absent"], where="python") == adjusted


@pytest.mark.parametrize("change", [{"moved": 16}, {"renamed": True}])
def test_code_that_is_copied_at_run_time_must_not_move(change: dict[str, Any]) -> None:
    linked = (ELF / "python-optimized").read_bytes()
    with pytest.raises(OptimizationError, match=f"python: {LOOP} was moved, but its code is copied elsewhere"):
        with_copied_code(linked, changed(LOOP, **change), [LOOP], where="python")


def test_bolt_is_told_to_leave_copied_code_in_place(source: Path) -> None:
    copied = dataclasses.replace(RELAYOUT, copied=("trampoline_code_table",))
    tools = Tools()
    place = LayoutEnvironment(tools=Path("/tools"), libraries=source.parent, run=tools, env={})
    Layouter(relayout=copied, training=TRAINING).lay_out(source, "python", place)
    kept = (source.parent / "layout" / "kept.txt").read_text()
    assert "trampoline_code_table(/.*)?\n" in kept
