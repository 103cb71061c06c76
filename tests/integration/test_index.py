"""The index and its clients: uv installs from a directory of our archives, `create` creates environments from them.

Every installation is moved, and used again at its new place.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from clients import ROOT, served, used
from installed import checked, environment, run

from setup_local.archive_name import parse_name

UV = "uv==0.13.8"
PIP = "25.1"
VIRTUALENV = "20.31.2"
C_PACKAGE = "markupsafe==3.0.2"
C_BACKEND = "setuptools==80.9.0"
WHEEL = "six==1.16.0"
FLAVORS = ("full", "install_only")
UV_VARIANTS = ("freethreaded", "debug")


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A directory of archives with its index, and a scratch directory for the results.

    `asked` is the request with which uv installs exactly this build: the version, and the variants that uv supports.
    """

    directory: Path
    scratch: Path
    version: str
    asked: str

    def ours(self, *words: str | Path, more: Mapping[str, str] | None = None) -> str:
        """Run one of our commands and return the last line of its output."""
        argv = [sys.executable, ROOT / "setup-local", *words]
        return checked(argv, env=environment(self.scratch, more), cwd=self.scratch).splitlines()[-1]


def version_of(archive: Path) -> str:
    return archive.name.split("-")[1]


def asked_of_uv(archive: Path) -> str:
    """Return `3.13.5`, or `3.13.5+freethreaded`, `3.13.5+debug` for builds that uv distinguishes."""
    named = parse_name(archive.name)
    assert named is not None
    options = named.build_options.split("+")
    return "+".join([version_of(archive), *(name for name in UV_VARIANTS if name in options)])


@pytest.fixture(scope="session")
def shop(archive: Path, workshop: Path) -> Shop:
    """Return the archive under test in a separate directory, with an index."""
    scratch = workshop / "index"
    directory = scratch / "our archives"
    directory.mkdir(parents=True)
    shutil.copy(archive, directory)
    made = Shop(directory=directory, scratch=scratch, version=version_of(archive), asked=asked_of_uv(archive))
    made.ours("index", directory)
    return made


def flavored(shop: Shop, archive: Path, flavor: str) -> Path:
    """Return a directory that contains one flavour of the archive, and its index."""
    if flavor == "full":
        return shop.directory
    directory = shop.scratch / flavor
    directory.mkdir()
    shop.ours("repack", archive, "--flavor", flavor, "--output", directory)
    shop.ours("index", directory)
    return directory


@pytest.fixture(scope="session")
def tool(shop: Shop) -> Path:
    """Return an environment created by `create`, with uv and the packages for uv; fail without the index."""
    place = shop.scratch / "tool kit"
    more = {"PYTHON_INSTALL_DIR": str(place), "PYTHON_VERSION": shop.version, "PIP_VERSION": PIP}
    ours = [sys.executable, ROOT / "setup-local", "create", "--index", shop.directory, "--virtualenv", VIRTUALENV]
    python = place / "bin" / "python3"
    to = ["--no-deps", "--dest", shop.scratch / "wheels"]
    for argv in (
        ours,
        [python, "-m", "pip", "install", UV, C_BACKEND],
        [python, "-m", "pip", "download", *to, WHEEL, C_BACKEND],
        [python, "-m", "pip", "download", *to, "--no-build-isolation", "--no-binary=:all:", C_PACKAGE],
    ):
        done = run(argv, env=environment(shop.scratch, more if argv is ours else None), cwd=shop.scratch, seconds=300)
        if done.returncode and (argv is not ours or "pip cannot install" in done.stdout):
            pytest.fail(f"the package index does not give what is needed: {done.stdout.splitlines()[-1]}")
        assert done.returncode == 0, done.stdout
    return python


@dataclass(frozen=True, kw_only=True)
class Uv:
    """uv with separate directories; `metadata` is the location of our `download-metadata.json`."""

    program: Path
    metadata: str
    place: Path
    version: str
    asked: str

    @property
    def installations(self) -> Path:
        return self.place / "installations"

    def __call__(self, *words: str | Path, installations: Path | None = None, seconds: float = 300) -> str:
        more = {
            "UV_PYTHON_INSTALL_DIR": str(installations or self.installations),
            "UV_CACHE_DIR": str(self.place / "cache"),
            "UV_PYTHON_DOWNLOADS_JSON_URL": self.metadata,
            "UV_NO_CONFIG": "1",
        }
        return checked([self.program, *words], env=environment(self.place, more), cwd=self.place, seconds=seconds)

    def python(self, name: str) -> Path:
        return self.place / name / "bin" / "python"


