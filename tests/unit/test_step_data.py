"""The code that actions run and the data that they read are in their keys.

This is observed while actions run on tiny inputs, and derived from the code of all actions.
"""

from __future__ import annotations

import ast
import dataclasses
import io
import os
import shutil
import sys
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

import pytest
from sample_distribution import ELF, Sample
from sample_steps import all_steps
from test_describe import PLAN, STAGED
from test_describe_read import Answers, built

from setup_local import paths
from setup_local.build.code_keys import Code, Place, module_file, place_of
from setup_local.build.steps import Job, Step
from setup_local.build.toolchain import WHEEL
from setup_local.catalog.keys import load_keys
from setup_local.catalog.libraries import RECIPES
from setup_local.catalog.musl import load_musl
from setup_local.catalog.patches import Patch
from setup_local.catalog.sources import Form, Source
from setup_local.catalog.targets import Target
from setup_local.describe import probe
from setup_local.fetch import Obtained
from setup_local.plan.model import Plan, PlannedLibrary
from setup_local.sourcing import record_of
from setup_local.stage.staged import TREE, write_record

CODE = Code()
# They are only used to validate files that are themselves in the key.
INPUT_SCHEMAS = {path for path in paths.SCHEMA.iterdir() if not path.name.startswith(("python-json", "sources-record"))}
LIBRARIES = sorted(step.name for step in all_steps()["default"] if step.name.startswith("library:"))


class Watch:
    """Records the package's code that this thread runs, and which of the package's files it opens."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.ran: set[Place] = set()
        self.read: set[Path] = set()

    def called(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(f"{paths.PACKAGE}{os.sep}"):
            names = code.co_qualname.split(".")
            if not names[0].startswith("<"):
                module = ".".join(Path(code.co_filename).relative_to(paths.PACKAGE.parent).with_suffix("").parts)
                self.ran.add(Place(module=module.removesuffix(".__init__"), name=names[0]))

    def opened(self, name: str, arguments: tuple[object, ...]) -> None:
        if name == "open" and threading.get_ident() == self.thread and isinstance(arguments[0], str | os.PathLike):
            path = Path(os.path.abspath(os.fspath(arguments[0])))
            data = any(path.is_relative_to(place) for place in (paths.DATA, paths.TEMPLATES, paths.SCHEMA))
            if data and "__pycache__" not in path.parts:
                self.read.add(path)


_watches: list[Watch] = []


@cache
def _hook() -> None:
    """Record the files that Python opens (PEP 578); an audit hook cannot be removed."""
    sys.addaudithook(lambda name, arguments: [watch.opened(name, arguments) for watch in _watches] and None)


@contextmanager
def watched() -> Iterator[Watch]:
    _hook()
    watch = Watch()
    _watches.append(watch)
    before = sys.getprofile()
    sys.setprofile(watch.called)
    try:
        yield watch
    finally:
        sys.setprofile(before)
        _watches.remove(watch)


def covered(path: Path, data: Iterable[Path]) -> bool:
    return any(path == item or item in path.parents for item in data)


def declared(step: Step, steps: Iterable[Step]) -> set[Path]:
    """Return the data files of a step and of all its dependencies: they are also in its key."""
    known = {item.name: item for item in steps}
    names, waiting = set(), [step.name]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting.extend(known[name].needs)
    return {path for name in names for path in known[name].data}


def check(step: Step, steps: Sequence[Step], job: Job, *, catalogs: bool = False) -> None:
    """Run an action; fail if it runs code or reads data that is not in its key.

    It must not read a catalog either: the plan contains that data.
    """
    with watched() as watch:
        step.action(job)
    read = {path for path in watch.read if path.suffix == ".toml" and not path.is_relative_to(RECIPES)}
    assert catalogs or not read, "a catalog is read after planning"
    reached = {dataclasses.replace(place, member="") for place in CODE.reached(place_of(step.action)).pieces}
    assert watch.ran, "nothing was seen"
    assert watch.ran - reached == set()
    undeclared = {path for path in watch.read - INPUT_SCHEMAS if not covered(path, declared(step, steps))}
    assert undeclared == set()


class Bench:
    """A job with a runner that writes what commands would."""

    def __init__(self, top: Path, inputs: Mapping[str, Path] | None = None) -> None:
        self.out, self.work = top / "out", top / "work"
        for place in (self.out, self.work):
            place.mkdir()
        self.made: dict[Path, bytes] = {}
        self.job = Job(out=self.out, work=self.work, inputs=inputs or {}, env={}, run=self.run)

    def run(self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        del argv, cwd, env
        for path, content in self.made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def tarball(directory: Path, source: Source, files: Mapping[str, str]) -> Obtained:
    path = directory / f"{source.identity}.tar"
    with tarfile.open(path, "w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"tree/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return Obtained(source=source, form=Form(file=path.name, sha256="0" * 64, root="tree"), path=path)


def held(step: Step, name: str) -> object:
    """Return a value that an action holds."""
    code, cells = step.action.__code__, step.action.__closure__
    assert cells is not None
    return cells[code.co_freevars.index(name)].cell_contents


def found(plan: str, name: str) -> tuple[Step, list[Step]]:
    steps = all_steps()[plan]
    return next(step for step in steps if step.name == name), steps


@contextmanager
def sources_at(step: Step, name: str, there: object) -> Iterator[None]:
    """Replace an action's sources, because those of the steps here do not exist."""
    cell = (step.action.__closure__ or ())[step.action.__code__.co_freevars.index(name)]
    before, cell.cell_contents = cell.cell_contents, there
    try:
        yield
    finally:
        cell.cell_contents = before


