"""Prints, as one JSON object, every path that this installation reports; `test_moved.py` checks them.

    python3 places.py INTERPRETER_ARGUMENTS...

Nothing is checked here. Programs run in a different directory than the caller's; an answer of a program consists of
its output and exit status. The arguments start the interpreter again in the same way.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

BASE = Path(sys.base_prefix)
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
OTHER_DIRECTORY = "/"
MAKE_VARIABLES = ("prefix", "exec_prefix", "LIBDIR", "INCLUDEPY", "LIBPL", "BINDIR")
CONFIG_QUESTIONS = ("--prefix", "--configdir", "--includes", "--cflags", "--ldflags", "--libs")
NAMES = ("isolated", "ignore_environment", "no_site")
RESTARTED = f"""
import json, sys
flags = [name for name in {NAMES} if getattr(sys.flags, name)]
print(json.dumps([sys.prefix, sys.base_prefix, flags]))
"""
OPTIONS = (("-I",), ("-S",), ("-E",), ("-I", "-S", "-E"))


def told(*argv: str, cwd: str = OTHER_DIRECTORY) -> dict[str, Any]:
    """Run a program; return its exit status and output."""
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
        cwd=cwd,
    )
    return {"status": done.returncode, "said": os.fsdecode(done.stdout).rstrip("\n")}


def interpreter() -> dict[str, Any]:
    """Return the values of `sys` and `site`."""
    names = ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix", "executable", "_base_executable")
    return {
        **{name: getattr(sys, name) for name in names},
        "path": [entry for entry in sys.path if entry != str(Path(__file__).parent)],
        "library": str(Path(os.__file__).parent),
        "site_packages": site.getsitepackages(),
        "abi_flags": sys.abiflags,
    }


def configuration() -> dict[str, Any]:
    """Return the values of `sysconfig`, and its data as other programs import them."""
    name = os.path.splitext(next(BASE.glob(f"lib/python{VERSION}*/_sysconfigdata*.py")).name)[0]
    return {
        "paths": sysconfig.get_paths(),
        "variables": sysconfig.get_config_vars(),
        "data": importlib.import_module(name).build_time_vars,
        "makefile": sysconfig.get_makefile_filename(),
        "header": sysconfig.get_config_h_filename(),
    }


def programs() -> dict[str, Any]:
    """Run the installation's own programs."""
    directory = BASE / "bin"
    questions = {"pip3": "--version", "idle3": "-h", "pydoc3": "math.sin"}
    return {
        name: told(str(directory / name), option) for name, option in questions.items() if (directory / name).exists()
    }


def compiler_flags() -> dict[str, Any]:
    """Query `python3-config`, pkg-config and the installed Makefile."""
    config = str(BASE / "bin" / f"python{VERSION}-config")
    answers = {option: told(config, option) for option in CONFIG_QUESTIONS}
    answers["embed"] = told(config, "--embed", "--ldflags")
    if shutil.which("pkg-config"):
        os.environ["PKG_CONFIG_LIBDIR"] = str(BASE / "lib" / "pkgconfig")
        for name in (f"python-{VERSION}", f"python-{VERSION}-embed"):
            answers[name] = told("pkg-config", "--static", "--cflags", "--libs", name)
    if shutil.which("make"):
        show = "places: ; @:" + "".join(f"$(info $({name}))" for name in MAKE_VARIABLES)
        path = sysconfig.get_makefile_filename()
        answers["make"] = told("make", "-f", path, f"--eval={show}", "places")
    return answers


def restarted(arguments: list[str]) -> dict[str, Any]:
    """Start the interpreter again: with options, and by a relative name in its own directory."""
    answers = {" ".join(options): told(*arguments, *options, "-c", RESTARTED) for options in OPTIONS}
    answers["-m ensurepip"] = told(*arguments, "-m", "ensurepip", "--version")
    answers["relative name"] = told("./python3", "-c", RESTARTED, cwd=os.path.join(sys.prefix, "bin"))
    return answers


def scripts_of_tcl() -> Any:
    """Return device and inode of the first file that Tcl reads; Tcl's encoding of the name can differ."""
    try:
        import tkinter as tk
    except (UnicodeError, ImportError) as error:
        return str(error)
    try:
        interpreter = tk.Tcl()
        interpreter.eval("file stat [file join [info library] init.tcl] found")
        return [int(interpreter.eval(f"set found({name})")) for name in ("dev", "ino")]
    except (UnicodeError, tk.TclError) as error:
        return str(error)


def build_details() -> Any:
    """Return the static description of the build (PEP 739), if there is one."""
    path = Path(os.__file__).with_name("build-details.json")
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def main() -> None:
    """Print all answers; only ASCII, so that the locale does not matter."""
    os.chdir(tempfile.gettempdir())
    answers = {
        "interpreter": interpreter(),
        "configuration": configuration(),
        "programs": programs(),
        "flags": compiler_flags(),
        "restarted": restarted(sys.argv[1:]),
        "tcl": scripts_of_tcl(),
        "build_details": build_details(),
    }
    sys.stdout.write(json.dumps(answers, default=str))


if __name__ == "__main__":
    main()
