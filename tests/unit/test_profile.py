"""The profile of an optimized build: a profile without counts is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sample_profile import PROFILES

from setup_local.build import profile
from setup_local.build.profile import refuse_other_counters
from setup_local.errors import OptimizationError
from setup_local.plan.model import PROFILE_FILE
from setup_local.values import Counters

SHOWN = """\
Counters:
  {function}:
    Hash: 0x0123456789abcdef
    Counters: 4
    Block counts: [{counts}]
Instrumentation level: IR  entry_first = 0  instrument_loop_entries = 0
Functions shown: 1
Total functions: 9000
Maximum function count: 5000
Maximum internal block count: 123456789
"""


class Tool:
    """Simulates `llvm-profdata`: `merge` records its inputs, `show` writes the given text."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.merged: list[str] = []

    def __call__(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        del cwd, env
        words = [str(word) for word in argv]
        if words[1] == "merge":
            self.merged = [Path(word).name for word in words[4:]]
            Path(words[3]).write_text("merged")
        else:
            Path(words[words.index("-o") + 1]).write_text(self.shown)


def merge(tmp_path: Path, tool: Tool, kind: Counters = Counters.INTERMEDIATE) -> Path:
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir(exist_ok=True)
    out.mkdir(exist_ok=True)
    profile.merge(raw, kind, tools=Path("/tools"), out=out, run=tool, env={})
    return out / PROFILE_FILE


def test_the_counters_of_all_processes_become_one_profile(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for name in ("2.profraw", "1.profraw", "other"):
        (tmp_path / "raw" / name).touch()
    tool = Tool(SHOWN.format(function="_PyEval_EvalFrameDefault", counts="0, 7, 1000000, 0"))
    assert merge(tmp_path, tool).read_text() == "merged"
    assert tool.merged == ["1.profraw", "2.profraw"]


def test_a_workload_that_leaves_no_counters_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptimizationError, match="left no counters: the build was not instrumented"):
        merge(tmp_path, Tool(""))


@pytest.mark.parametrize(
    ("shown", "seen"),
    [
        (
            "Instrumentation level: IR\nTotal functions: 9000\n",
            "0% of _PyEval_EvalFrameDefault, with at most 0 executions",
        ),
        (SHOWN.format(function="_PyEval_EvalFrameDefault", counts="9, 999999"), "100% .* at most 999999 executions"),
        (
            SHOWN.format(function="_PyEval_EvalFrameDefault", counts="0, 0, 0, 0, 1000000"),
            "20% .* at most 1000000 executions",
        ),
    ],
)
def test_a_profile_that_hardly_knows_the_interpreter_is_an_error(tmp_path: Path, shown: str, seen: str) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "1.profraw").touch()
    with pytest.raises(OptimizationError, match=f"the profile covers {seen}: that is too little"):
        merge(tmp_path, Tool(shown))


@pytest.mark.parametrize("level", ["IR  entry_first = 0", "Front-end", ""])
def test_a_profile_of_the_other_kind_of_counters_is_an_error(tmp_path: Path, level: str) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "1.profraw").touch()
    shown = SHOWN.format(function="_PyEval_EvalFrameDefault", counts="7, 1000000")
    tool = Tool(shown.replace("IR  entry_first = 0  instrument_loop_entries = 0", level))
    for kind, accepted, place in (
        (Counters.INTERMEDIATE, level.startswith("IR"), "intermediate code"),
        (Counters.SOURCE, level == "Front-end", "syntax tree"),
    ):
        if accepted:
            merge(tmp_path, tool, kind)
        else:
            with pytest.raises(OptimizationError, match=f"does not come from counters in the .*{place}"):
                merge(tmp_path, tool, kind)


@pytest.mark.parametrize("kind", Counters)
def test_the_header_of_a_profile_names_its_kind_of_counters(kind: Counters) -> None:
    refuse_other_counters(PROFILES[kind], kind)
    (other,) = set(Counters) - {kind}
    with pytest.raises(OptimizationError, match="does not come from counters in the"):
        refuse_other_counters(PROFILES[kind], other)
