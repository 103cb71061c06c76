from __future__ import annotations

import importlib.util
import marshal
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from setup_local import paths
from setup_local.build.launcher import HostPython
from setup_local.errors import StageError
from setup_local.run import CommandFailed, Outcome
from setup_local.stage import bytecode

SCRIPT: dict[str, Any] = runpy.run_path(str(paths.DATA / "probe" / "compile_tree.py"))
UNCHECKED, CHECKED = 0b01, 0b11


@pytest.fixture
def install(tmp_path: Path) -> Path:
    stdlib = tmp_path / "lib" / "python3.13"
    (stdlib / "test").mkdir(parents=True)
    for number in range(20):
        (stdlib / f"m{number:02}.py").write_text(f"VALUE = '{'x' * number * 7}'\n")
    (stdlib / "test" / "bad.py").write_text("def\n")
    (stdlib / "data.txt").write_text("no module\n")
    return tmp_path


def test_every_module_is_in_exactly_one_share(install: Path) -> None:
    found = SCRIPT["sources"](str(install))
    shares = [SCRIPT["share"](found, index, 8) for index in range(8)]
    together = [name for share in shares for name in share]
    assert len(together) == len(set(together)) == 21
    assert all(share == sorted(share) for share in shares)
    assert "lib/python3.13/data.txt" not in together


@pytest.mark.parametrize(("patterns", "flags"), [([], UNCHECKED), (["lib/python*/m*"], CHECKED)])
def test_bytecode_is_bound_by_hash_and_names_no_directory(install: Path, patterns: list[str], flags: int) -> None:
    name = "lib/python3.13/m01.py"
    assert SCRIPT["compile_one"](str(install), name, patterns)
    data = Path(importlib.util.cache_from_source(str(install / name))).read_bytes()
    assert int.from_bytes(data[4:8], "little") == flags
    assert data[8:16] == importlib.util.source_hash((install / name).read_bytes())
    assert marshal.loads(data[16:]).co_filename == name
    assert str(install).encode() not in data


def test_a_file_that_is_no_python_has_no_bytecode(install: Path) -> None:
    assert not SCRIPT["compile_one"](str(install), "lib/python3.13/test/bad.py", [])
    assert not (install / "lib" / "python3.13" / "test" / "__pycache__").exists()


def answering(*names: str) -> Callable[..., Outcome]:
    return lambda *_arguments, **_keywords: Outcome(stdout="".join(f"{name}\n" for name in names))


def test_only_test_data_may_be_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "run", answering("lib/python3.13/test/bad.py", "lib/python3.11/lib2to3/tests/a.py"))
    bytecode.compile_library(tmp_path, HostPython(program=tmp_path / "python3"), (), jobs=1)
    monkeypatch.setattr(bytecode, "run", answering("lib/python3.13/os.py"))
    with pytest.raises(StageError, match=r"os\.py"):
        bytecode.compile_library(tmp_path, HostPython(program=tmp_path / "python3"), (), jobs=1)


def test_an_interpreter_that_does_not_run_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_arguments: object, **_keywords: object) -> Outcome:
        raise CommandFailed(["python3"], 127, "No such file")

    monkeypatch.setattr(bytecode, "run", failing)
    with pytest.raises(StageError, match="No such file"):
        bytecode.compile_library(tmp_path, HostPython(program=tmp_path / "python3"), (), jobs=2)


@pytest.mark.parametrize("is_other", [False, True])
def test_another_python_is_told_where_the_library_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_other: bool
) -> None:
    seen: list[dict[str, str]] = []

    def noting(*_arguments: object, env: dict[str, str], **_keywords: object) -> Outcome:
        seen.append(env)
        return Outcome(stdout="")

    monkeypatch.setattr(bytecode, "run", noting)
    bytecode.compile_library(tmp_path, HostPython(program=tmp_path / "python3", is_other=is_other), (), jobs=1)
    assert {env.get("PYTHONHOME") for env in seen} == {str(tmp_path) if is_other else None}
