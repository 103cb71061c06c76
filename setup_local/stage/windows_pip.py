"""Installs ensurepip's bundled pip into a Windows installation, with programs that find the interpreter next to them.

pip itself would write programs for the machine that it runs on. Windows programs consist of the launcher that is in pip
(distlib's), what it starts, and a script; `<launcher_dir>` is the launcher's name for its own directory.
"""

from __future__ import annotations

import configparser
import io
import zipfile
from pathlib import Path

from setup_local.errors import StageError
from setup_local.stage import files
from setup_local.stage.scripts import record_line

_WHEELS = "Lib/ensurepip/_bundled/pip-*.whl"
_PACKAGES = Path("Lib", "site-packages")
_SCRIPTS = "Scripts"
_ABOVE = "../../"
_START = b"#!<launcher_dir>\\..\\python.exe\r\n"
_SCRIPT = "import sys\nfrom {module} import {function}\nsys.exit({function}())\n"
_INSTALLER = "pip\n"


def install_pip(install: Path, version: str, launcher: str) -> None:
    """Install the bundled pip; `version` is CPython's (`3.13`), `launcher` the file in pip for the processor.

    Raises `StageError`.
    """
    wheel = files.only(install, _WHEELS)
    with zipfile.ZipFile(wheel) as packed:
        members = {name: packed.read(name) for name in packed.namelist() if not name.endswith("/")}
    info = next(name.partition("/")[0] for name in members if name.endswith(".dist-info/RECORD"))
    if launcher not in members:
        raise StageError(f"does not contain {launcher}", where=wheel)
    added = {f"{info}/INSTALLER": _INSTALLER.encode(), f"{info}/REQUESTED": b""}
    for name, script in _scripts(members[f"{info}/entry_points.txt"].decode(), version).items():
        added[f"{_ABOVE}{_SCRIPTS}/{name}.exe"] = members[launcher] + _START + _packed(script)
    record = members.pop(f"{info}/RECORD").decode().splitlines()
    lines = [*record[:-1], *(record_line(name, data) for name, data in added.items()), record[-1]]
    for name, data in {**members, **added, f"{info}/RECORD": "".join(f"{line}\n" for line in lines).encode()}.items():
        files.write_bytes(install / _place(name), data, executable=name.startswith(_ABOVE))


def _place(name: str) -> Path:
    """Return the path of a file in the record, which has paths relative to `site-packages`."""
    return Path(name.removeprefix(_ABOVE)) if name.startswith(_ABOVE) else _PACKAGES / name


def _scripts(entry_points: str, version: str) -> dict[str, str]:
    """Return pip's programs by name, each as its script; one has the version of Python in its name."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read_string(entry_points)
    scripts = {}
    for name, target in parser["console_scripts"].items():
        module, _, function = target.partition(":")
        scripts[name] = _SCRIPT.format(module=module.strip(), function=function.strip())
    return {**scripts, f"pip{version}": scripts["pip"]}


def _packed(script: str) -> bytes:
    """Return a script as the archive that a launcher passes to the interpreter: the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(zipfile.ZipInfo("__main__.py"), script)
    return buffer.getvalue()
