"""A stand-in for WSL, for the Windows interpreter: `stand_in_wsl.py SCRIPT ARGUMENT...` runs a script where `wsl.exe` exists.

That program translates paths as if Linux had them below /mnt, refuses drives other than C and Z, and ends with status 7 instead of
running a command. Prints the script's exit status and every command line that `wsl.exe` got, as JSON.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import winreg
import zipfile
from pathlib import Path

from pip._vendor import distlib

DISTRIBUTIONS = r"Software\Microsoft\Windows\CurrentVersion\Lxss"
LOG = "STAND_IN_WSL_LOG"
LAUNCHERS = {"win-amd64": "t64.exe", "win32": "t32.exe"}


def program(script: str, launcher: bytes) -> bytes:
    """Return a program that runs a script with this interpreter, as pip installs them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__main__.py", script)
    return launcher + f'#!"{sys.executable}"\r\n'.encode() + packed.getvalue()


def answer(words: list[str]) -> int:
    """Do what `wsl.exe` does with its arguments."""
    asked = {"words": words, "WSLENV": os.environ["WSLENV"]}
    with open(os.environ[LOG], "a", encoding="utf-8") as log:
        log.write(json.dumps(asked) + "\n")
    match words:
        case ["--exec", "python3", "--version"]:
            return 0
        case ["--exec", "wslpath", "-u", path]:
            drive, _, rest = path.partition(":")
            print(f"/mnt/{drive.lower()}{rest}", end="\n" if drive in "CZ" else "")
            return 0 if drive in "CZ" else 1
    return 7


def run(words: list[str]) -> None:
    """Run a script on a machine that seems to have a distribution of Linux."""
    launcher = Path(distlib.__file__).with_name(LAUNCHERS[sysconfig.get_platform()]).read_bytes()
    with tempfile.TemporaryDirectory() as place:
        source = Path(__file__).read_text(encoding="utf-8")
        Path(place, "wsl.exe").write_bytes(program(source, launcher))
        log = Path(place, "log")
        environment = {**os.environ, "PATH": f"{place};{os.environ['PATH']}", LOG: str(log), "SETUP_LOCAL_CACHE": "Z:\\cache"}
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, DISTRIBUTIONS) as key:
            winreg.SetValueEx(key, "DefaultDistribution", 0, winreg.REG_SZ, "{0}")
        try:
            status = subprocess.run([sys.executable, *words], env=environment, check=False).returncode
        finally:
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, DISTRIBUTIONS)
        asked = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    print(json.dumps({"status": status, "asked": asked}))


if __name__ == "__main__":
    if LOG in os.environ:
        sys.exit(answer(sys.argv[1:]))
    run(sys.argv[1:])
