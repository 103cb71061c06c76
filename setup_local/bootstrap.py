"""Sets up the project's own environment with only the standard library, and re-executes the program in it.

The environment is the directory `.venv` in the checkout: exactly the packages of
`requirements/runtime.txt`, verified by their hashes. A stamp inside records the requirements it was made for, so
a second start only compares one hash.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from setup_local.wsl import WslError, run_in_wsl

ROOT = Path(__file__).resolve().parent.parent
MINIMUM = (3, 11)
_HOST_ERROR = 12


def main(argv: list[str]) -> NoReturn:
    """Run `setup-local ARGV` in the project's environment, which is created first if it is missing; from Windows, in WSL."""
    if sys.version_info < MINIMUM:
        _fail("Python {}.{} or newer is required, this is {}.{}".format(*MINIMUM, *sys.version_info[:2]))
    if sys.platform == "win32":
        _run_in_wsl(argv)
    python = ensure_environment(ROOT / ".venv", ROOT / "requirements" / "runtime.txt")
    os.execv(python, [str(python), "-P", "-m", "setup_local", *argv])  # noqa: S606 (replaces this process)


def _run_in_wsl(argv: list[str]) -> NoReturn:
    try:
        sys.exit(run_in_wsl(ROOT / "setup-local", argv))
    except WslError as error:
        _fail(str(error))


def ensure_environment(environment: Path, requirements: Path) -> Path:
    """Return the environment's interpreter; create or refresh the environment if its stamp does not match."""
    import fcntl  # noqa: PLC0415 (Windows has none)

    python, stamp = environment / "bin" / "python", environment / f"{requirements.stem}.stamp"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    try:
        if _read(stamp) == wanted and python.exists():
            return python
        with environment.with_name(f"{environment.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _read(stamp) != wanted or not python.exists():
                _say(f"setting up the environment {environment} with the packages of {requirements.name}")
                _install(environment, python, requirements)
                stamp.write_text(wanted, encoding="ascii")
    except OSError as error:
        _fail(f"{environment} cannot be used: {error.strerror}")
    return python


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text(encoding="ascii")
    except OSError:
        return ""


def _install(environment: Path, python: Path, requirements: Path) -> None:
    if subprocess.run([sys.executable, "-m", "venv", environment], check=False).returncode:
        _fail("python3 -m venv failed: install the package python3-venv (Debian, Ubuntu) and start again")
    pip: list[str | Path] = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    pip += ["--require-hashes", "--only-binary=:all:", "--requirement", requirements]
    if subprocess.run(pip, check=False, stdout=sys.stderr).returncode:
        _fail("pip could not install the packages: see its message above, then start again")
    packages = next((environment / "lib").glob("python3.*/site-packages"))
    (packages / "setup_local.pth").write_text(f"{ROOT}\n", encoding="utf-8")


def _say(message: str) -> None:
    sys.stderr.write(f"setup-local: {message}\n")


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"setup-local: error: {message}\n")
    sys.exit(_HOST_ERROR)
