"""Runs commands of this project from Windows, in the Windows Subsystem for Linux (WSL), where builds have make and perl.

Only the standard library is used, because nothing else is installed there. `wsl.exe`, `wslpath` and WSLENV are described in
Microsoft's documentation, "Basic commands for WSL" and "Working across Windows and Linux file systems".
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PureWindowsPath

_PROGRAM = "wsl.exe"
_DISTRIBUTIONS = r"Software\Microsoft\Windows\CurrentVersion\Lxss"
_DEFAULT = "DefaultDistribution"
# Variables of Windows that commands get.
PASSED = (
    "SETUP_LOCAL_CACHE",
    "SETUP_LOCAL_INDEX",
    "SETUP_LOCAL_LOCKED",
    "SETUP_LOCAL_MIRROR",
    "SETUP_LOCAL_SNAPSHOT",
    "NO_COLOR",
    "CI",
)
_INSTALL = "run `wsl --install`, restart Windows, and start again"
_PREPARE = "in Debian and Ubuntu: `wsl sudo apt-get install python3-venv make perl`"


class WslError(Exception):
    """WSL cannot run the command; the message says what to do."""


def run_in_wsl(script: Path, argv: Iterable[str]) -> int:
    """Run a Python script of the checkout with arguments in the default distribution of WSL; return its exit status.

    Windows paths among the arguments are translated. Raises `WslError`.
    """
    if not _has_distribution() or shutil.which(_PROGRAM) is None:
        raise WslError(
            f"builds on Windows run in the Windows Subsystem for Linux, which has no distribution: {_INSTALL}"
        )
    if _status(["python3", "--version"], quiet=True):
        raise WslError(f"the default distribution of the Windows Subsystem for Linux does not run python3: {_PREPARE}")
    return _status(["python3", _translated(str(script)), *linux_words(argv, _translated)])


def linux_words(argv: Iterable[str], translate: Callable[[str], str]) -> list[str]:
    """Return arguments as Linux reads them: absolute Windows paths translated, others with slashes."""
    return [_linux_word(word, translate) for word in argv]


def _linux_word(word: str, translate: Callable[[str], str]) -> str:
    """Return one argument, which is a path, `--option=path`, or something else without backslashes."""
    option, sign, value = word.partition("=")
    if not sign or not option.startswith("--"):
        option, sign, value = "", "", word
    return option + sign + (translate(value) if _is_absolute(value) else value.replace("\\", "/"))


def _is_absolute(value: str) -> bool:
    """Return whether a text is an absolute Windows path."""
    path = PureWindowsPath(value)
    return bool(path.drive) and path.is_absolute()


def passed_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of `wsl.exe`: WSLENV names the variables that Linux programs also get, with /p for paths."""
    named = [name for name in environ.get("WSLENV", "").split(":") if name]
    ours = [f"{name}/p" if _is_absolute(environ[name]) else name for name in PASSED if name in environ]
    return {**environ, "WSLENV": ":".join(dict.fromkeys((*named, *ours))), "WSL_UTF8": "1"}


def _has_distribution() -> bool:
    """Return whether a distribution is installed; without one, `wsl.exe` would ask on the console."""
    if sys.platform != "win32":
        return False
    import winreg  # noqa: PLC0415 (only Windows has it)

    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _DISTRIBUTIONS) as key:
            winreg.QueryValueEx(key, _DEFAULT)
    except OSError:
        return False
    return True


def _translated(path: str) -> str:
    """Return the path by which Linux programs see an absolute Windows path. Raises `WslError`."""
    done = subprocess.run(
        [_PROGRAM, "--exec", "wslpath", "-u", PureWindowsPath(path).as_posix()],
        env=passed_environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise WslError(f"{path} cannot be reached from the Windows Subsystem for Linux: {done.stderr.strip()}")
    return done.stdout.removesuffix("\n")


def _status(words: list[str], *, quiet: bool = False) -> int:
    """Run a Linux program to its end, also when Ctrl+C is pressed, which the console sends to that program as well."""
    output = subprocess.DEVNULL if quiet else None
    environment = passed_environment(os.environ)
    with subprocess.Popen([_PROGRAM, "--exec", *words], env=environment, stdout=output, stderr=output) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
