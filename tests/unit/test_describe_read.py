"""Facts are read from the build's results; an interpreter that contradicts them is an error."""

from __future__ import annotations

import dataclasses
import importlib.machinery
import json
import runpy
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from test_describe import FACTS, PLAN, STAGED, SUFFIX

from setup_local import paths
from setup_local.build.launcher import HostPython, Launcher
from setup_local.describe import probe, read
from setup_local.describe.probe import Facts
from setup_local.errors import DescribeError
from setup_local.run import Outcome
from setup_local.stage.staged import StagedTree

PATCHLEVEL = """
#define PY_RELEASE_LEVEL_ALPHA  0xA
#define PY_RELEASE_LEVEL_FINAL  0xF     /* Serial should be 0 here */

/*--start constants--*/
#define PY_MAJOR_VERSION        3
#define PY_MINOR_VERSION        13
#define PY_MICRO_VERSION        5
#define PY_RELEASE_LEVEL        PY_RELEASE_LEVEL_FINAL
#define PY_RELEASE_SERIAL       0

/* Version as a string */
#define PY_VERSION              "3.13.5"
"""
MAKEFILE = "ABIFLAGS=\t\nMULTIARCH=\tx86_64-linux-gnu\nDYNLOADFILE=\tdynload_shlib.o\n"
# In the order in which Clang emits them for Power.
OBJECT = f"\x7fELF code \0.so\0.abi3.so\0{SUFFIX}\0PyInit\0.symtab\0not.so.it\0".encode()


def built(top: Path, **texts: str) -> StagedTree:
    """Write the files of a staged tree from which facts are read; `texts` replace their contents."""
    config = "install/lib/python3.13/config-3.13-x86_64-linux-gnu"
    contents = {
        "install/include/python3.13/patchlevel.h": texts.get("patchlevel", PATCHLEVEL),
        f"{config}/Makefile": texts.get("makefile", MAKEFILE),
        "install/lib/python3.13/_sysconfigdata__linux_x86_64-linux-gnu.py": "build_time_vars = {}\n",
        "build/Python/dynload_shlib.o": OBJECT.decode(),
        "build/Python/dynload_stub.o": "\x7fELF code",
    }
    for name, text in contents.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text, encoding="latin-1")
    return dataclasses.replace(STAGED, root=top)


class Answers:
    """Simulates interpreters: records how they were started, and prints facts."""

    def __init__(self, facts: Facts = FACTS) -> None:
        self.facts = facts
        self.argv: list[list[str]] = []
        self.env: list[dict[str, str]] = []

    def __call__(self, argv: list[str | Path], *, env: Mapping[str, str], cwd: Path) -> Outcome:
        del cwd
        self.argv.append([str(word) for word in argv])
        self.env.append(dict(env))
        return Outcome(stdout=json.dumps(dataclasses.asdict(self.facts)))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    given = Answers()
    monkeypatch.setattr(probe, "run", given)
    return given


OTHER = HostPython(program=Path("/build-python/bin/python3"), is_other=True)


def test_a_python_that_runs_here_is_told_what_only_the_interpreter_would_know(tmp_path: Path, answers: Answers) -> None:
    assert read.read_facts(PLAN, built(tmp_path), OTHER) == FACTS
    (argv,), (env,) = answers.argv, answers.env
    assert argv[0] == "/build-python/bin/python3"
    assert "-E" not in argv, "its environment counts"
    told = json.loads(argv[-1])
    assert told == {
        "abiflags": "",
        "multiarch": "x86_64-linux-gnu",
        "extension_suffixes": [SUFFIX, ".abi3.so", ".so"],
    }
    assert env["PYTHONHOME"] == str(tmp_path / "install")
    assert env["_PYTHON_HOST_PLATFORM"] == "linux-x86_64"
    assert env["_PYTHON_SYSCONFIGDATA_NAME"] == "_sysconfigdata__linux_x86_64-linux-gnu"


def test_what_it_says_of_itself_does_not_count(tmp_path: Path, answers: Answers) -> None:
    answers.facts = dataclasses.replace(FACTS, builtin_modules=("sys",), implementation_hex_version=1)
    assert read.read_facts(PLAN, built(tmp_path), OTHER) == FACTS


def test_a_python_of_another_version_cannot_answer(tmp_path: Path, answers: Answers) -> None:
    answers.facts = dataclasses.replace(FACTS, version="3.13.4")
    with pytest.raises(DescribeError, match=r"the Python that replaces .* is 3\.13\.4, but the headers are 3\.13\.5"):
        read.read_facts(PLAN, built(tmp_path), OTHER)


