"""`venv` and `pip` as users call them; the last function needs the package index, and is skipped without it."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path

import harness

INDEX_PACKAGE = "six==1.16.0"
PROJECT = {
    "tiny/__init__.py": "def main():\n    print('tiny runs')\n",
    "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny-1.0.dist-info/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
}


def _wheel(directory: Path) -> Path:
    """Write a wheel in the format of PEP 427 and return its path."""
    path = directory / "tiny-1.0-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in PROJECT.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(text.encode())}\n")
            archive.writestr(name, text)
        archive.writestr("tiny-1.0.dist-info/RECORD", "".join(record) + "tiny-1.0.dist-info/RECORD,,\n")
    return path


def _environment(directory: str, *options: str) -> Path:
    """Create an environment in a directory with a space in its name and check that it works."""
    path = Path(directory) / "own environment"
    harness.python("-m", "venv", *options, str(path))
    code = "import sys, sysconfig; print(sys.prefix, sys.base_prefix, sysconfig.get_path('purelib'), sep='\\n')"
    prefix, base, purelib = harness.run(str(path / "bin/python"), "-c", code).splitlines()
    harness.equal((Path(prefix).resolve(), Path(base).resolve()), (path.resolve(), Path(sys.base_prefix).resolve()))
    harness.holds(Path(purelib).is_relative_to(path))
    return path


def _install_and_run(environment: Path, scratch: Path) -> None:
    pip = str(environment / "bin/pip")
    harness.run(pip, "install", "--no-index", "--disable-pip-version-check", str(_wheel(scratch)))
    harness.equal(harness.run(str(environment / "bin/tiny")).strip(), "tiny runs")
    harness.holds("tiny" in harness.run(pip, "list", "--format=freeze", "--disable-pip-version-check"))
    harness.run(pip, "check", "--disable-pip-version-check")
    harness.run(pip, "uninstall", "--yes", "--disable-pip-version-check", "tiny")
    harness.holds(not (environment / "bin/tiny").exists())


def test_environment_of_symbolic_links() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        environment = _environment(scratch, "--symlinks")
        harness.holds((environment / "bin/python").is_symlink())
        _install_and_run(environment, Path(scratch))


def test_environment_of_copies() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        environment = _environment(scratch, "--copies")
        harness.holds(not (environment / "bin/python").is_symlink())
        code = "import ssl, sqlite3, ctypes, lzma, encodings.idna, zoneinfo; print(6 * 7)"
        harness.equal(harness.run(str(environment / "bin/python"), "-c", code).strip(), "42")


def test_environment_of_an_environment() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        outer = _environment(scratch, "--without-pip")
        inner = Path(scratch) / "inner"
        harness.run(str(outer / "bin/python"), "-m", "venv", "--without-pip", str(inner))
        base = harness.run(str(inner / "bin/python"), "-c", "import sys; print(sys.base_prefix)").strip()
        harness.equal(Path(base).resolve(), Path(sys.base_prefix).resolve())


def test_pip_with_a_target_directory() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        target = str(Path(scratch) / "target")
        wheel = str(_wheel(Path(scratch)))
        harness.python("-m", "pip", "install", "--no-index", "--disable-pip-version-check", "--target", target, wheel)
        answer = harness.python("-c", "import tiny; tiny.main()", env={"PYTHONPATH": target})
        harness.equal(answer.strip(), "tiny runs")


def test_pip_with_the_package_index() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        target = str(Path(scratch) / "target")
        options = ("--no-deps", "--no-binary=:none:", "--only-binary=:all:", "--retries=1", "--timeout=15")
        try:
            harness.python("-m", "pip", "install", *options, "--target", target, INDEX_PACKAGE)
        except AssertionError as error:
            if "Connection" in str(error) or "NewConnectionError" in str(error):
                raise harness.Skip("the package index cannot be reached") from error
            raise
        answer = harness.python("-c", "import six; print(six.__version__)", env={"PYTHONPATH": target})
        harness.equal(answer.strip(), INDEX_PACKAGE.partition("==")[2])


if __name__ == "__main__":
    os.environ["PIP_NO_INPUT"] = "1"
    harness.main()