def patched_files(patches: Iterable[Patch]) -> dict[str, str]:
    """Return files in which every edit of these patches matches exactly once."""
    files: dict[str, str] = {}
    for edit in (edit for patch in patches for edit in patch.edits):
        files[edit.file] = f"{files.get(edit.file, '')}\n{edit.find}\n"
    return files


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_is_made_of_what_its_key_has(name: str, tmp_path: Path) -> None:
    step, steps = found("default", name)
    planned = held(step, "planned")
    assert isinstance(planned, PlannedLibrary)
    library = planned.library
    licences = {entry.partition(" or ")[0].replace("*", "x"): "a text" for entry in library.license_files}
    files = licences | patched_files(planned.patches)
    taken = [tarball(tmp_path, source, files) for source in (planned.source, *planned.extra_sources)]
    (tmp_path / "empty").mkdir()
    bench = Bench(tmp_path, dict.fromkeys(step.needs, tmp_path / "empty"))
    stage = bench.work / "stage" / "install"
    bench.made = {stage / product: b"!<arch>\n" for product in library.produces}
    with sources_at(step, "taken", taken):
        check(step, steps, bench.job)
    assert (bench.out / "licenses" / library.license_name).is_file()


def test_patches_are_tried_with_what_the_key_has(tmp_path: Path) -> None:
    step, steps = found("default", "patches")
    patched = held(step, "patched")
    assert isinstance(patched, list)
    there = {
        item.source.identity: tarball(tmp_path, item.source, patched_files(item.patches) | {"README": ""})
        for item in patched
    }
    with sources_at(step, "sources", there):
        check(step, steps, Bench(tmp_path).job)


def test_the_audit_judges_by_what_its_key_has(tmp_path: Path) -> None:
    step, steps = found("default", "audit")
    (tmp_path / "archives").mkdir()
    Sample().write(tmp_path / "archives")
    bench = Bench(tmp_path, {"pack": tmp_path / "archives"})
    check(step, steps, bench.job, catalogs=True)
    assert [path.name for path in bench.out.iterdir()] == [Sample().name]


def staged_distribution(top: Path) -> Path:
    """Write the result of the step `stage`, with a nearly empty tree."""
    (top / "stage" / TREE / "install").mkdir(parents=True)
    staged = dataclasses.replace(STAGED, root=top / "stage" / TREE, archives={})
    write_record(staged, top / "stage")
    return top / "stage"


def test_documents_are_made_of_what_their_key_has(tmp_path: Path) -> None:
    step, steps = found("default", "documents")
    plan = held(step, "plan")
    assert isinstance(plan, Plan)
    path = tmp_path / "source"
    path.write_bytes(b"a source")
    there = (Obtained(source=source, form=source.forms[0], path=path) for source in plan.sources)
    records = tuple(record_of(item, load_keys()) for item in there)
    bench = Bench(tmp_path, {"stage": staged_distribution(tmp_path)})
    with sources_at(step, "plan", dataclasses.replace(plan, obtained=records)):
        check(step, steps, bench.job)
    assert [path.name for path in bench.out.rglob("*.json")] == ["sources.json"]


def test_a_description_is_made_of_what_its_key_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, steps = found("default", "describe")
    monkeypatch.setattr(probe, "run", Answers())
    staged = built(tmp_path / "stage" / TREE)
    write_record(staged, tmp_path / "stage")
    bench = Bench(tmp_path, {**dict.fromkeys(step.needs, tmp_path / "nowhere"), "stage": tmp_path / "stage"})
    with sources_at(step, "plan", PLAN):
        check(step, steps, bench.job)
    assert [path.name for path in bench.out.iterdir()] == ["PYTHON.json"]


def test_an_archive_is_packed_of_what_its_key_has(tmp_path: Path) -> None:
    step, steps = found("default", "pack")
    for name in ("stage/python/install/bin", "describe", "documents/build"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "describe" / "PYTHON.json").write_text("{}")
    (tmp_path / "documents" / "build" / "sources.json").write_text("{}")
    bench = Bench(tmp_path, {name: tmp_path / name for name in step.needs})
    check(step, steps, bench.job)
    assert [path.name for path in bench.out.iterdir()] == ["cpython-3.13.5-x86_64-unknown-linux-gnu-noopt-full.tar.zst"]


