"""Wheels from the Python package index, through pip exactly as the user has configured it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from setup_local.catalog.sources import Form, PypiPlace
from setup_local.fetch.attempt import Attempt, PlaceFailed
from setup_local.run import CommandFailed, run

_QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_PROGRESS_BAR": "off"}


def pypi_attempts(form: Form, environ: Mapping[str, str]) -> Iterator[Attempt]:
    """Yield the attempt to get a wheel through pip."""
    if form.pypi is not None:
        where = f"pip download {form.pypi.project}=={form.pypi.version}"
        yield Attempt(where=where, download=partial(_download, form, form.pypi, environ))


def _download(form: Form, place: PypiPlace, environ: Mapping[str, str], directory: Path) -> Path:
    requirement = directory / "requirement.txt"
    requirement.write_text(f"{place.project}=={place.version} --hash=sha256:{form.sha256}\n", encoding="utf-8")
    command = [*_pip(environ), "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--require-hashes"]
    if place.platform:
        command += ["--platform", place.platform]
    command += ["--dest", str(directory), "--requirement", str(requirement)]
    try:
        run(command, env={**environ, **_QUIET}, cwd=directory)
    except CommandFailed as error:
        raise PlaceFailed(_reason(error.output) or str(error)) from error
    wheels = list(directory.glob("*.whl"))
    if len(wheels) != 1:
        raise PlaceFailed("pip wrote no wheel")
    return wheels[0]


def _pip(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the first pip that is there: our interpreter's, else one on the path."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        program = shutil.which(name, path=environ.get("PATH"))
        if program:
            return [program]
    raise PlaceFailed("there is no pip")


def _reason(output: str) -> str:
    """Return the last line of pip's output that is an error."""
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    return errors[-1].removeprefix("ERROR:").strip() if errors else ""
