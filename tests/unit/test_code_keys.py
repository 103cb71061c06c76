"""The code in a step's key is exactly the code that its action runs."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import FunctionType

import pytest
from sample_steps import all_steps, kinds

from setup_local import paths
from setup_local.build import library_steps
from setup_local.build.code_digests import CodeDigests, memory_file
from setup_local.build.code_keys import Code, Place, module_file, place_of
from setup_local.build.steps import Step

CODE = Code()
ROOTS = {name: place_of(step.action) for name, step in kinds().items()}
REACHED = {name: CODE.reached(root) for name, root in ROOTS.items()}
PIECES = sorted({place for reached in REACHED.values() for place in reached.pieces})
_PIECES_OF_A_MODULE = 2
MODULES = sorted({place.module for place in PIECES})


def _edited(module: str, edit: Callable[[ast.Module], None]) -> Code:
    """Return the code with one module edited in memory; the other modules have already been read."""
    changed = module_file(module)

    def load(file: Path) -> bytes:
        content = file.read_bytes()
        if file != changed:
            return content
        tree = ast.parse(content)
        edit(tree)
        return ast.unparse(ast.fix_missing_locations(tree)).encode()

    code = Code(load)
    code._modules.update({name: known for name, known in CODE._modules.items() if name != module})
    return code


def _digest(code: Code, step: str) -> str:
    return hashlib.sha256(repr(sorted(code.reached(ROOTS[step]).pieces.items())).encode()).hexdigest()


def test_every_kind_of_step_is_looked_at() -> None:
    assert {"_toolchain_step", "_glibc_step", "_musl_step", "_library_step", "reconcile_step"} <= set(ROOTS)
    assert {"llvm_tools_steps", "shared_steps", "_given_profile_step", "_training_step"} <= set(ROOTS)
    assert {"cpython_step", "stage_step", "describe_step", "documents_step", "pack_step", "audit_step"} <= set(ROOTS)


class _Change(ast.NodeTransformer):
    """Changes the behaviour of one piece of code."""

    def __init__(self, place: Place) -> None:
        self._path = [name for name in (place.name, place.member) if name]
        self.done = 0

    def change(self, tree: ast.Module) -> None:
        self._enter(tree, self._path)
        assert self.done, self._path

    def _enter(self, node: ast.Module | ast.ClassDef, path: list[str]) -> None:
        for item in node.body:
            names = {getattr(item, "name", "")} | {below.id for below in ast.walk(item) if isinstance(below, ast.Name)}
            if path[0] not in names:
                continue
            if isinstance(item, ast.ClassDef) and item.name == path[0] and path[1:]:
                self._enter(item, path[1:])
            elif isinstance(item, ast.FunctionDef | ast.ClassDef) and item.name == path[0]:
                item.body.append(ast.Expr(ast.Constant(0)))
                self.done += 1
            elif isinstance(item, ast.Assign | ast.AnnAssign | ast.AugAssign):
                item.value = ast.Tuple([item.value or ast.Constant(0), ast.Constant(0)], ast.Load())
                self.done += 1


@pytest.mark.parametrize("module", MODULES)
def test_a_change_of_a_piece_moves_the_keys_of_the_steps_that_run_it_and_of_no_other(module: str) -> None:
    pieces = [place for place in PIECES if place.module == module and place.name]
    for place in pieces[:: len(pieces) // _PIECES_OF_A_MODULE + 1]:
        users = {name for name, reached in REACHED.items() if place in reached.pieces}
        code = _edited(module, _Change(place).change)
        user = min(users)
        assert _digest(code, user) != _digest(CODE, user), place
        for other in sorted(set(ROOTS) - users)[:1]:
            assert _digest(code, other) == _digest(CODE, other), place


def _write_prose(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body.insert(0, ast.Expr(ast.Constant("Other words.")))


@pytest.mark.parametrize("module", MODULES)
def test_a_change_of_prose_moves_no_key(module: str) -> None:
    code = _edited(module, _write_prose)
    users = [name for name, reached in REACHED.items() if module in reached.modules]
    assert {name: _digest(code, name) for name in users} == {name: _digest(CODE, name) for name in users}


def test_a_library_depends_on_what_builds_it_and_on_nothing_else() -> None:
    pieces = REACHED["_library_step"].pieces
    modules = {place.module.removeprefix("setup_local.") for place in pieces}
    assert {"build.library", "build.patches", "binfmt.ar", "fetch.unpack", "catalog.patches"} <= modules
    assert Place(module="setup_local.build.workspace", name="merge_trees") in pieces
    areas = {name.partition(".")[0] for name in modules}
    assert areas <= {"binfmt", "build", "catalog", "errors", "fetch", "paths", "plan", "printable", "values"}
    assert modules.isdisjoint({"fetch.apt", "fetch.http", "fetch.pypi", "plan.resolve", "build.engine", "render"})
    assert Place(module="setup_local.catalog.targets", name="Target", member="cflags") in pieces
    assert not [place for place in pieces if (place.module, place.name) == ("setup_local.plan.model", "Plan")]


def test_the_audit_depends_on_its_rules_and_not_on_the_builder() -> None:
    modules = REACHED["audit_step"].modules
    rules = {f"setup_local.audit.{file.stem}" for file in (paths.PACKAGE / "audit").glob("check_*.py")}
    assert rules <= modules
    assert not [name for name in modules if name.startswith(("setup_local.stage", "setup_local.describe"))]


# The audit applies its own rules, independent of the plan.
READERS = {"audit_step"}
LOADER = Place(module="setup_local.catalog.load", name="read_toml")


def test_no_step_reads_a_catalog_after_planning() -> None:
    assert {name for name, reached in REACHED.items() if LOADER in reached.pieces} == READERS


def _changed(module: str, name: str) -> set[str]:
    """Return the kinds of steps whose code changes with a definition."""
    code = _edited(module, _Change(Place(module=module, name=name)).change)
    return {step for step in ROOTS if _digest(code, step) != _digest(CODE, step)}


def test_a_change_in_describing_stages_nothing_again_and_compiles_no_bytecode() -> None:
    assert _changed("setup_local.describe.compose", "describe") == {"describe_step"}
    assert _changed("setup_local.describe.sources_record", "record") == {"documents_step"}
    assert _changed("setup_local.stage.pack", "pack") == {"pack_step"}
    assert _changed("setup_local.stage.bytecode", "compile_library") == {"stage_step"}


@cache
def _reached(root: Place) -> Mapping[Place, str]:
    return CODE.reached(root).pieces


def _held(action: Callable[..., object]) -> Iterator[object]:
    """Yield every value that an action holds, and recursively those of its parts that the code uses."""
    assert isinstance(action, FunctionType)
    pieces = _reached(place_of(action))
    waiting: list[object] = [cell.cell_contents for cell in action.__closure__ or ()]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, tuple | list | frozenset):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif dataclasses.is_dataclass(value):
            cls = type(value)
            named = (
                Place(module=cls.__module__, name=cls.__name__, member=item.name) for item in dataclasses.fields(cls)
            )
            waiting.extend(getattr(value, place.member) for place in named if place in pieces)


@pytest.mark.parametrize("plan", all_steps())
def test_what_a_value_of_an_action_can_do_is_in_the_key(plan: str) -> None:
    """Otherwise it would be code that no name in the action leads to."""
    for step in all_steps()[plan]:
        known = {(place.module, place.name) for place in _reached(place_of(step.action))}
        for value in _held(step.action):
            made = value if isinstance(value, type | FunctionType) else type(value)
            if made.__module__.startswith(paths.PACKAGE.name):
                assert (made.__module__, made.__qualname__.partition(".")[0]) in known, (step.name, made)


def test_the_place_of_an_action_is_the_function_that_makes_it() -> None:
    step = kinds()["_library_step"]
    assert place_of(step.action) == Place(module=library_steps.__name__, name="_library_step")


def test_a_name_that_leads_nowhere_is_refused() -> None:
    file = module_file("setup_local.atomic_write")

    def load(path: Path) -> bytes:
        return (
            b"from setup_local.paths import nothing\ndef atomic_write(): nothing()"
            if path == file
            else path.read_bytes()
        )

    with pytest.raises(ValueError, match=r"there is no module setup_local\.paths\.nothing"):
        Code(load).reached(Place(module="setup_local.atomic_write", name="atomic_write"))


class _Files:
    """Loads files and counts the loads."""

    def __init__(self) -> None:
        self.seen: list[Path] = []
        self.edited: Path | None = None

    def __call__(self, file: Path) -> bytes:
        self.seen.append(file)
        return file.read_bytes() + (b"\nMORE = 1\n" if file == self.edited else b"")


def _action() -> Callable[..., object]:
    return kinds()["_given_profile_step"].action


def test_a_digest_is_remembered_as_long_as_its_files_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "code.json"
    first = CodeDigests(memory)
    expected = first.of(_action())
    first.save()
    with monkeypatch.context() as patch:
        patch.setattr(Code, "reached", lambda *_: pytest.fail("the code was read again"))
        assert CodeDigests(memory).of(_action()) == expected
        files = _Files()
        files.edited = module_file("setup_local.build.profile")
        with pytest.raises(pytest.fail.Exception):
            CodeDigests(memory, files).of(_action())
    files.seen.clear()
    assert CodeDigests(memory, files).of(_action()) == expected  # the added definition is not reached
    assert len(files.seen) == len(set(files.seen))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": {"digest": 1}}'])
def test_a_memory_that_makes_no_sense_is_not_used(tmp_path: Path, content: str) -> None:
    memory = tmp_path / "code.json"
    memory.write_text(content)
    digests = CodeDigests(memory)
    assert digests.of(_action()) == CodeDigests().of(_action())
    digests.save()
    assert json.loads(memory.read_text())


def test_a_memory_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    digests = CodeDigests(tmp_path / "missing" / "code.json")
    digests.of(_action())
    digests.save()
    assert not (tmp_path / "missing").exists()


def test_each_checkout_has_a_memory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = memory_file(tmp_path)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "setup_local")
    assert memory_file(tmp_path) != own


def test_steps_of_a_kind_share_their_code() -> None:
    steps: list[Step] = [step for step in all_steps()["default"] if step.name.startswith("library:")]
    assert len({place_of(step.action) for step in steps}) == 1 < len(steps)
