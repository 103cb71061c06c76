"""Distributions with LibreSSL, built from a release tarball and used; skipped if no tarball is available.

`SETUP_LOCAL_TEST_LIBRESSL` names the file (`libressl-4.3.2.tar.gz`), or a mirror that has it: a directory or a URL.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import Installation, unpack
from test_regression import SECONDS_OF_ONE_FILE, selection_for

from setup_local import paths

VARIABLE = "SETUP_LOCAL_TEST_LIBRESSL"
PYTHON_VARIABLE = "SETUP_LOCAL_TEST_LIBRESSL_PYTHON"
PYTHON = "cpython-3.13.5"
BUILDS = {
    "glibc": (),
    "musl": ("--musl",),
    "musl, static": ("--musl", "--options", "noopt+static"),
}
PROTOCOLS = ("httplib", "httpservers", "urllib2_localnet", "ftplib", "smtplib", "poplib", "imaplib", "xmlrpc")
TESTS = ("test_ssl", "test_hashlib", "test_hmac", *(f"test_{name}" for name in PROTOCOLS))
TELL = """
import hashlib, ssl
print(ssl.OPENSSL_VERSION)
print(ssl.HAS_PSK, getattr(ssl, "HAS_PHA", False), hasattr(hashlib, "scrypt"))
"""


def _source() -> tuple[str, ...]:
    given = os.environ.get(VARIABLE)
    if not given:
        pytest.skip(f"not executed: {VARIABLE} names no tarball of LibreSSL and no mirror that has it")
    return ("--source", f"libressl={Path(given).absolute()}") if Path(given).is_file() else ("--mirror", given)


def _setup_local(script: str, *words: str | Path, say: Callable[[str], None]) -> str:
    """Run one of the project's programs and return its last line of output."""
    say(" ".join(map(str, (script, *words))))
    argv = [str(paths.PACKAGE.parent / script), *map(str, words)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{script} ended with {done.returncode}", pytrace=False)
    return done.stdout.rstrip().rpartition("\n")[2]


@pytest.fixture(scope="module", params=BUILDS.values(), ids=BUILDS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]) -> Path:
    """Return the archive of one build."""
    words = ("--libressl", *request.param, *_source(), "--python", os.environ.get(PYTHON_VARIABLE, PYTHON))
    output = tmp_path_factory.mktemp("archives")
    return Path(_setup_local("build-linux.py", *words, "--output", output, say=say))


@pytest.fixture(scope="module")
def libressl(built: Path, workshop: Path) -> Installation:
    """Return the unpacked installation."""
    root = workshop / built.name
    unpack(built, root)
    return Installation(root=root / "python", home=workshop / "home of libressl")


def test_the_archive_holds_what_it_promises(built: Path, say: Callable[[str], None]) -> None:
    _setup_local("setup-local", "validate", built, say=say)


def test_it_says_what_is_in_it(libressl: Installation) -> None:
    family, _, series = libressl.tls.partition("-")
    assert family == "libressl"
    version, features = libressl.run(["-c", TELL]).splitlines()
    assert version.startswith(f"LibreSSL {series}")
    assert features == "False False False"
    (entry,) = libressl.description["build_info"]["extensions"]["_ssl"]
    assert {"OpenSSL", "ISC"} <= set(entry["licenses"])


@pytest.mark.parametrize("script", ["tls", "identifiers_and_hashes", "imports"])
def test_scripts_of_a_distribution(
    script: str, libressl: Installation, scripts: Path, say: Callable[[str], None]
) -> None:
    more = [libressl.root / "PYTHON.json"] if script == "imports" else []
    output = libressl.run(["-B", scripts / f"{script}.py", *more])
    for line in output.splitlines():
        say(line)
    assert "ok   test_" in output


def test_cpythons_own_tests_of_hashes_tls_and_protocols(libressl: Installation, say: Callable[[str], None]) -> None:
    ignored = [word for pattern in selection_for(libressl, "all").ignored_cases for word in ("--ignore", pattern)]
    words = ["-m", "test", "-w", "-u", "none", f"--timeout={SECONDS_OF_ONE_FILE}", *ignored, *TESTS]
    for line in libressl.run(words, seconds=3 * SECONDS_OF_ONE_FILE).splitlines():
        say(line)