def test_the_version_of_a_prerelease() -> None:
    text = PATCHLEVEL.replace("LEVEL        PY_RELEASE_LEVEL_FINAL", "LEVEL        PY_RELEASE_LEVEL_GAMMA")
    text = text.replace("SERIAL       0", "SERIAL       2").replace('"3.13.5"', '"3.13.5rc2+"')
    version = read.read_version(text, "patchlevel.h")
    assert (version.parts, version.number) == (("3", "13", "5", "candidate", "2"), 0x030D05C2)
    assert read.read_version(PATCHLEVEL, "patchlevel.h").number == FACTS.implementation_hex_version


@pytest.mark.parametrize(
    "text", ["", PATCHLEVEL.replace("PY_VERSION ", "PY_OTHER "), PATCHLEVEL.replace("13\n", "x\n")]
)
def test_a_header_without_a_version_is_refused(text: str) -> None:
    with pytest.raises(DescribeError, match=r"patchlevel\.h does not state the version"):
        read.read_version(text, "patchlevel.h")


def test_an_interpreter_that_loads_no_modules_knows_no_suffixes(tmp_path: Path, answers: Answers) -> None:
    read.read_facts(PLAN, built(tmp_path, makefile=MAKEFILE.replace("shlib", "stub")), OTHER)
    assert json.loads(answers.argv[0][-1])["extension_suffixes"] == []


@pytest.mark.parametrize("name", ["", "dynload_other.o"])
def test_what_loads_modules_must_be_there(tmp_path: Path, name: str, answers: Answers) -> None:
    with pytest.raises(DescribeError, match="no object file loads modules"):
        read.read_facts(PLAN, built(tmp_path, makefile=MAKEFILE.replace("dynload_shlib.o", name)), OTHER)
    assert answers.argv == []


def wrong(facts: Facts, name: str) -> Facts:
    """Return facts with one wrong value."""
    value = getattr(facts, name)
    others: dict[type, Callable[[Any], Any]] = {
        str: lambda text: f"{text}x",
        int: lambda number: number + 1,
        tuple: lambda items: (*items, "x"),
        dict: lambda table: {**table, "x": "y"},
    }
    return dataclasses.replace(facts, **{name: others[type(value)](value)})


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Facts)])
def test_every_fact_in_which_the_interpreter_differs_is_an_error(name: str) -> None:
    with pytest.raises(DescribeError, match=rf"disagree:\n  {name}(\[x\])?: .* in the files, .* in the interpreter$"):
        read.refuse_differences(FACTS, wrong(FACTS, name), where="python3.13")


def test_facts_that_agree_pass() -> None:
    read.refuse_differences(FACTS, dataclasses.replace(FACTS), where="python3.13")


def test_a_table_of_modules_without_one_that_the_interpreter_has_is_an_error(tmp_path: Path, answers: Answers) -> None:
    staged = built(tmp_path)
    staged = dataclasses.replace(
        staged, inittab={name: init for name, init in staged.inittab.items() if name != "_ssl"}
    )
    facts = read.read_facts(PLAN, staged, OTHER)
    asked = probe.probe(staged, Launcher(words=("qemu",)))
    assert answers.argv[1][:2] == ["qemu", str(staged.interpreter)]
    with pytest.raises(DescribeError, match=r"builtin_modules: .*marshal.* in the files, .*_ssl.* in the interpreter"):
        read.refuse_differences(facts, asked, where="python3.13")


def test_only_the_first_of_many_differences_are_told() -> None:
    asked = dataclasses.replace(FACTS, config_vars={str(number): "" for number in range(20)})
    with pytest.raises(DescribeError) as caught:
        read.refuse_differences(FACTS, asked, where="python3.13")
    assert str(caught.value).splitlines()[-1] == "  and 14 more"


def test_the_script_takes_another_interpreters_part(monkeypatch: pytest.MonkeyPatch) -> None:
    script = runpy.run_path(str(paths.DATA / "probe" / "facts.py"))
    monkeypatch.setattr(sys, "abiflags", sys.abiflags)
    monkeypatch.setitem(vars(sys.implementation), "_multiarch", "")
    monkeypatch.setattr(importlib.machinery, "EXTENSION_SUFFIXES", [".so"])
    script["answer_for"](abiflags="td", multiarch="s390x-linux-gnu", extension_suffixes=[".x.so"])
    assert (sys.abiflags, vars(sys.implementation)["_multiarch"]) == ("td", "s390x-linux-gnu")
    assert importlib.machinery.EXTENSION_SUFFIXES == [".x.so"]
