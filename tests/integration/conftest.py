"""Fixtures of the tests that use a finished archive as its users do."""

from __future__ import annotations

import functools
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clients import Clients, installed_clients, used
from installed import DIST, Installation, unpack
from windows_tree import WINE_VARIABLE, Tree
from x_screen import Screen, x_server

from setup_local.catalog.flavors import load_flavors
from setup_local.flavors.repack import repack

ARCHIVE_VARIABLE = "SETUP_LOCAL_TEST_ARCHIVE"
SECOND_ARCHIVE_VARIABLE = "SETUP_LOCAL_TEST_SECOND_ARCHIVE"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("distribution")
    group.addoption("--archive", metavar="PATH", help=f"archive to test (else the variable {ARCHIVE_VARIABLE})")
    second = f"archive of another version, for clients that use two (else the variable {SECOND_ARCHIVE_VARIABLE})"
    group.addoption("--second-archive", metavar="PATH", help=second)
    group.addoption(
        "--regression",
        choices=("quick", "all", "emulated"),
        default="quick",
        help="how much of CPython's own test suite to run (quick: without the tests listed as slow; emulated: the files"
        " that are listed for processors that an emulator stands in for)",
    )


@pytest.fixture(scope="session")
def archive(request: pytest.FixtureRequest) -> Path:
    """Return the archive under test; there is no default, so that an old one is not tested by mistake."""
    return _given(request, "--archive", ARCHIVE_VARIABLE)


@pytest.fixture(scope="session")
def second_archive(request: pytest.FixtureRequest) -> Path:
    """Return the archive of another version."""
    return _given(request, "--second-archive", SECOND_ARCHIVE_VARIABLE)


def _given(request: pytest.FixtureRequest, option: str, variable: str) -> Path:
    chosen = request.config.getoption(option) or os.environ.get(variable)
    if not chosen:
        pytest.fail(f"no archive was given: use {option} PATH or {variable}; `make test` builds one first")
    path = Path(str(chosen)).absolute()
    if not path.is_file():
        pytest.fail(f"{path}: there is no such archive")
    return path


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return a function that prints a line immediately, bypassing pytest's capturing."""
    manager = request.config.pluginmanager.getplugin("capturemanager")

    def write(text: str) -> None:
        with manager.global_and_fixture_disabled():
            print(f"\n  {text}", end="", flush=True)  # noqa: T201 - a long test says what it does

    return write


@pytest.fixture(scope="session")
def workshop() -> Iterator[Path]:
    """Return a directory for all files; unlike pytest's own, every user can read it."""
    path = Path(tempfile.mkdtemp(prefix="setup-local-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def scripts(workshop: Path) -> Path:
    """Return a copy of `tests/dist` that every user can read, wherever the checkout is."""
    return Path(shutil.copytree(DIST, workshop / "scripts", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture(scope="session")
def installation(archive: Path, workshop: Path, say: Callable[[str], None]) -> Installation:
    """Return the unpacked installation, started once where it was unpacked and then moved.

    The new path contains a space and a non-ASCII letter.
    """
    say(f"unpacking {archive.name}")
    first = workshop / "unpacked"
    unpack(archive, first)
    Installation(root=first / "python", home=workshop / "first home").run(["-m", "site"])
    moved = workshop / "Maß und Zahl"
    first.rename(moved)
    return Installation(root=moved / "python", home=workshop / "home")


@pytest.fixture(scope="session")
def repacked(archive: Path, workshop: Path) -> Callable[[str], Path]:
    """Return a function that creates one flavour of the archive, once."""
    catalog = load_flavors()
    flavors = {flavor.name: flavor for flavor in catalog.flavor}

    @functools.cache
    def make(name: str) -> Path:
        return repack(archive, flavors[name], catalog, output=workshop / "flavours", threads=2)

    return make


@pytest.fixture(scope="session")
def install_only(repacked: Callable[[str], Path]) -> Path:
    """Return the `install_only` archive, repacked from the one under test."""
    return repacked("install_only")


@pytest.fixture(scope="session")
def full_tree(archive: Path, workshop: Path, say: Callable[[str], None]) -> Path:
    """Return the full archive, unpacked and moved: `install`, and `build` to link from."""
    say(f"unpacking all of {archive.name}")
    unpack(archive, workshop / "everything", kept=("python/",))
    return (workshop / "everything").rename(workshop / "all of Maß") / "python"


@pytest.fixture(scope="session")
def clients(install_only: Path, workshop: Path, say: Callable[[str], None]) -> Clients:
    """Return the clients, installed into an environment that our Python creates after it was moved."""
    first = workshop / "clients"
    with tarfile.open(install_only) as tar:
        tar.extractall(first, filter="tar")
    version = install_only.name.split("-")[1]
    used(first / "python" / "bin" / "python3", workshop, version)
    moved = first.rename(workshop / "the clients")
    say("installing the clients from the package index")
    return installed_clients(moved / "python", version, moved / "clients")


@pytest.fixture(scope="session")
def screen(workshop: Path) -> Iterator[Screen]:
    """Return an X display without a screen, whose pixels can be read."""
    with x_server(workshop / "screen") as running:
        yield running


@pytest.fixture(scope="session")
def display(screen: Screen) -> str:
    """Return the name of an X display without a screen."""
    return screen.display


@pytest.fixture(scope="session")
def tree(archive: Path, workshop: Path) -> Tree:
    """Return the unpacked distribution for Windows."""
    if "-windows-" not in archive.name:
        pytest.skip("the archive is for another system")
    wine = os.environ.get(WINE_VARIABLE)
    if not wine:
        pytest.fail(f"no Wine was given: {WINE_VARIABLE}=DIRECTORY/wine, see scripts/install-wine")
    unpack(archive, workshop / "tree")
    return Tree(workshop / "tree" / "python", Path(wine))