def test_shared_libraries_are_made_of_what_the_key_has(tmp_path: Path) -> None:
    step, steps = found("shared", "shared-libraries")
    (tmp_path / "tree" / "lib").mkdir(parents=True)
    archives = {item.archive for item in held(step, "plan").shared_objects}  # type: ignore[attr-defined]
    for archive in archives:
        shutil.copyfile(ELF / "libbundled.a", tmp_path / "tree" / "lib" / archive)
    bench = Bench(tmp_path, {**dict.fromkeys(step.needs[:2], tmp_path / "nowhere"), step.needs[2]: tmp_path / "tree"})
    check(step, steps, bench.job)


def test_a_given_profile_is_checked_by_what_the_key_has(tmp_path: Path) -> None:
    step, steps = found("profile", "profile")
    bench = Bench(tmp_path, dict.fromkeys(step.needs, tmp_path))
    bench.made = {bench.out / "summary.txt": b"Block counts: [1, 2000000]\nInstrumentation level: IR\n"}
    check(step, steps, bench.job)


def test_musl_is_made_of_what_the_key_has(tmp_path: Path) -> None:
    step, steps = found("musl", next(step.name for step in all_steps()["musl"] if step.name.startswith("sysroot:")))
    target = held(step, "target")
    assert isinstance(target, Target)
    for name in target.arch.kernel_headers:
        (tmp_path / WHEEL / "lib" / "libc" / "include" / name).mkdir(parents=True)
    source = held(step, "source")
    assert isinstance(source, Obtained)
    bench = Bench(tmp_path, dict.fromkeys(step.needs, tmp_path))
    bench.made = {bench.out / "usr" / "lib" / "libc.so": b"", bench.out / "lib" / target.musl.loader: b""}
    with sources_at(step, "source", tarball(tmp_path, source.source, {"COPYRIGHT": "a text"})):
        check(step, steps, bench.job, catalogs=True)


@cache
def _texts(module: str) -> Mapping[str, frozenset[str]]:
    """Return the strings in each definition of a module."""
    file = module_file(module)
    assert file is not None
    strings: dict[str, set[str]] = {}
    for item in ast.parse(file.read_bytes()).body:
        named = [item.name] if isinstance(item, ast.FunctionDef | ast.ClassDef) else []
        names_in = (node for node in ast.walk(item) if isinstance(node, ast.Name))
        named = named or [node.id for node in names_in if isinstance(node.ctx, ast.Store)]
        constants = {node.value for node in ast.walk(item) if isinstance(node, ast.Constant)}
        texts = {text for text in constants if isinstance(text, str)}
        texts |= {f"{text}.j2" for text in texts if ".j2" in texts}  # `render(f"{name}.j2", ...)`
        for name in named:
            strings.setdefault(name, set()).update(texts)
    return {name: frozenset(texts) for name, texts in strings.items()}


def _files_of(text: str) -> set[Path]:
    """Return the data files that a string in the code can name."""
    if not text or text.startswith("/") or "\0" in text or len(text) > 80:
        return set()
    named = {paths.DATA / text, paths.TEMPLATES / text, paths.DATA / "patches" / text}
    return {path for path in named if path.is_file()}


@pytest.mark.parametrize("plan", all_steps())
def test_every_data_file_that_code_names_is_declared(plan: str) -> None:
    steps = all_steps()[plan]
    for step in {place_of(step.action): step for step in steps}.values():
        places = {(place.module, place.name) for place in CODE.reached(place_of(step.action)).pieces if place.name}
        named = {path for module, name in places for text in _texts(module).get(name, ()) for path in _files_of(text)}
        named.discard(paths.DATA / "sources.toml")  # errors name it; the plan contains the data from it
        undeclared = {path for path in named if not covered(path, declared(step, steps))}
        foreign = (
            "musl" if plan != "musl" else "glibc"
        )  # the code for the other C library's loader is included but does not run
        assert {path for path in undeclared if foreign not in path.name} == set(), step.name


def test_the_check_sees_a_template_that_is_named() -> None:
    assert "stub.S.j2" in _texts("setup_local.build.sysroot")["_build_stub"]
    assert _files_of("stub.S.j2") == {paths.TEMPLATES / "stub.S.j2"}


def test_the_watch_sees_an_undeclared_file_and_unknown_code(tmp_path: Path) -> None:
    def action(_: Job) -> None:
        load_musl()

    step = Step(name="a", ingredients="", action=action)
    with pytest.raises(AssertionError, match=r"musl\.toml"):
        check(step, [step], Bench(tmp_path).job, catalogs=True)
    shutil.rmtree(tmp_path / "out")
    shutil.rmtree(tmp_path / "work")
    declared_step = dataclasses.replace(step, data=(paths.DATA / "musl.toml",))
    with pytest.raises(AssertionError, match="a catalog is read after planning"):
        check(declared_step, [declared_step], Bench(tmp_path).job)
    shutil.rmtree(tmp_path / "out")
    shutil.rmtree(tmp_path / "work")
    check(declared_step, [declared_step], Bench(tmp_path).job, catalogs=True)