def prepared(tool: Path, metadata: str, place: Path, shop: Shop) -> Uv:
    place.mkdir(parents=True)
    program = tool.parent / "uv"
    uv = Uv(program=program, metadata=metadata, place=place, version=shop.version, asked=shop.asked)
    uv("python", "install", uv.asked, "--no-bin")
    return uv


@pytest.fixture(scope="session", params=FLAVORS)
def uv(request: pytest.FixtureRequest, shop: Shop, tool: Path, archive: Path) -> Uv:
    """Return uv after it has installed one flavour of our Python from a directory."""
    directory = flavored(shop, archive, request.param)
    metadata = (directory / "download-metadata.json").as_uri()
    return prepared(tool, metadata, shop.scratch / f"uv {request.param}", shop)


def test_uv_installs_and_makes_environments(uv: Uv) -> None:
    uv("venv", "--python", uv.asked, "--managed-python", "plain")
    assert uv.installations in uv.python("plain").resolve().parents
    used(uv.python("plain"), uv.place, uv.version)


def test_uv_installs_a_wheel_and_a_source_with_c_code(uv: Uv, shop: Shop) -> None:
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    uv("venv", "--python", uv.asked, "--managed-python", "packages")
    offline = ["--no-index", "--find-links", shop.scratch / "wheels", "--no-binary", "markupsafe"]
    uv("pip", "install", "--python", uv.python("packages"), *offline, WHEEL, C_PACKAGE)
    code = "import six, markupsafe._speedups; print(markupsafe.escape('<'))"
    told = checked([uv.python("packages"), "-c", code], env=environment(uv.place), cwd=uv.place)
    assert told.strip() == "&lt;"


def test_what_uv_installed_can_be_moved(uv: Uv) -> None:
    (found,) = [path for path in uv.installations.glob("cpython-*") if not path.is_symlink()]
    moved = uv.place / "moved Maß"
    uv.installations.rename(moved)
    try:
        used(moved / found.name / "bin" / "python3", uv.place, uv.version)
        uv("venv", "--python", uv.asked, "--managed-python", "after", installations=moved)
        assert moved in uv.python("after").resolve().parents
        used(uv.python("after"), uv.place, uv.version)
    finally:
        moved.rename(uv.installations)


@pytest.fixture
def server(shop: Shop) -> Iterator[str]:
    with served(shop.directory) as url:
        yield url


def test_clients_get_it_from_a_server(shop: Shop, tool: Path, server: str) -> None:
    shop.ours("index", shop.directory, "--base-url", server)
    try:
        place = shop.scratch / "served"
        uv = prepared(tool, f"{server}/download-metadata.json", place, shop)
        (found,) = [path for path in uv.installations.glob("cpython-*") if not path.is_symlink()]
        used(found / "bin" / "python3", place, shop.version)
        cache = {"SETUP_LOCAL_CACHE": str(place / "cache")}
        path = Path(shop.ours("fetch", shop.version, "--index", server, "--output", place / "got", more=cache))
        assert path.read_bytes() == (shop.directory / path.name).read_bytes()
    finally:
        shop.ours("index", shop.directory)


def test_an_environment_and_its_scripts_can_be_moved(shop: Shop, tool: Path) -> None:
    used(tool, shop.scratch, shop.version)
    first = tool.parent.parent
    moved = first.rename(shop.scratch / "then there")
    try:
        used(moved / "bin" / "python3", shop.scratch, shop.version)
        for script, words in (("pip", f"pip {PIP} "), ("virtualenv", f"virtualenv {VIRTUALENV} ")):
            told = checked([moved / "bin" / script, "--version"], env=environment(shop.scratch), cwd=shop.scratch)
            assert told.startswith(words)
            assert str(moved) in told
    finally:
        moved.rename(first)


def test_a_killed_create_leaves_nothing_and_the_next_one_works(shop: Shop, say: Callable[[str], None]) -> None:
    place = shop.scratch / "killed"
    argv = [sys.executable, ROOT / "setup-local", "create", place / "env", "--from", shop.version]
    argv += ["--index", shop.directory]
    process = subprocess.Popen(argv, env=environment(shop.scratch), stdin=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + 60
    while not list(place.glob(".env.making-*/python/install/lib/*")) and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left = [path.name for path in place.iterdir()]
    say(f"killed while it unpacked; left: {', '.join(left)}")
    assert len(left) == 1
    assert left[0].startswith(".env.making-")
    used(
        Path(shop.ours("create", place / "env", "--from", shop.version, "--index", shop.directory)), place, shop.version
    )
    assert [path.name for path in place.iterdir()] == ["env"]
