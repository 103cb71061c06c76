"""Each flavour of the archive under test starts and works where it is unpacked."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import NOBODY, Installation, as_ordinary_user, listed_otherwise, run

from setup_local.audit.validate import validate_archive
from setup_local.binfmt.elf import read_elf
from setup_local.catalog.flavors import load_flavors
from setup_local.flavors.repack import repack

CATALOG = load_flavors()
FLAVORS = {flavor.name: flavor for flavor in CATALOG.flavor if not flavor.detached}
# Code that the interpreter runs, and the extension module that it needs.
QUESTIONS = (
    ("_ssl", "import ssl; assert ssl.create_default_context() and ssl.OPENSSL_VERSION"),
    ("_sqlite3", "import sqlite3; assert sqlite3.connect(':memory:').execute('select 6 * 7').fetchone() == (42,)"),
    ("_ctypes", "import ctypes, os; assert ctypes.CDLL(None).getpid() == os.getpid()"),
    ("_lzma", "import lzma; assert lzma.decompress(lzma.compress(b'x')) == b'x'"),
    ("_bz2", "import bz2; assert bz2.decompress(bz2.compress(b'x')) == b'x'"),
    ("_curses", "import curses"),
    ("readline", "import readline"),
    ("", "import decimal, hashlib, sys, sysconfig, uuid, zoneinfo"),
    ("", "assert sysconfig.get_config_var('prefix') == sys.prefix, sysconfig.get_config_var('prefix')"),
    ("", "print(sys.prefix)"),
)


@pytest.fixture(scope="module", params=FLAVORS)
def flavor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def packed(repacked: Callable[[str], Path], flavor: str) -> Path:
    return repacked(flavor)


@pytest.fixture(scope="module")
def prefix(packed: Path, workshop: Path, flavor: str) -> Path:
    """Return the unpacked installation, in a directory with a space and a non-ASCII letter."""
    place = workshop / f"Ort für {flavor}"
    with tarfile.open(packed) as tar:
        tar.extraction_filter = getattr(tarfile, "tar_filter", None)
        tar.extractall(place)
    return place / "python"


@pytest.fixture(scope="module")
def home(workshop: Path, flavor: str) -> Path:
    path = workshop / f"home of {flavor}"
    path.mkdir()
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


def _python(program: Path, home: Path, *arguments: str) -> str:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    done = run(as_ordinary_user([program, *arguments]), env=env, cwd=home, seconds=180)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_validator_finds_nothing(packed: Path) -> None:
    assert list(validate_archive(packed).walk()) == []


def test_sha256sum_finds_every_file_as_it_was_packed(prefix: Path) -> None:
    assert not listed_otherwise(prefix)


def test_packing_again_gives_the_same_bytes(archive: Path, packed: Path, flavor: str, workshop: Path) -> None:
    if flavor != "minimal":
        return  # a unit test compares all flavours; the smallest is enough here
    again = repack(archive, FLAVORS[flavor], CATALOG, output=workshop / "again", threads=1)
    assert again.name == packed.name
    assert again.read_bytes() == packed.read_bytes()


def test_the_interpreter_works_and_says_nothing_else(prefix: Path, home: Path, installation: Installation) -> None:
    without = installation.left_out
    program = "\n".join(question for module, question in QUESTIONS if module not in without)
    assert _python(prefix / "bin" / "python3", home, "-c", program) == f"{prefix}\n"


def test_pip_works_as_module_and_as_script(prefix: Path, home: Path) -> None:
    assert str(prefix) in _python(prefix / "bin" / "python3", home, "-m", "pip", "--version")
    assert str(prefix) in _python(prefix / "bin" / "pip3", home, "--version")


def test_a_virtual_environment_has_pip(prefix: Path, home: Path) -> None:
    _python(prefix / "bin" / "python3", home, "-m", "venv", "environment")
    assert "environment" in _python(home / "environment" / "bin" / "python", home, "-m", "pip", "--version")


def test_stripped_flavours_have_no_symbols(prefix: Path, flavor: str) -> None:
    elf = read_elf((prefix / "bin" / "python3").read_bytes())
    assert bool(elf.symbols.defined) is not FLAVORS[flavor].stripped


def test_help_says_what_is_missing_instead_of_failing(prefix: Path, home: Path, flavor: str) -> None:
    said = _python(prefix / "bin" / "python3", home, "-m", "pydoc", "for")
    assert ("documentation is not available" in said) is ("documentation" in FLAVORS[flavor].without)
    assert "Traceback" not in said
