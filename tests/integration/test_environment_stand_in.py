"""Wheezy without Wheezy: every command uses its definition, with a stand-in snapshot of tiny packages on loopback.

Only the address of the snapshot is changed, in a copy of this project. The packages have the names and versions of the
definition but contain no programs, so the first command in the root file system fails.
"""

from __future__ import annotations

import dataclasses
import gzip
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import served
from tiny_packages import PACKAGES, Tiny, package_bytes, write_mirror

from setup_local import paths
from setup_local.catalog.environments import load_environment

ROOT = Path(__file__).resolve().parents[2]
NAME = "wheezy"
WHEEZY = load_environment(NAME)


def stand_ins() -> tuple[Tiny, ...]:
    """Return a tiny package for each one that the definition requires."""
    provided = WHEEZY.provided or {}
    known = {package.name for package in PACKAGES}
    plain = dataclasses.replace(next(package for package in PACKAGES if package.name == "vim"), files={})
    missing = [name for name in WHEEZY.roots if name not in known and provided.get(name, name)]
    return (*PACKAGES, *(dataclasses.replace(plain, name=name, files={f"usr/share/{name}": name}) for name in missing))


def write_snapshot(directory: Path) -> None:
    """Write a snapshot archive: an index, and packages at the paths in the index."""
    top = directory / WHEEZY.snapshot
    index = top / "dists" / WHEEZY.suite / "main" / f"binary-{WHEEZY.architecture}"
    index.mkdir(parents=True)
    (index / "Packages.gz").write_bytes(gzip.compress(write_mirror(stand_ins(), index).encode()))
    for package in stand_ins():
        (top / package.path).parent.mkdir(parents=True, exist_ok=True)
        (top / package.path).write_bytes(package_bytes(package))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """Return a copy of this project whose Wheezy comes from the stand-in."""
    copy = tmp_path / "project"
    copy.mkdir()
    shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
    for name in ("setup_local", "templates", "schema"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    write_snapshot(tmp_path / "snapshot")
    with served(tmp_path / "snapshot") as url:
        point_to(copy, url)
        yield copy


def point_to(project: Path, url: str) -> None:
    file = project / "setup_local" / "data" / "environments" / f"{NAME}.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(WHEEZY.archive.removesuffix("/{snapshot}"), url), encoding="utf-8")
    assert url in file.read_text(encoding="utf-8")


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    env = {**kept, "SETUP_LOCAL_CACHE": str(project.parent / "cache"), "PYTHONPATH": str(project)}
    argv = [sys.executable, "-P", "-m", "setup_local", *arguments]
    return subprocess.run(argv, env=env, cwd=project, capture_output=True, text=True, check=False)


def bootstrap(project: Path) -> subprocess.CompletedProcess[str]:
    places = ["--mirror", str(paths.cache_root() / "sources")]
    return run(project, "toolchain", "bootstrap", "--environment", NAME, "--until", "m4", *places)


def test_wheezy_goes_through_everything_but_the_download(project: Path) -> None:
    done = run(project, "environments", "resolve", NAME)
    assert done.returncode == 0, done.stderr
    assert f"{NAME}.toml: " in done.stdout
    listed = run(project, "environments", "list").stdout
    assert "all pinned" in next(line for line in listed.splitlines() if line.startswith(NAME))
    done = bootstrap(project)
    assert done.returncode == 14, done.stderr
    assert "error: bootstrap:m4: `" in done.stderr
    assert "Traceback" not in done.stderr
    (result,) = (project.parent / "cache" / "store").glob(f"*-environment-{NAME}/result")
    assert os.readlink(result / "root" / "bin" / "sh") == "dash"
    assert (result / "root" / "usr" / "bin" / "gcc").resolve().name == "gcc-4.7"
    assert f"{WHEEZY.title}: the packages of {WHEEZY.suite}" in (result / "Dockerfile").read_text(encoding="utf-8")


def test_a_package_that_the_snapshot_changed_since_is_refused(project: Path) -> None:
    assert run(project, "environments", "resolve", NAME).returncode == 0
    (file,) = (project.parent / "snapshot" / WHEEZY.snapshot / "pool").rglob("dash_*.deb")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    done = bootstrap(project)
    assert done.returncode == 11, done.stderr
    assert "has the wrong bytes" in done.stderr


def test_a_snapshot_that_cannot_be_reached_is_one_message(project: Path) -> None:
    shutil.rmtree(project.parent / "snapshot" / WHEEZY.snapshot)
    done = run(project, "environments", "resolve", NAME)
    assert done.returncode == 11, done.stderr
    assert "the snapshot cannot be reached: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
