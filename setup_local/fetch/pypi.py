"""Wheels from the Python package index, through pip exactly as the user has configured it.

Only wheels: pip would run the code of a source distribution, just to learn its name.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from setup_local.catalog.sources import ArchiveKind, Form, PypiPlace
from setup_local.fetch.attempt import Attempt, PlaceFailed
from setup_local.run import CommandFailed, run

_QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_PROGRESS_BAR": "off"}

_PLACES = ("index-url", "find-links")  # also covers `extra-index-url`


def pypi_attempts(form: Form, environ: Mapping[str, str]) -> Iterator[Attempt]:
    """Yield the attempt to get a wheel through pip."""
    if form.pypi is not None and form.kind is ArchiveKind.WHEEL:
        where = f"pip download {form.pypi.project}=={form.pypi.version}"
        yield Attempt(where=where, download=partial(_download, form, form.pypi, environ))


def _download(form: Form, place: PypiPlace, environ: Mapping[str, str], directory: Path) -> Path:
    requirement = directory / "requirement.txt"
    requirement.write_text(f"{place.project}=={place.version} --hash=sha256:{form.sha256}\n", encoding="utf-8")
    command = [*_pip(environ), "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--require-hashes"]
    if place.platform:
        command += ["--platform", place.platform]
    command += ["--dest", str(directory), "--requirement", str(requirement)]
    _run(command, environ, directory)
    wheels = list(directory.glob("*.whl"))
    if len(wheels) != 1:
        raise PlaceFailed("pip wrote no wheel")
    return wheels[0]


def newest(form: Form, versions: str, environ: Mapping[str, str]) -> tuple[str, Form]:
    """Return the newest release of a pinned wheel's project that a PEP 440 specifier admits, and its form.

    Its hash comes from the index, which only TLS vouches for. Raises `PlaceFailed` for an index or a file without it.
    """
    place = form.pypi
    if place is None:
        raise PlaceFailed("the source does not exist")
    _refuse_without_tls(environ)
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.json"
        command = [*_pip(environ), "install", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary=:all:"]
        if place.platform:
            command += ["--platform", place.platform, "--target", str(Path(name) / "nothing")]
        _run([*command, "--report", str(report), f"{place.project}{versions}"], environ, Path(name))
        text = report.read_text(encoding="utf-8")
    return described(form, place, text)


def described(form: Form, place: PypiPlace, report: str) -> tuple[str, Form]:
    """Return version and form of the one wheel in pip's installation report; raise `PlaceFailed` if nothing vouches."""
    (item,) = json.loads(report)["install"]
    url = urllib.parse.urlsplit(item["download_info"]["url"])
    sha256 = item["download_info"]["archive_info"].get("hashes", {}).get("sha256", "")
    file = urllib.parse.unquote(url.path).rpartition("/")[2]
    if url.scheme != "https" or not sha256:
        raise PlaceFailed(f"{file} has no hash received over TLS")
    version = str(item["metadata"]["version"])
    found = replace(place, version=version)
    fresh = replace(form, file=file, sha256=sha256, size=0, urls=(), apt=None, pypi=found, verified=True)
    return version, replace(fresh, signature=None, sigstore=None)


def _refuse_without_tls(environ: Mapping[str, str]) -> None:
    """Raise `PlaceFailed` if pip is configured to trust a server without verification."""
    for line in _run([*_pip(environ), "config", "list"], environ, Path.cwd()).splitlines():
        name, _, value = line.partition("=")
        if name.endswith(".trusted-host") or (name.endswith(_PLACES) and "http://" in value):
            raise PlaceFailed(f"pip is configured not to use TLS ({name})")


def _run(command: list[str], environ: Mapping[str, str], directory: Path) -> str:
    try:
        return run(command, env={**environ, **_QUIET}, cwd=directory).stdout
    except CommandFailed as error:
        raise PlaceFailed(_reason(error.output) or str(error)) from error


def _pip(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the first available pip: our interpreter's, else one on the path."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        program = shutil.which(name, path=environ.get("PATH"))
        if program:
            return [program]
    raise PlaceFailed("pip is missing")


def _reason(output: str) -> str:
    """Return the last error line of pip's output."""
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    return errors[-1].removeprefix("ERROR:").strip() if errors else ""
