"""Patches of libraries are tried before anything is compiled; all that do not apply are reported at once."""

from __future__ import annotations

import dataclasses
import io
import tarfile
from pathlib import Path

import pytest

from setup_local.build.patch_trial import patch_trial_step
from setup_local.build.steps import Job
from setup_local.catalog.catalogs import load_catalogs
from setup_local.catalog.patches import Patch, load_patch, patches_for
from setup_local.catalog.sources import Form, Source
from setup_local.errors import ReconcileError
from setup_local.fetch import Obtained
from setup_local.plan.model import Plan
from setup_local.plan.resolve import resolve
from setup_local.values import Request


def tarball(directory: Path, name: str, files: dict[str, str]) -> Obtained:
    path = directory / f"{name}.tar"
    with tarfile.open(path, "w") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"{name}/{file}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    form = Form(file=path.name, sha256="0" * 64, size=path.stat().st_size, root=name)
    return Obtained(source=Source(name=name, version="1", forms=(form,)), form=form, path=path)


@pytest.fixture
def plan() -> Plan:
    whole = resolve(Request(python="3.13.5"), load_catalogs())
    chosen = tuple(item for item in whole.libraries if item.name in {"zlib", "libedit", "bzip2"})
    return dataclasses.replace(whole, libraries=chosen)


def texts(patches: tuple[Patch, ...]) -> dict[str, str]:
    """Return files in which every edit of these patches matches exactly once."""
    found: dict[str, str] = {}
    for edit in (edit for patch in patches for edit in patch.edits):
        found[edit.file] = f"{found.get(edit.file, '')}\n{edit.find}\n"
    return found


def tried(plan: Plan, tmp_path: Path, **changed: dict[str, str]) -> None:
    obtained = {}
    for item in plan.libraries:
        files = {"README": "", **texts(item.patches), **changed.get(item.name, {})}
        obtained[item.source.identity] = tarball(tmp_path, item.source.identity, files)
    step = patch_trial_step(plan, obtained)
    step.action(Job(out=tmp_path, work=tmp_path / "work", inputs={}, env={}, run=lambda *_, **__: None))


def test_patches_that_fit_pass(plan: Plan, tmp_path: Path) -> None:
    assert [item.name for item in plan.libraries if item.patches] == ["zlib", "libedit"]
    tried(plan, tmp_path)


def test_everything_that_does_not_fit_is_told_at_once(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ReconcileError) as caught:
        tried(plan, tmp_path, zlib={"deflate.c": "other"}, libedit={"src/readline.c": "other"})
    lines = str(caught.value).splitlines()
    assert lines[0] == "patches do not fit their sources:"
    assert any(line.startswith("  zlib-1.3.1: zlib-longest-match.toml searches for ") for line in lines)
    assert any(line.startswith("  libedit-") for line in lines)


def test_a_file_that_is_gone_is_told(plan: Plan, tmp_path: Path) -> None:
    only = dataclasses.replace(plan, libraries=tuple(item for item in plan.libraries if item.name == "zlib"))
    (item,) = only.libraries
    step = patch_trial_step(only, {item.source.identity: tarball(tmp_path, "zlib-1.3.1", {"README": ""})})
    with pytest.raises(ReconcileError, match=r"zlib-1\.3\.1: does not contain zlib-1\.3\.1/deflate\.c"):
        step.action(Job(out=tmp_path, work=tmp_path / "work", inputs={}, env={}, run=lambda *_, **__: None))


def test_it_is_the_first_step_to_start(plan: Plan) -> None:
    step = patch_trial_step(plan, {item.source.identity: _absent(item.source) for item in plan.libraries})
    assert step.needs == ()
    assert step.weight > sum(item.library.weight for item in whole().libraries)


def whole() -> Plan:
    return resolve(Request(python="3.13.5"), load_catalogs())


def _absent(source: Source) -> Obtained:
    return Obtained(source=source, form=source.forms[0], path=Path("/nowhere"))


def test_a_patch_may_be_for_some_versions_only() -> None:
    assert patches_for(["readline-unknown-locale.toml"], "8.2") == (load_patch("readline-unknown-locale.toml"),)
    assert patches_for(["readline-unknown-locale.toml"], "8.3") == ()
